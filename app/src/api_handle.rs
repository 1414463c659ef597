//! How components ask the API.

use std::future::ready;

use leptos::prelude::*;
use worv_api::{Api, ApiError, ApiFuture, ConsoleApi};

/// The API from context. There is none while the server lists its routes, which renders without a request.
#[derive(Clone)]
pub(crate) struct ApiHandle(Option<Api>);

impl ApiHandle {
    /// Takes the API out of context; for the body of a component, since events and tasks have no context.
    pub(crate) fn from_context() -> Self {
        Self(use_context())
    }

    /// Asks.
    pub(crate) fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&(dyn ConsoleApi + 'static)) -> ApiFuture<T>,
    ) -> ApiFuture<T> {
        match &self.0 {
            Some(api) => question(&**api),
            None => Box::pin(ready(Err(ApiError::unreachable()))),
        }
    }
}
