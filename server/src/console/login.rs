//! Signing in and out: plain forms that work without scripts.

use std::sync::Arc;

use app::{LoginError, LoginForm, login_document};
use axum::{
    Extension, Form,
    extract::{Query, State},
    response::{AppendHeaders, Html, IntoResponse, Redirect, Response},
};
use http::{HeaderMap, StatusCode, header};
use leptos::prelude::RenderHtml;
use serde::Deserialize;
use subtle::ConstantTimeEq;
use worv_core::Secret;
use worv_store::{Actor, AuditEntry};

use super::{
    Console,
    cookies::Cookie,
    headers::SCRIPTLESS_POLICY,
    pages::{STYLESHEET, theme},
    session::{self, Session},
};

/// Where to go after signing in.
#[derive(Debug, Deserialize)]
pub struct Destination {
    #[serde(default)]
    next: String,
}

/// What the sign-in form sends.
#[derive(Deserialize)]
pub struct Credentials {
    name: String,
    password: String,
    csrf_token: String,
    #[serde(default)]
    next: String,
}

/// What the sign-out form sends.
#[derive(Deserialize)]
pub struct SignOut {
    csrf_token: String,
}

/// The sign-in page's address for someone who wanted to see `path`.
pub fn address(path: &str) -> String {
    if path == "/" {
        return "/login".to_owned();
    }
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("next", path)
        .finish();
    format!("/login?{query}")
}

/// `GET /login`
pub async fn form(
    State(console): State<Arc<Console>>,
    Query(Destination { next }): Query<Destination>,
    headers: HeaderMap,
    session: Option<Extension<Session>>,
) -> Response {
    if session.is_some() {
        return Redirect::to(local(&next)).into_response();
    }
    page(&console, &headers, StatusCode::OK, &next, "", None)
}

/// `POST /login`
pub async fn sign_in(
    State(console): State<Arc<Console>>,
    headers: HeaderMap,
    extensions: http::Extensions,
    Form(credentials): Form<Credentials>,
) -> Response {
    let Credentials {
        name,
        password,
        csrf_token,
        next,
    } = credentials;
    let again = |status, error| page(&console, &headers, status, &next, &name, Some(error));

    let given_out = Cookie::Login.read(&headers, &console.sessions).unwrap_or_default();
    if given_out.is_empty() || !bool::from(given_out.as_bytes().ct_eq(csrf_token.as_bytes())) {
        return again(StatusCode::FORBIDDEN, LoginError::Expired);
    }
    let address = session::address(&extensions);
    if let Some(pause) = console.throttle.pause(&address, &name) {
        let retry_after = pause.as_secs() + u64::from(pause.subsec_nanos() > 0);
        return again(StatusCode::TOO_MANY_REQUESTS, LoginError::Throttled { retry_after });
    }
    let user = match console.store.find_user(&name).await {
        Ok(user) => user,
        Err(error) => {
            tracing::error!(%error, "cannot look up a user");
            return again(StatusCode::SERVICE_UNAVAILABLE, LoginError::Unavailable);
        }
    };
    let hash = user.as_ref().map(|user| user.password_hash.clone());
    let right = console.passwords.verify(Secret::new(password), hash).await;
    let Some(user) = user.filter(|_| right) else {
        console.throttle.failed(&address, &name);
        console
            .note(Actor::user(&name, &address).did("session.refuse", "sign-in".to_owned()))
            .await;
        return again(StatusCode::UNAUTHORIZED, LoginError::Rejected);
    };
    console.throttle.succeeded(&address, &name);
    let id = match console.start_session(&user, &headers, &address).await {
        Ok(id) => id,
        Err(error) => {
            tracing::error!(%error, "cannot start a session");
            return again(StatusCode::SERVICE_UNAVAILABLE, LoginError::Unavailable);
        }
    };
    console
        .note(Actor::user(&user.name, &address).did("session.start", format!("user {}", user.name)))
        .await;
    let cookies = [
        (header::SET_COOKIE, Cookie::Session.set(&id, &console.sessions)),
        (header::SET_COOKIE, Cookie::Login.clear(&console.sessions)),
    ];
    (AppendHeaders(cookies), Redirect::to(local(&next))).into_response()
}

/// `POST /logout`
pub async fn sign_out(
    State(console): State<Arc<Console>>,
    session: Option<Extension<Session>>,
    Form(SignOut { csrf_token }): Form<SignOut>,
) -> Response {
    if let Some(Extension(session)) = session {
        if !session.accepts(&csrf_token) {
            let text = "The form did not come from an open page of this console. Go back, reload and try again.";
            return (StatusCode::FORBIDDEN, text).into_response();
        }
        if let Err(error) = console.end_session(&session).await {
            tracing::error!(%error, "cannot end a session");
            let text = "The database does not answer, so the session could not be ended. Try again in a moment.";
            return (StatusCode::SERVICE_UNAVAILABLE, text).into_response();
        }
    }
    let cookie = [(header::SET_COOKIE, Cookie::Session.clear(&console.sessions))];
    (AppendHeaders(cookie), Redirect::to("/login")).into_response()
}

/// The sign-in page, with the token that its form must send back.
fn page(
    console: &Console,
    headers: &HeaderMap,
    status: StatusCode,
    next: &str,
    name: &str,
    error: Option<LoginError>,
) -> Response {
    // A token that is still out is kept, so that two open tabs do not spoil each other.
    let held = Cookie::Login
        .read(headers, &console.sessions)
        .filter(|token| is_token(token));
    let token = held.map_or_else(|| console.token(), str::to_owned);
    let cookie = [(header::SET_COOKIE, Cookie::Login.set(&token, &console.sessions))];
    let document = login_document(LoginForm {
        csrf_token: token,
        next: local(next).to_owned(),
        name: name.chars().take(100).collect(),
        error,
        demo: console.demo,
        theme: theme(headers),
        stylesheet: STYLESHEET.to_owned(),
    });
    let policy = [(header::CONTENT_SECURITY_POLICY, SCRIPTLESS_POLICY)];
    (status, AppendHeaders(cookie), policy, Html(document.to_html())).into_response()
}

impl Console {
    /// Writes to the audit log what is done already; where the log fails, the operator is told.
    async fn note(&self, entry: AuditEntry) {
        if let Err(error) = self.store.audit(entry).await {
            tracing::error!(%error, "cannot write the audit log");
        }
    }
}

/// Whether a cookie's value can be one that was given out.
fn is_token(text: &str) -> bool {
    text.len() == 43 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// `next` if it is a path of this console, else the start page: nobody is sent elsewhere by a link to sign in.
fn local(next: &str) -> &str {
    let path = next.starts_with('/') && !next.starts_with("//") && !next.contains('\\');
    if path && next.bytes().all(|byte| byte.is_ascii_graphic()) {
        next
    } else {
        "/"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_in_leads_only_to_pages_of_this_console() {
        for stays in ["/", "/keys", "/keys?status=active", "/login"] {
            assert_eq!(local(stays), stays);
        }
        for leads_away in [
            "",
            "keys",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/a\r\nb",
            "/\u{e9}",
        ] {
            assert_eq!(local(leads_away), "/", "{leads_away:?}");
        }
    }

    #[test]
    fn the_way_back_survives_the_query_string() {
        assert_eq!(address("/keys?q=a&b=1"), "/login?next=%2Fkeys%3Fq%3Da%26b%3D1");
        assert_eq!(address("/"), "/login");
    }
}
