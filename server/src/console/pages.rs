//! The console's pages, rendered here and hydrated in the browser.

use std::sync::Arc;

use app::{App, Prepared, ShellOptions, Theme, shell};
use axum::{Router, body::Body, extract::Request, middleware, response::Response, routing::get};
use http::{HeaderMap, StatusCode, header, uri::PathAndQuery};
use leptos::{config::LeptosOptions, nonce::use_nonce, prelude::*};
use leptos_axum::ResponseOptions;
use tower::limit::GlobalConcurrencyLimitLayer;
use worv_api::ApiError;

use super::{
    Console, cookies, forms, headers,
    service::{Browser, Service},
    session::{self, Session},
    views::Outcome,
};
use crate::edge::HostName;

/// The style sheet's address.
pub const STYLESHEET: &str = "/pkg/worv.css";

/// Pages that may be rendered at once: a burst of them does not hold up the streams of the API.
const AT_ONCE: usize = 16;

/// Every page, for those who are signed in. A path that is no page gets the console's own "not found".
pub fn router(console: &Arc<Console>) -> Router {
    let mut pages = Router::new();
    for listing in leptos_axum::generate_route_list(App) {
        let console = Arc::clone(console);
        pages = pages.route(
            listing.path(),
            get(move |request| render(console, request, StatusCode::OK)),
        );
    }
    pages = pages.merge(forms::router(console));
    let missing = Arc::clone(console);
    pages
        .fallback(get(move |request| render(missing, request, StatusCode::NOT_FOUND)))
        .layer(GlobalConcurrencyLimitLayer::new(AT_ONCE))
        .layer(middleware::from_fn(session::require_for_page))
}

/// The theme that the browser's cookie asks for.
pub fn theme(headers: &HeaderMap) -> Theme {
    cookies::read(headers, Theme::COOKIE).map_or(Theme::System, Theme::from_name)
}

/// The API for `session`, as its browser uses it.
pub fn service(console: Arc<Console>, session: Session, headers: &HeaderMap) -> Service {
    let browser = Browser {
        theme: theme(headers),
        inference_url: inference_url(&console, headers),
    };
    Service::new(console, session, browser)
}

/// The page at `address` with content that is known already, such as what has come of a form.
pub async fn show(
    console: &Arc<Console>,
    session: &Session,
    headers: &HeaderMap,
    address: &str,
    content: Result<String, ApiError>,
    status: StatusCode,
) -> Response {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = address.parse().unwrap_or_default();
    *request.headers_mut() = headers.clone();
    let prepared = Prepared(content.unwrap_or_else(app::failed));
    let service = service(Arc::clone(console), session.clone(), headers);
    render_with(console, session, service, request, prepared, status).await
}

async fn render(console: Arc<Console>, request: Request, status: StatusCode) -> Response {
    let Some(session) = request.extensions().get::<Session>().cloned() else {
        unreachable!("pages are behind require_for_page");
    };
    let service = service(Arc::clone(&console), session.clone(), request.headers());
    if status != StatusCode::OK {
        return render_with(&console, &session, service, request, Prepared::default(), status).await;
    }
    let address = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
    // Known before the answer's status is, which is to say where there is no such thing.
    let content = service.page(address, Outcome::default()).await;
    let status = match &content {
        Ok(_) => status,
        Err(error) => StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
    };
    let prepared = Prepared(content.unwrap_or_else(app::failed));
    render_with(&console, &session, service, request, prepared, status).await
}

async fn render_with(
    console: &Console,
    session: &Session,
    service: Service,
    request: Request,
    prepared: Prepared,
    status: StatusCode,
) -> Response {
    let document = ShellOptions {
        leptos: LeptosOptions::builder().output_name("worv").site_pkg_dir("pkg").build(),
        theme: theme(request.headers()),
        session: session.info(console),
        stylesheet: STYLESHEET.to_owned(),
        inference_url: inference_url(console, request.headers()),
    };
    let api: worv_api::Api = Arc::new(service);
    let context = move || {
        provide_context(Arc::clone(&api));
        provide_context(prepared.clone());
        let response = expect_context::<ResponseOptions>();
        let nonce = use_nonce().expect("leptos_axum provides a nonce");
        response.insert_header(header::CONTENT_SECURITY_POLICY, headers::page_policy(&nonce));
        response.insert_header(header::CACHE_CONTROL, http::HeaderValue::from_static("no-store"));
        response.set_status(status);
    };
    leptos_axum::render_app_async_with_context(context, move || shell(document.clone()))(request).await
}

/// Where callers reach the API.
fn inference_url(console: &Console, headers: &HeaderMap) -> String {
    site_url(console.sessions.secure_cookies, console.api_host.as_ref(), headers)
}

/// Where readers reach a site: the host it has, at the port that the browser used, or else this very origin.
pub fn site_url(secure: bool, site: Option<&HostName>, headers: &HeaderMap) -> String {
    let scheme = if secure { "https" } else { "http" };
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or("localhost");
    match site {
        None => format!("{scheme}://{host}"),
        Some(site) => host.split_once(':').map_or_else(
            || format!("{scheme}://{site}"),
            |(_, port)| format!("{scheme}://{site}:{port}"),
        ),
    }
}
