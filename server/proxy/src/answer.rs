//! An answer on its way to the caller, whatever the caller's connection speaks.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use http_body::{Body, Frame, SizeHint};

use crate::{engine::EngineBody, fields::Fields, rate_headers::RateHeaders, relay::Relay};

/// Its head, and where the rest comes from.
pub(crate) struct Answer {
    pub(crate) head: AnswerHead,
    pub(crate) body: AnswerBody,
}

/// What comes first of an answer.
pub(crate) struct AnswerHead {
    pub(crate) status: StatusCode,
    pub(crate) fields: Fields,
    /// What is left of the key's limits, to be told behind the fields.
    pub(crate) limits: Option<RateHeaders>,
}

/// The body of an answer.
pub(crate) enum AnswerBody {
    /// All of it; empty once it has been given away.
    Whole(Bytes),
    /// What the engine says as it says it.
    Stream(Box<Relay<EngineBody>>),
}

impl Answer {
    pub(crate) fn new(status: StatusCode, fields: Fields, body: AnswerBody) -> Self {
        let head = AnswerHead {
            status,
            fields,
            limits: None,
        };
        Self { head, body }
    }

    /// As the router gives it.
    pub(crate) fn into_response(self) -> Response {
        let mut response = Response::new(axum::body::Body::new(self.body));
        *response.status_mut() = self.head.status;
        *response.headers_mut() = self.head.fields.into();
        if let Some(limits) = self.head.limits {
            limits.add_to(response.headers_mut());
        }
        response
    }
}

impl AnswerBody {
    pub(crate) fn whole(body: impl Into<Bytes>) -> Self {
        Self::Whole(body.into())
    }

    pub(crate) fn stream(relay: Relay<EngineBody>) -> Self {
        Self::Stream(Box::new(relay))
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Self::Whole(body) if body.is_empty() => Poll::Ready(None),
            Self::Whole(body) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(body))))),
            Self::Stream(relay) => Pin::new(&mut **relay).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(body) if body.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => SizeHint::with_exact(body.len() as u64),
            Self::Stream(_) => SizeHint::default(),
        }
    }
}
