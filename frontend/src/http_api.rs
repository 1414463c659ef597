//! The console's API over HTTP.

use app::api::{
    ApiError, ApiFuture, ApiKey, ConsoleApi, GpuPoint, Gpus, NewSwitch, Overview, Profiles, SessionInfo, Switch,
    Switches,
};
use gloo_net::http::{Request, RequestBuilder};
use leptos::prelude::window;
use send_wrapper::SendWrapper;
use serde::de::DeserializeOwned;

/// Asks the server that the page came from.
pub(crate) struct HttpApi {
    csrf_token: String,
}

impl HttpApi {
    /// An API client that sends this token with every change.
    pub(crate) fn new(csrf_token: String) -> Self {
        Self { csrf_token }
    }

    fn change(&self, request: RequestBuilder) -> RequestBuilder {
        request.header("x-csrf-token", &self.csrf_token)
    }
}

impl ConsoleApi for HttpApi {
    fn session(&self) -> ApiFuture<SessionInfo> {
        send(Request::get("/api/session").build())
    }

    fn overview(&self) -> ApiFuture<Overview> {
        send(Request::get("/api/overview").build())
    }

    fn keys(&self) -> ApiFuture<Vec<ApiKey>> {
        send(Request::get("/api/keys").build())
    }

    fn view(&self, address: String) -> ApiFuture<String> {
        let address = String::from(js_sys::encode_uri_component(&address));
        send(Request::get(&format!("/api/view?address={address}")).build())
    }

    fn part(&self, path: &str, query: &str) -> ApiFuture<String> {
        let request = Request::get(&format!("/parts{path}?{query}")).build();
        Box::pin(SendWrapper::new(async move { Ok(fetch(request).await?.1) }))
    }

    fn gpus(&self) -> ApiFuture<Gpus> {
        send(Request::get("/api/gpus").build())
    }

    fn gpu_history(&self, hours: u32) -> ApiFuture<Vec<GpuPoint>> {
        send(Request::get(&format!("/api/gpus/history?hours={hours}")).build())
    }

    fn profiles(&self) -> ApiFuture<Profiles> {
        send(Request::get("/api/profiles").build())
    }

    fn switches(&self) -> ApiFuture<Switches> {
        send(Request::get("/api/switch").build())
    }

    fn start_switch(&self, new: NewSwitch) -> ApiFuture<Switch> {
        send(self.change(Request::post("/api/switch")).json(&new))
    }

    fn cancel_switch(&self) -> ApiFuture<Switch> {
        send(self.change(Request::post("/api/switch/cancel")).build())
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
