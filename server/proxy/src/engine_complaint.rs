//! What the engine says is wrong, read from any of the shapes its versions use, and told in the caller's dialect.

use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;
use worv_core::{id::RequestId, usage::Outcome};

use crate::{
    answer::{Answer, AnswerBody},
    dialect::Dialect,
    error::ApiError,
    output_budget::{CONTEXT_LENGTH_EXCEEDED, prompt_too_long},
};

/// Longest text of the engine's that is repeated to a caller, in characters.
const MAX_MESSAGE_CHARS: usize = 4_000;

/// An error of the engine's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EngineComplaint {
    status: StatusCode,
    message: String,
    overflow: Option<Overflow>,
    /// The body as it came, if it has OpenAI's shape.
    openai_body: Option<Bytes>,
}

/// A prompt that is too long for the engine's window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Overflow {
    /// Tokens of the prompt, or fewer: some versions stop counting where it no longer fits.
    pub(crate) prompt: u64,
    /// Tokens that it may have beside the answer that was asked for.
    maximum: u64,
}

impl EngineComplaint {
    /// An answer that is not a success.
    pub(crate) fn in_answer(status: StatusCode, body: &Bytes) -> Self {
        let value: Value = serde_json::from_slice(body).unwrap_or_default();
        let openai_body = value["error"]["message"].is_string().then(|| body.clone());
        Self {
            openai_body,
            ..Self::of(status, &value)
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
        Self::of(status, &value)
    }

    fn of(status: StatusCode, value: &Value) -> Self {
        let message = message(value);
        let overflow = overflow_in_words(&message);
        // Up to 0.24 a prompt that is too long is a 500 on `/v1/messages`, which clients would repeat.
        let status = if overflow.is_some() {
            StatusCode::BAD_REQUEST
        } else {
            status
        };
        Self {
            status,
            message,
            overflow,
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

    /// The same complaint as an error of ours, in words that the dialect's clients act on.
    pub(crate) fn into_error(self, dialect: Dialect) -> ApiError {
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
        match self.overflow {
            Some(Overflow { prompt, maximum }) if dialect == Dialect::Anthropic => prompt_too_long(prompt, maximum),
            Some(_) => ApiError {
                code: Some(CONTEXT_LENGTH_EXCEEDED),
                ..ApiError::invalid(self.message)
            },
            _ if self.status == StatusCode::SERVICE_UNAVAILABLE => ApiError {
                message: self.message.into(),
                ..ApiError::unavailable("engine_unavailable", "")
            },
            _ => ApiError::new(self.status, self.message),
        }
    }

    /// The answer to the caller. What has OpenAI's shape already passes as it is to those who read that, but for a prompt
    /// that is too long: its code is not the engine's.
    pub(crate) fn into_answer(self, dialect: Dialect, request_id: RequestId) -> Answer {
        let body = self
            .openai_body
            .clone()
            .filter(|_| dialect == Dialect::OpenAi && self.status.is_client_error() && self.overflow.is_none());
        let passes = body.filter(|_| !self.refuses_gateway());
        let mut answer = self.into_error(dialect).into_answer(dialect, request_id);
        if let Some(body) = passes {
            answer.body = AnswerBody::whole(body);
        }
        answer
    }

    fn refuses_gateway(&self) -> bool {
        matches!(self.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
    }
}

/// Reads the overflow from an error body, which every version words as `This model's maximum context length is WINDOW
/// tokens. However, you requested OUTPUT output tokens and your prompt contains [at least ]PROMPT input tokens`.
pub(crate) fn overflow_in(body: &[u8]) -> Option<Overflow> {
    let value: Value = serde_json::from_slice(body).ok()?;
    overflow_in_words(&message(&value))
}

fn overflow_in_words(words: &str) -> Option<Overflow> {
    let number_after = |start: &str| {
        let rest = words.split_once(start)?.1.trim_start_matches("at least ");
        let digits = rest.split(|letter: char| !letter.is_ascii_digit()).next()?;
        digits.parse().ok()
    };
    let window: u64 = number_after("maximum context length is ")?;
    Some(Overflow {
        prompt: number_after("your prompt contains ")?,
        maximum: window.saturating_sub(number_after("you requested ").unwrap_or(0)),
    })
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
            assert_eq!(complaint.into_error(Dialect::Anthropic).message, expected, "{body}");
        }
    }

    #[test]
    fn an_overflow_is_the_callers_to_cure_and_said_so_that_clients_do() {
        let words = "This model's maximum context length is 4096 tokens. However, you requested 16 output tokens and your prompt contains at least 4081 input tokens, for a total of at least 4097 tokens.";
        let body = format!(r#"{{"type":"error","error":{{"type":"internal_error","message":"{words}"}}}}"#);
        let complaint = EngineComplaint::in_answer(StatusCode::INTERNAL_SERVER_ERROR, &Bytes::from(body));
        assert_eq!(complaint.outcome(), Outcome::RefusedByEngine);
        let error = complaint.into_error(Dialect::Anthropic);
        assert_eq!(error.status, StatusCode::BAD_REQUEST);
        assert_eq!(error.message, "prompt is too long: 4081 tokens > 4080 maximum");
    }

    #[test]
    fn an_overflow_has_the_code_that_openai_clients_act_on() {
        let words = "This model's maximum context length is 4096 tokens. However, you requested 16 output tokens and your prompt contains at least 4081 input tokens.";
        let body = format!(
            r#"{{"error":{{"message":"{words}","type":"BadRequestError","param":"input_tokens","code":400}}}}"#
        );
        let complaint = EngineComplaint::in_answer(StatusCode::BAD_REQUEST, &Bytes::from(body));
        let error = complaint.into_error(Dialect::OpenAi);
        assert_eq!((error.code, &*error.message), (Some("context_length_exceeded"), words));
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
        assert_eq!(
            complaint.into_error(Dialect::Anthropic).status,
            StatusCode::SERVICE_UNAVAILABLE
        );
    }
}
