//! Who is signed in, and how components ask the API.

use std::future::ready;

use leptos::prelude::*;
use worv_api::{Api, ApiError, ApiFuture, ConsoleApi, Role, SessionInfo};

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

/// The session as components get it from context. What it says is known wherever it is read under a `Suspense`.
#[derive(Clone, Copy)]
pub(crate) struct Session(Resource<Result<SessionInfo, ApiError>>);

impl Session {
    /// Asks who is signed in, and puts the answer into context.
    pub(crate) fn provide() {
        let api = ApiHandle::from_context();
        provide_context(Self(Resource::new(|| (), move |()| api.ask(ConsoleApi::session))));
    }

    /// The session, once it is known and if there is one.
    pub(crate) fn info(self) -> Option<SessionInfo> {
        self.0.get().and_then(Result::ok)
    }

    /// Whether the engine and the GPUs are simulated.
    pub(crate) fn is_demo(self) -> bool {
        self.info().is_some_and(|session| session.demo)
    }

    /// Whether the user may change anything.
    pub(crate) fn is_admin(self) -> bool {
        self.info().is_some_and(|session| session.role == Role::Admin)
    }
}
