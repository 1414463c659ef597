//! Refusals and failures, in the shape that the caller's SDK reads.
//!
//! OpenAI: `{"error":{"message","type","param","code"}}`. Anthropic: `{"type":"error","error":{"type","message"},"request_id"}`.

use std::{borrow::Cow, time::Duration};

use axum::response::Response;
use bytes::Bytes;
use http::{
    HeaderValue, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER},
};
use serde::Serialize;
use worv_core::id::RequestId;

use crate::{
    account::{Exhausted, Limit},
    answer::{Answer, AnswerBody},
    dialect::Dialect,
    fields::Fields,
    headers,
    queue::NoRoom,
};

/// Fields that an error hardly ever goes beyond, with what is left of the key's limits.
const USUAL_FIELDS: usize = 12;

/// Seconds after which a caller is asked to try again when the engine or the database is away.
const RETRY_SECONDS: u32 = 5;

/// OpenAI's name for a budget that is used up, which trying again does not cure.
const INSUFFICIENT_QUOTA: &str = "insufficient_quota";

/// Most of a caller's own text that is repeated to it, in characters.
const MAX_NAME_CHARS: usize = 200;

/// An answer that is not what the caller asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) message: Cow<'static, str>,
    /// OpenAI's short name for programs.
    pub(crate) code: Option<&'static str>,
    /// The field at fault, in OpenAI's dialect.
    pub(crate) param: Option<&'static str>,
    /// Seconds after which the same request may succeed.
    pub(crate) retry_after: Option<u32>,
}

#[derive(Serialize)]
struct OpenAiBody<'a> {
    error: OpenAiError<'a>,
}

#[derive(Serialize)]
struct OpenAiError<'a> {
    message: &'a str,
    r#type: &'static str,
    param: Option<&'static str>,
    code: Option<&'static str>,
}

#[derive(Serialize)]
struct AnthropicBody<'a> {
    r#type: &'static str,
    error: AnthropicError<'a>,
    request_id: String,
}

#[derive(Serialize)]
struct AnthropicError<'a> {
    r#type: &'static str,
    message: &'a str,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            message: message.into(),
            code: None,
            param: None,
            retry_after: None,
        }
    }

    /// 400: the request itself is wrong.
    pub(crate) fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// 400: one field of the request is wrong.
    pub(crate) fn invalid_field(param: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            param: Some(param),
            ..Self::invalid(message)
        }
    }

    /// 401, worded alike for every reason, so that nothing can be learnt about keys.
    pub(crate) fn unauthenticated() -> Self {
        Self {
            code: Some("invalid_api_key"),
            ..Self::new(
                StatusCode::UNAUTHORIZED,
                "Missing or invalid API key. Send it as `Authorization: Bearer KEY` or `x-api-key: KEY`.",
            )
        }
    }

    /// 404: the live model does not take sound.
    pub(crate) fn no_audio() -> Self {
        Self::new(StatusCode::NOT_FOUND, "The live model does not take audio.")
    }

    /// 404: no model goes by that name. `live` is none while it is not known.
    pub(crate) fn model_not_found(requested: &str, live: Option<&str>) -> Self {
        let requested: String = requested.chars().take(MAX_NAME_CHARS).collect();
        let hint = match live {
            Some(live) => format!("The live model is `{live}`; `live` always leads to it."),
            None => "No model is live at the moment.".to_owned(),
        };
        Self {
            code: Some("model_not_found"),
            param: Some("model"),
            ..Self::new(
                StatusCode::NOT_FOUND,
                format!("The model `{requested}` does not exist. {hint}"),
            )
        }
    }

    /// 403: the key may not use what is live.
    pub(crate) fn model_not_allowed(live: &str) -> Self {
        Self {
            code: Some("model_not_allowed"),
            param: Some("model"),
            ..Self::new(
                StatusCode::FORBIDDEN,
                format!("This API key may not use the live model, `{live}`."),
            )
        }
    }

    /// 429: a limit of the key's stands against the request.
    pub(crate) fn exhausted(exhausted: Exhausted) -> Self {
        let Exhausted {
            limit,
            of,
            spent,
            retry_after,
            ..
        } = exhausted;
        let may = match limit {
            Limit::RequestsPerMinute => format!("may make {of} requests in a minute"),
            Limit::TokensPerMinute => format!("may use {of} tokens in a minute"),
            Limit::Concurrency => format!("may have {of} requests under way at the same time"),
            Limit::DailyBudget => format!("has a budget of {of} tokens for each day (UTC)"),
            Limit::MonthlyBudget => format!("has a budget of {of} tokens for each month (UTC)"),
        };
        let seconds = whole_seconds(retry_after);
        Self {
            code: Some(if spent {
                INSUFFICIENT_QUOTA
            } else {
                "rate_limit_exceeded"
            }),
            retry_after: Some(seconds),
            ..Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                format!(
                    "This API key {may}, and this request does not fit into what is left. Try again in {seconds} s."
                ),
            )
        }
    }

    /// 503: the request was not let through to the engine.
    pub(crate) fn no_room(no_room: NoRoom) -> Self {
        let (code, message) = if no_room.held {
            ("model_switching", "The model is being switched. Try again later.")
        } else {
            (
                "overloaded",
                "Too many requests are waiting for the model. Try again later.",
            )
        };
        Self {
            retry_after: Some(whole_seconds(no_room.retry_after)),
            ..Self::unavailable(code, message)
        }
    }

    /// 413: the body is longer than `limit` bytes.
    pub(crate) fn body_too_large(limit: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("The request body is larger than {limit} bytes."),
        )
    }

    /// 503: trying again in a few seconds may help.
    pub(crate) fn unavailable(code: &'static str, message: &'static str) -> Self {
        Self {
            code: Some(code),
            retry_after: Some(RETRY_SECONDS),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, message)
        }
    }

    /// 408: the request's sender paused for too long.
    pub(crate) fn body_too_slow() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "The request body did not arrive in time.")
    }

    /// 503: no connection to the engine.
    pub(crate) fn engine_unreachable() -> Self {
        Self::unavailable(
            "engine_unreachable",
            "The model is not available at the moment. Try again in a few seconds.",
        )
    }

    /// 502: the engine broke off. As an event in a stream it says the same.
    pub(crate) fn engine_broke_off() -> Self {
        Self {
            code: Some("engine_failed"),
            ..Self::new(
                StatusCode::BAD_GATEWAY,
                "The model server failed before the answer was complete.",
            )
        }
    }

    /// The whole answer, for routes that do not lead to the engine.
    pub(crate) fn into_response(self, dialect: Dialect, request_id: RequestId) -> Response {
        self.into_answer(dialect, request_id).into_response()
    }

    /// The whole answer.
    pub(crate) fn into_answer(self, dialect: Dialect, request_id: RequestId) -> Answer {
        let body = match dialect {
            Dialect::OpenAi => self.openai_body(),
            Dialect::Anthropic => self.anthropic_body(request_id),
        };
        let mut fields = Fields::with_capacity(USUAL_FIELDS);
        fields.append(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        fields.append(headers::X_REQUEST_ID, headers::request_id_value(request_id));
        if let Some(seconds) = self.retry_after {
            fields.append(RETRY_AFTER, seconds.into());
        }
        if !self.repeating_may_help() {
            fields.append(headers::X_SHOULD_RETRY, HeaderValue::from_static("false"));
        }
        Answer::new(self.status, fields, AnswerBody::whole(body))
    }

    /// The JSON body in OpenAI's shape.
    pub(crate) fn openai_body(&self) -> Bytes {
        let body = OpenAiBody {
            error: OpenAiError {
                message: &self.message,
                r#type: openai_type(self.status, self.code),
                param: self.param,
                code: self.code,
            },
        };
        serde_json::to_vec(&body).unwrap_or_default().into()
    }

    /// The JSON body in Anthropic's shape.
    pub(crate) fn anthropic_body(&self, request_id: RequestId) -> Bytes {
        let body = AnthropicBody {
            r#type: "error",
            error: AnthropicError {
                r#type: anthropic_type(self.status),
                message: &self.message,
            },
            request_id: request_id.to_string(),
        };
        serde_json::to_vec(&body).unwrap_or_default().into()
    }

    /// Time-outs, limits and failures of ours may pass; what is wrong with the request stays wrong.
    fn repeating_may_help(&self) -> bool {
        if self.code == Some(INSUFFICIENT_QUOTA) {
            return false;
        }
        self.status.is_server_error()
            || matches!(self.status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS)
    }
}

