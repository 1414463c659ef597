//! What the engine says is wrong, read from any of the shapes its versions use, and told in the caller's dialect.

use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;
use worv_core::{id::RequestId, usage::Outcome};

use crate::{dialect::Dialect, error::ApiError};

/// Longest text of the engine's that is repeated to a caller, in characters.
const MAX_MESSAGE_CHARS: usize = 4_000;

/// An error of the engine's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EngineComplaint {
    status: StatusCode,
    message: String,
    /// The body as it came, if it has OpenAI's shape.
    openai_body: Option<Bytes>,
}

impl EngineComplaint {
    /// An answer that is not a success.
    pub(crate) fn in_answer(status: StatusCode, body: &Bytes) -> Self {
        let value: Value = serde_json::from_slice(body).unwrap_or_default();
        let openai_body = value["error"]["message"].is_string().then(|| body.clone());
        Self {
            status,
            message: message(&value),
            openai_body,
        }
    }

    /// An error event of a stream, whose status has to be told from its code or type.
    pub(crate) fn in_stream(data: &[u8]) -> Self {
        let value: Value = serde_json::from_slice(data).unwrap_or_default();
        let code = value["error"]["code"]
            .as_u64()
            .and_then(|code| u16::try_from(code).ok());
        let status = code.and_then(|code| StatusCode::from_u16(code).ok());
        let status = status.unwrap_or_else(|| status_of_type(value["error"]["type"].as_str().unwrap_or_default()));
        Self {
            status,
            message: message(&value),
            openai_body: None,
        }
    }

    /// How the request ended. That the engine does not accept the gateway is nothing the caller did.
    pub(crate) fn outcome(&self) -> Outcome {
        if self.status.is_client_error() && !self.refuses_gateway() {
            Outcome::RefusedByEngine
        } else {
            Outcome::EngineFailed
        }
    }

    /// The same complaint as an error of ours.
    pub(crate) fn into_error(self) -> ApiError {
        if self.refuses_gateway() {
            tracing::error!(
                status = self.status.as_u16(),
                "the engine refuses the gateway's API key"
            );
            return ApiError::unavailable("engine_unavailable", "The model is not available at the moment.");
        }
        if !self.status.is_client_error() && !self.status.is_server_error() {
            tracing::error!(
                status = self.status.as_u16(),
                "the engine answered with an unexpected status"
            );
            return ApiError::engine_broke_off();
        }
        ApiError::new(self.status, self.message)
    }

    /// The answer to the caller. What has OpenAI's shape already passes as it is to those who read that.
    pub(crate) fn into_response(self, dialect: Dialect, request_id: RequestId) -> Response {
        let body = self
            .openai_body
            .clone()
            .filter(|_| dialect == Dialect::OpenAi && self.status.is_client_error());
        let passes = body.filter(|_| !self.refuses_gateway());
        let mut response = self.into_error().into_response(dialect, request_id);
        if let Some(body) = passes {
            *response.body_mut() = body.into();
        }
        response
    }

    fn refuses_gateway(&self) -> bool {
        matches!(self.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
    }
}

/// The words of `{"error":{"message":…}}`, `{"error":…}` or `{"detail":…}`.
fn message(value: &Value) -> String {
    let candidates = [&value["error"]["message"], &value["error"], &value["detail"]];
    let words = candidates
        .into_iter()
        .find_map(Value::as_str)
        .unwrap_or("The model server reported an error.");
    words.chars().take(MAX_MESSAGE_CHARS).collect()
}

/// The status that belongs to an error's name: vLLM's names up to 0.24, Anthropic's since 0.33.
fn status_of_type(name: &str) -> StatusCode {
    match name {
        "BadRequestError" | "Bad Request" | "invalid_request_error" => StatusCode::BAD_REQUEST,
        "NotFoundError" | "not_found_error" => StatusCode::NOT_FOUND,
        "UnprocessableEntityError" => StatusCode::UNPROCESSABLE_ENTITY,
        "ServiceUnavailableError" | "overloaded_error" => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_of_the_engine_is_understood() {
        let cases = [
            (
                r#"{"error":{"message":"no","type":"NotFoundError","param":"model","code":404}}"#,
                "no",
            ),
            (
                r#"{"type":"error","error":{"type":"internal_error","message":"no"}}"#,
                "no",
            ),
            (r#"{"error":"no"}"#, "no"),
            (r#"{"detail":"no"}"#, "no"),
            ("Internal Server Error", "The model server reported an error."),
        ];
        for (body, expected) in cases {
            let complaint = EngineComplaint::in_answer(StatusCode::NOT_FOUND, &Bytes::from(body));
            assert_eq!(complaint.into_error().message, expected, "{body}");
        }
    }

    #[test]
    fn blame_is_told_from_the_code_or_the_name() {
        let cases = [
            (
                r#"{"error":{"message":"","type":"BadRequestError","code":400}}"#,
                Outcome::RefusedByEngine,
            ),
            (
                r#"{"error":{"message":"","type":"InternalServerError","code":500}}"#,
                Outcome::EngineFailed,
            ),
            (
                r#"{"type":"error","error":{"type":"invalid_request_error","message":""}}"#,
                Outcome::RefusedByEngine,
            ),
            (
                r#"{"type":"error","error":{"type":"internal_error","message":""}}"#,
                Outcome::EngineFailed,
            ),
            (r#"{"error":"Unauthorized"}"#, Outcome::EngineFailed),
        ];
        for (data, expected) in cases {
            assert_eq!(
                EngineComplaint::in_stream(data.as_bytes()).outcome(),
                expected,
                "{data}"
            );
        }
    }

    #[test]
    fn a_key_that_the_engine_refuses_is_no_fault_of_the_callers() {
        let complaint =
            EngineComplaint::in_answer(StatusCode::UNAUTHORIZED, &Bytes::from(r#"{"error":"Unauthorized"}"#));
        assert_eq!(complaint.outcome(), Outcome::EngineFailed);
        assert_eq!(complaint.into_error().status, StatusCode::SERVICE_UNAVAILABLE);
    }
}
