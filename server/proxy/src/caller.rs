//! Who makes a request, and how that caller is answered: for routes under `/v1` that are served outside of this crate.

use std::sync::Arc;

use axum::response::Response;
use http::{HeaderMap, HeaderValue, StatusCode};
use worv_core::{id::RequestId, key::KeyGrant};

use crate::{
    Gateway, account::Holder, authentication::authenticate, dialect::Dialect, error::ApiError, headers,
    rate_headers::RateHeaders,
};

/// A caller whose key has been accepted.
pub struct Caller {
    holder: Arc<Holder>,
    dialect: Dialect,
    request_id: RequestId,
}

impl Gateway {
    /// Finds out who makes a request to `path`; if the key is not accepted, the answer to send, in the caller's dialect.
    #[expect(clippy::result_large_err, reason = "the error is the answer, which is moved once")]
    pub fn caller(&self, path: &str, headers: &HeaderMap) -> Result<Caller, Response> {
        let dialect = Dialect::guess(path, headers);
        let (request_id, now) = (self.new_request_id(), self.clock.now());
        match authenticate(&headers.into(), &self.keys, now) {
            Ok(holder) => Ok(Caller {
                holder,
                dialect,
                request_id,
            }),
            Err(error) => Err(error.into_error().into_response(dialect, request_id)),
        }
    }
}

impl Caller {
    /// What the caller's key may do.
    pub fn grant(&self) -> &KeyGrant {
        &self.holder.grant
    }

    /// An error in the caller's dialect. `code` is OpenAI's short name for programs. `retry_after` is in seconds.
    pub fn refuse(
        &self,
        status: StatusCode,
        code: Option<&'static str>,
        message: impl Into<String>,
        retry_after: Option<u32>,
    ) -> Response {
        self.error(ApiError {
            code,
            retry_after,
            ..ApiError::new(status, message.into())
        })
    }

    /// Adds to an answer what every answer to a caller has: the request's id, and what is left of the key's limits.
    pub fn answer(&self, gateway: &Gateway, mut response: Response) -> Response {
        let added = response.headers_mut();
        let id: HeaderValue = headers::request_id_value(self.request_id);
        added.insert(headers::X_REQUEST_ID, id);
        if let Some(limits) = RateHeaders::of(self.dialect, &self.holder, gateway.clock.now()) {
            limits.add_to(added);
        }
        response
    }

    pub(crate) fn holder(&self) -> &Holder {
        &self.holder
    }

    pub(crate) fn error(&self, error: ApiError) -> Response {
        error.into_response(self.dialect, self.request_id)
    }
}