/// A wait in whole seconds, which is what `Retry-After` takes; never less than it is.
fn whole_seconds(wait: Duration) -> u32 {
    let seconds = wait.as_millis().div_ceil(1_000).max(1);
    u32::try_from(seconds).unwrap_or(u32::MAX)
}

/// The `type` that OpenAI gives errors of a status.
fn openai_type(status: StatusCode, code: Option<&str>) -> &'static str {
    match status.as_u16() {
        429 if code == Some(INSUFFICIENT_QUOTA) => INSUFFICIENT_QUOTA,
        401 => "authentication_error",
        403 => "permission_error",
        429 => "rate_limit_error",
        400..500 => "invalid_request_error",
        _ => "server_error",
    }
}

/// The `type` that Anthropic gives errors of a status (<https://docs.anthropic.com/en/api/errors>).
fn anthropic_type(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        400..500 => "invalid_request_error",
        504 => "timeout_error",
        529 => "overloaded_error",
        _ => "api_error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use worv_core::{Clock, Entropy, UnixMillis};

    fn request_id() -> RequestId {
        RequestId::new(&Clock::manual(UnixMillis(0)), &Entropy::counted(0))
    }

    #[test]
    fn each_dialect_has_its_own_shape() {
        let error = ApiError::unauthenticated();
        assert_eq!(
            error.openai_body(),
            r#"{"error":{"message":"Missing or invalid API key. Send it as `Authorization: Bearer KEY` or `x-api-key: KEY`.","type":"authentication_error","param":null,"code":"invalid_api_key"}}"#
        );
        assert_eq!(
            error.anthropic_body(request_id()),
            r#"{"type":"error","error":{"type":"authentication_error","message":"Missing or invalid API key. Send it as `Authorization: Bearer KEY` or `x-api-key: KEY`."},"request_id":"req_0000000000NZ6HTYSSN0GE5X35"}"#
        );
    }

    #[test]
    fn only_what_may_pass_is_to_be_repeated() {
        let cases = [
            (ApiError::unauthenticated(), Some("false"), None),
            (ApiError::invalid("x"), Some("false"), None),
            (ApiError::body_too_large(1), Some("false"), None),
            (ApiError::new(StatusCode::REQUEST_TIMEOUT, "x"), None, None),
            (ApiError::engine_unreachable(), None, Some("5")),
            (ApiError::engine_broke_off(), None, None),
        ];
        for (error, should_retry, retry_after) in cases {
            let response = error.clone().into_response(Dialect::Anthropic, request_id());
            let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap());
            assert_eq!(header("x-should-retry"), should_retry, "{error:?}");
            assert_eq!(header("retry-after"), retry_after, "{error:?}");
        }
    }
}
