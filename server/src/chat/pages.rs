//! What the chat host says itself.

use axum::response::{Html, IntoResponse, Response};
use http::{HeaderMap, HeaderName, StatusCode, header};

/// Seconds after which the page tries again.
const RETRY_SECONDS: &str = "5";

/// The pages have no other origin to load anything from, and nothing in them comes from outside.
const POLICY: (HeaderName, &str) = (
    header::CONTENT_SECURITY_POLICY,
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// Whether the request comes from someone who looks at pages.
pub fn wants_html(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

/// 503: Open WebUI does not answer.
pub fn down(html: bool) -> Response {
    let headers = [
        (header::RETRY_AFTER, RETRY_SECONDS),
        (header::CACHE_CONTROL, "no-store"),
    ];
    if !html {
        let text = "The chat is not available at the moment. Try again in a few seconds.\n";
        return (StatusCode::SERVICE_UNAVAILABLE, headers, text).into_response();
    }
    let page = document(
        "The chat is not available",
        &format!("<meta http-equiv=\"refresh\" content=\"{RETRY_SECONDS}\">"),
        "<p>Open WebUI does not answer at the moment. Your conversations are safe: they are kept there, not here.</p>\
         <p>This page tries again every five seconds. The API is not affected.</p>",
    );
    (StatusCode::SERVICE_UNAVAILABLE, headers, [POLICY], page).into_response()
}

/// 404: there is no chat at this address.
pub fn note() -> Response {
    let page = document(
        "The chat needs a host of its own",
        "",
        "<p>Open WebUI cannot be served below a path. Set <code>hosts.chat</code> and <code>chat.upstream</code> in the \
         configuration, and it answers under that name.</p><p><a href=\"/\">To the console</a></p>",
    );
    (
        StatusCode::NOT_FOUND,
        [(header::CACHE_CONTROL, "no-store")],
        [POLICY],
        page,
    )
        .into_response()
}

fn document(title: &str, head: &str, body: &str) -> Html<String> {
    Html(format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">{head}<title>{title} · worv</title>\
         <style>:root{{color-scheme:light dark;background:light-dark(#f6f7f9,#0c0d10);color:light-dark(#16181d,#eceef2);\
         font:0.9375rem/1.5 system-ui,sans-serif}}body{{display:grid;place-items:center;min-height:100dvh;margin:0}}\
         main{{max-width:30rem;margin:1rem;padding:1.5rem;border:1px solid light-dark(#e2e4ea,#25282f);\
         border-radius:0.625rem;background:light-dark(#fff,#131519)}}h1{{margin:0;font-size:1.125rem}}\
         p{{margin:0.75rem 0 0}}a{{color:light-dark(#3a54c4,#93a7ff)}}</style></head>\
         <body><main><h1>{title}</h1>{body}</main></body></html>"
    ))
}
