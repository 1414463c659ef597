//! Errors as vLLM words them, in the OpenAI and the Anthropic shape.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::quirks::Quirks;

/// An error before it has a shape.
#[derive(Clone, Debug)]
pub(super) struct ApiError {
    pub status: StatusCode,
    pub message: String,
    /// The field it is about.
    pub param: Option<String>,
    /// Raised while the body was read: vLLM answers those in the OpenAI shape on every route.
    while_reading: bool,
    /// A name that is not the status's own.
    kind: Option<&'static str>,
}

/// `{"error": {"message", "type", "param", "code"}}`.
#[derive(Serialize)]
pub(super) struct OpenAiError<'a> {
    error: OpenAiErrorBody<'a>,
}

#[derive(Serialize)]
struct OpenAiErrorBody<'a> {
    message: &'a str,
    r#type: &'a str,
    param: Option<&'a str>,
    code: u16,
}

/// `{"type": "error", "error": {"type", "message"}}`.
#[derive(Serialize)]
pub(super) struct AnthropicError<'a> {
    r#type: &'static str,
    error: AnthropicErrorBody<'a>,
}

#[derive(Serialize)]
struct AnthropicErrorBody<'a> {
    r#type: &'static str,
    message: &'a str,
}

impl ApiError {
    /// 400 with the name of a parameter.
    pub(super) fn bad_request(message: impl Into<String>, param: Option<&str>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message, param)
    }

    /// 400 from reading the body.
    pub(super) fn unreadable(message: String, param: Option<&str>) -> Self {
        Self {
            while_reading: true,
            ..Self::bad_request(message, param)
        }
    }

    /// 404 for a model that is not served.
    pub(super) fn unknown_model(asked: &str, served: &str, quirks: Quirks) -> Self {
        let aliases = if quirks.names_aliases {
            format!(" Valid aliases: {served}.")
        } else {
            String::new()
        };
        let message = format!("The model `{asked}` does not exist.{aliases}");
        Self::new(StatusCode::NOT_FOUND, message, Some("model"))
    }

    /// 404 for a stored response: nothing is stored.
    pub(super) fn unknown_response(id: &str) -> Self {
        let message = format!("Response with id '{id}' not found.");
        Self {
            kind: Some("invalid_request_error"),
            ..Self::new(StatusCode::NOT_FOUND, message, Some("response_id"))
        }
    }

    /// 500 after the engine failed.
    pub(super) fn engine_failed() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error", None)
    }

    /// A status that a test asked for.
    pub(super) fn refusal(status: u16) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self::new(status, status.canonical_reason().unwrap_or_default(), None)
    }

    /// The same error as vLLM up to 0.24 gives it on `/v1/messages`, where whatever is raised becomes a 500.
    #[must_use]
    pub(super) fn masked(self) -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            kind: Some("internal_error"),
            ..self
        }
    }

    fn new(status: StatusCode, message: impl Into<String>, param: Option<&str>) -> Self {
        Self {
            status,
            message: message.into(),
            param: param.map(str::to_owned),
            while_reading: false,
            kind: None,
        }
    }

    /// The body in the OpenAI shape.
    pub(super) fn openai(&self) -> OpenAiError<'_> {
        let kind = self.kind.unwrap_or_else(|| self.vllm_kind());
        OpenAiError {
            error: OpenAiErrorBody {
                message: &self.message,
                r#type: if self.while_reading { "Bad Request" } else { kind },
                param: self.param.as_deref(),
                code: self.status.as_u16(),
            },
        }
    }

    /// The body in the Anthropic shape.
    pub(super) fn anthropic(&self, quirks: Quirks) -> AnthropicError<'_> {
        let own = if quirks.anthropic_error_types {
            self.anthropic_kind()
        } else {
            self.vllm_kind()
        };
        AnthropicError {
            r#type: "error",
            error: AnthropicErrorBody {
                r#type: self.kind.unwrap_or(own),
                message: &self.message,
            },
        }
    }

    /// The whole answer in the OpenAI shape.
    pub(super) fn openai_response(&self) -> Response {
        (self.status, Json(self.openai())).into_response()
    }

    /// The whole answer on a route of Anthropic's.
    pub(super) fn anthropic_response(&self, quirks: Quirks) -> Response {
        if self.while_reading {
            return self.openai_response();
        }
        (self.status, Json(self.anthropic(quirks))).into_response()
    }

    fn vllm_kind(&self) -> &'static str {
        match self.status.as_u16() {
            401 | 403 => "AuthenticationError",
            404 => "NotFoundError",
            422 => "UnprocessableEntityError",
            429 => "RateLimitError",
            400..=499 => "BadRequestError",
            501 => "NotImplementedError",
            503 => "ServiceUnavailableError",
            _ => "InternalServerError",
        }
    }

    fn anthropic_kind(&self) -> &'static str {
        match self.status.as_u16() {
            401 => "authentication_error",
            403 => "permission_error",
            404 => "not_found_error",
            413 => "request_too_large",
            429 => "rate_limit_error",
            400..=499 => "invalid_request_error",
            503 | 529 => "overloaded_error",
            _ => "api_error",
        }
    }
}
