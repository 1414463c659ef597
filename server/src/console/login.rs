//! Signing in and out: plain forms that work without scripts.

use std::{sync::Arc, time::Duration};

use app::{LoginError, LoginForm, SecondFactorForm, login_document, second_factor_document};
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
use worv_store::{Actor, AuditEntry, UserId};

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

/// What the form for the second factor sends.
#[derive(Deserialize)]
pub struct SecondStep {
    code: String,
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

/// What wrong codes of the second factor count for, in the place of an address.
const SECOND_STEP: &str = "second step";

/// The address of the second step for someone who wanted to see `path`.
fn code_address(path: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("next", path)
        .finish();
    format!("/login/code?{query}")
}

fn throttled(pause: Duration) -> LoginError {
    let retry_after = pause.as_secs() + u64::from(pause.subsec_nanos() > 0);
    LoginError::Throttled { retry_after }
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

    if !console.gave_out(&headers, &csrf_token) {
        return again(StatusCode::FORBIDDEN, LoginError::Expired);
    }
    let address = session::address(&extensions);
    if let Some(pause) = console.throttle.pause(&address, &name) {
        return again(StatusCode::TOO_MANY_REQUESTS, throttled(pause));
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
    if user.second_factor_since.is_some() {
        return match console.start_session(user.id, &headers, &address, true).await {
            Ok(id) => {
                let cookie = [(header::SET_COOKIE, Cookie::SecondFactor.set(&id, &console.sessions))];
                (AppendHeaders(cookie), Redirect::to(&code_address(local(&next)))).into_response()
            }
            Err(error) => {
                tracing::error!(%error, "cannot start a session");
                again(StatusCode::SERVICE_UNAVAILABLE, LoginError::Unavailable)
            }
        };
    }
    match enter(&console, user.id, &user.name, &headers, &address, &next).await {
        Ok(entered) => entered,
        Err(error) => again(StatusCode::SERVICE_UNAVAILABLE, error),
    }
}

/// `GET /login/code`
pub async fn code_form(
    State(console): State<Arc<Console>>,
    Query(Destination { next }): Query<Destination>,
    headers: HeaderMap,
) -> Response {
    match console.session_due(&headers).await {
        Ok(Some(_)) => code_page(&console, &headers, StatusCode::OK, &next, None),
        _ => Redirect::to(&address(local(&next))).into_response(),
    }
}

/// `POST /login/code`
pub async fn sign_in_with_code(
    State(console): State<Arc<Console>>,
    headers: HeaderMap,
    extensions: http::Extensions,
    Form(SecondStep { code, csrf_token, next }): Form<SecondStep>,
) -> Response {
    let again = |status, error| code_page(&console, &headers, status, &next, Some(error));
    if !console.gave_out(&headers, &csrf_token) {
        return again(StatusCode::FORBIDDEN, LoginError::Expired);
    }
    let due = match console.session_due(&headers).await {
        Ok(Some(due)) => due,
        Ok(None) => return Redirect::to(&address(local(&next))).into_response(),
        Err(error) => {
            tracing::error!(%error, "cannot look up a session");
            return again(StatusCode::SERVICE_UNAVAILABLE, LoginError::Unavailable);
        }
    };
    let client = session::address(&extensions);
    let name = due.user_name.as_str();
    // Only who knows the password gets here, so slowing down a name, from wherever it is tried, locks no stranger's
    // victim out.
    if let Some(pause) = console.throttle.pause(SECOND_STEP, name) {
        return again(StatusCode::TOO_MANY_REQUESTS, throttled(pause));
    }
    match console.second_factor_holds(due.user, &code).await {
        Ok(true) => console.throttle.succeeded(SECOND_STEP, name),
        Ok(false) => {
            console.throttle.failed(SECOND_STEP, name);
            console
                .note(Actor::user(name, &client).did("session.refuse", format!("user {}", due.user.0)))
                .await;
            return again(StatusCode::UNAUTHORIZED, LoginError::WrongCode);
        }
        Err(error) => {
            tracing::error!(%error, "cannot check a second factor");
            return again(StatusCode::SERVICE_UNAVAILABLE, LoginError::Unavailable);
        }
    }
    if let Err(error) = console.store.delete_session(due.id).await {
        // It ends by itself in a few minutes, and opens nothing.
        tracing::warn!(%error, "cannot end a session whose second factor was due");
    }
    match enter(&console, due.user, name, &headers, &client, &next).await {
        Ok(entered) => entered,
        Err(error) => again(StatusCode::SERVICE_UNAVAILABLE, error),
    }
}

/// Starts the session of a user who has shown everything that is asked for, and leads to where the user wanted to go.
async fn enter(
    console: &Console,
    user: UserId,
    name: &str,
    headers: &HeaderMap,
    address: &str,
    next: &str,
) -> Result<Response, LoginError> {
    let id = console
        .start_session(user, headers, address, false)
        .await
        .map_err(|error| {
            tracing::error!(%error, "cannot start a session");
            LoginError::Unavailable
        })?;
    console
        .note(Actor::user(name, address).did("session.start", format!("user {}", user.0)))
        .await;
    let cookies = [
        (header::SET_COOKIE, Cookie::Session.set(&id, &console.sessions)),
        (header::SET_COOKIE, Cookie::Login.clear(&console.sessions)),
        (header::SET_COOKIE, Cookie::SecondFactor.clear(&console.sessions)),
    ];
    Ok((AppendHeaders(cookies), Redirect::to(local(next))).into_response())
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
    let token = console.form_token(headers);
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

/// The page that asks for the second factor.
fn code_page(
    console: &Console,
    headers: &HeaderMap,
    status: StatusCode,
    next: &str,
    error: Option<LoginError>,
) -> Response {
    let token = console.form_token(headers);
    let cookie = [(header::SET_COOKIE, Cookie::Login.set(&token, &console.sessions))];
    let document = second_factor_document(SecondFactorForm {
        csrf_token: token,
        next: local(next).to_owned(),
        error,
        theme: theme(headers),
        stylesheet: STYLESHEET.to_owned(),
    });
    let policy = [(header::CONTENT_SECURITY_POLICY, SCRIPTLESS_POLICY)];
    (status, AppendHeaders(cookie), policy, Html(document.to_html())).into_response()
}

impl Console {
    /// Whether a form carries the token that was given out with it.
    fn gave_out(&self, headers: &HeaderMap, token: &str) -> bool {
        let given_out = Cookie::Login.read(headers, &self.sessions).unwrap_or_default();
        !given_out.is_empty() && bool::from(given_out.as_bytes().ct_eq(token.as_bytes()))
    }

    /// The token for a form. One that is still out is kept, so that two open tabs do not spoil each other.
    fn form_token(&self, headers: &HeaderMap) -> String {
        let held = Cookie::Login
            .read(headers, &self.sessions)
            .filter(|token| is_token(token));
        held.map_or_else(|| self.token(), str::to_owned)
    }

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
