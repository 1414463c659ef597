//! Every route of the console, in one list.

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use http::{Uri, header, uri::PathAndQuery};
use tower::ServiceBuilder;
use tower_http::csrf::CsrfLayer;
use worv_api::{ApiError, ConsoleApi as _};

use super::{
    Console, api, headers, login, pages,
    session::{self, SignedIn},
};

/// The largest body that a console route reads; the longest form has a few hundred bytes.
const MAX_BODY: usize = 64 * 1024;

/// The console: files, sign-in, API, pages.
pub fn router(console: &Arc<Console>) -> Router {
    let dynamic = Router::new()
        .route("/login", get(login::form).post(login::sign_in))
        .route("/login/code", get(login::code_form).post(login::sign_in_with_code))
        .route("/logout", post(login::sign_out))
        .nest("/api", api::router())
        .route("/parts/{*address}", get(part))
        .with_state(Arc::clone(console))
        .fallback_service(pages::router(console))
        .layer(
            ServiceBuilder::new()
                .layer(DefaultBodyLimit::max(MAX_BODY))
                .layer(CsrfLayer::new().with_rejection_response(|_| cross_site()))
                .layer(middleware::from_fn_with_state(Arc::clone(console), session::identify)),
        );
    console
        .site
        .router()
        .fallback_service(dynamic)
        .layer(middleware::from_fn(headers::protect))
}

/// What the server renders of the page at an address.
async fn part(SignedIn(service): SignedIn, uri: Uri) -> Result<impl IntoResponse, api::Refusal> {
    let address = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let html = service
        .part(address.trim_start_matches("/parts"))
        .await
        .map_err(api::Refusal)?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Html(html)))
}

fn cross_site() -> Response {
    api::Refusal(ApiError::new(403, "cross_site", "The request came from another site.")).into_response()
}
