//! The console's API over HTTP.

use app::api::{ApiError, ApiFuture, ConsoleApi, Overview, SessionInfo};
use gloo_net::http::Request;
use leptos::prelude::window;
use send_wrapper::SendWrapper;
use serde::de::DeserializeOwned;

/// Asks the server that the page came from.
pub(crate) struct HttpApi;

impl ConsoleApi for HttpApi {
    fn session(&self) -> ApiFuture<SessionInfo> {
        send(Request::get("/api/session").build())
    }

    fn overview(&self) -> ApiFuture<Overview> {
        send(Request::get("/api/overview").build())
    }

    fn part(&self, address: &str) -> ApiFuture<String> {
        let request = Request::get(&format!("/parts{address}")).build();
        Box::pin(SendWrapper::new(async move { Ok(fetch(request).await?.1) }))
    }
}

/// Sends the request and reads the answer. The browser has one thread, so what is in the future never leaves it.
fn send<T: DeserializeOwned + Send + 'static>(request: Result<Request, gloo_net::Error>) -> ApiFuture<T> {
    Box::pin(SendWrapper::new(async move {
        let (status, body) = fetch(request).await?;
        serde_json::from_str(&body).map_err(|error| unreadable(status, &error))
    }))
}

/// The status and the body of the answer, if it is a success.
async fn fetch(request: Result<Request, gloo_net::Error>) -> Result<(u16, String), ApiError> {
    let request = request.map_err(|error| ApiError::new(0, "invalid_request", error.to_string()))?;
    let response = request.send().await.map_err(|_| ApiError::unreachable())?;
    let body = response.text().await.map_err(|_| ApiError::unreachable())?;
    if response.ok() {
        return Ok((response.status(), body));
    }
    let error = serde_json::from_str(&body).unwrap_or_else(|error| unreadable(response.status(), &error));
    if error.is_signed_out() {
        go_to_login();
    }
    Err(error)
}

fn unreadable(status: u16, error: &serde_json::Error) -> ApiError {
    let message = format!("The server answered with status {status} and something unexpected: {error}");
    ApiError::new(status, "unreadable_answer", message)
}

/// Leaves for the sign-in page, which comes back to this one.
fn go_to_login() {
    let location = window().location();
    let here = location.pathname().unwrap_or_default() + &location.search().unwrap_or_default();
    let next = String::from(js_sys::encode_uri_component(&here));
    // Refused only while the page is being left already.
    drop(location.assign(&format!("/login?next={next}")));
}
