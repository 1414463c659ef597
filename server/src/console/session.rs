//! Who is asking: the session behind the cookie, and the token that every change must carry.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{ConnectInfo, FromRequestParts, Request, State},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderMap, header, request::Parts};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use worv_api::{ApiError, Role, SessionInfo};
use worv_core::Secret;
use worv_store::{Actor, NewSession, SessionDigest, SessionId, SessionRow, StoreError, UserId};

use super::{
    Console,
    api::{Refusal, database_failed},
    cookies::Cookie,
    pages,
    service::Service,
};

/// A session's end is moved on at most this often, so that a busy page does not write with each request.
const TOUCH_INTERVAL: Duration = Duration::from_mins(1);

/// How long a second factor is waited for.
const SECOND_FACTOR_TIME: Duration = Duration::from_mins(5);

/// A session that is in force, with the request that carried it.
#[derive(Clone, Debug)]
pub struct Session {
    /// What the id in the cookie was found by; the id itself is not kept.
    pub digest: SessionDigest,
    /// Who is signed in and where from, as the audit log names them.
    pub actor: Actor,
    /// The user's name.
    pub user: String,
    /// What the user may do.
    pub role: Role,
    /// What changes must carry.
    csrf_token: Secret,
    /// The user's number.
    pub user_id: UserId,
    /// Its number, for lists.
    pub id: SessionId,
}

/// Finds the session behind a request's cookie and leaves it in the request's extensions.
pub async fn identify(State(console): State<Arc<Console>>, mut request: Request, next: Next) -> Response {
    let cookie = Cookie::Session.read(request.headers(), &console.sessions);
    if let Some(id) = cookie {
        match console.session(digest(id), &address(request.extensions())).await {
            Ok(Some(session)) => {
                request.extensions_mut().insert(session);
            }
            Ok(None) => {}
            Err(error) => return Refusal(database_failed(error)).into_response(),
        }
    }
    next.run(request).await
}

/// Sends whoever is not signed in to the sign-in page, and from there back.
pub async fn require_for_page(request: Request, next: Next) -> Response {
    if request.extensions().get::<Session>().is_some() {
        return next.run(request).await;
    }
    let path = request
        .uri()
        .path_and_query()
        .map_or("/", http::uri::PathAndQuery::as_str);
    Redirect::to(&super::login::address(path)).into_response()
}

/// The API in the name of the signed-in user. Refuses with 401 whoever is not, and with 403 a change whose token is
/// not the session's.
pub struct SignedIn(pub Service);

impl FromRequestParts<Arc<Console>> for SignedIn {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, console: &Arc<Console>) -> Result<Self, Refusal> {
        let Some(session) = parts.extensions.get::<Session>() else {
            let error = ApiError::new(401, "signed_out", "You are not signed in, or your session has ended.");
            return Err(Refusal(error));
        };
        if !parts.method.is_safe() && !session.accepts(token_of(&parts.headers)) {
            let message = "The request did not come from an open page of this console. Reload the page and try again.";
            return Err(Refusal(ApiError::new(403, "csrf_token_invalid", message)));
        }
        Ok(Self(pages::service(
            Arc::clone(console),
            session.clone(),
            &parts.headers,
        )))
    }
}

impl Session {
    /// Whether `token` is this session's, compared in constant time.
    pub fn accepts(&self, token: &str) -> bool {
        self.csrf_token.expose().as_bytes().ct_eq(token.as_bytes()).into()
    }

    /// What a page sends back with every change.
    pub fn csrf_token(&self) -> &str {
        self.csrf_token.expose()
    }

    /// What pages need to know of it.
    pub fn info(&self, console: &Console) -> SessionInfo {
        SessionInfo {
            user: self.user.clone(),
            role: self.role,
            csrf_token: self.csrf_token().to_owned(),
            demo: console.demo,
            build: console.site.build().to_owned(),
        }
    }
}

impl Console {
    /// The session of that digest, if it is in force; its idle end is moved on.
    pub async fn session(&self, digest: SessionDigest, address: &str) -> Result<Option<Session>, StoreError> {
        let Some(row) = self.store.find_session(&digest).await? else {
            return Ok(None);
        };
        self.touch(&row).await;
        Ok(Some(Session {
            digest,
            actor: Actor::user(&row.user_name, address),
            user: row.user_name,
            role: row.role,
            csrf_token: row.csrf_token,
            user_id: row.user,
            id: row.id,
        }))
    }

    /// Whether the session is still in force. Looking does not keep it alive.
    pub async fn session_holds(&self, digest: &SessionDigest) -> Result<bool, StoreError> {
        Ok(self.store.find_session(digest).await?.is_some())
    }

    /// Starts a session for `user`; gives its id, which goes into the cookie and nowhere else. One whose second factor is
    /// due opens nothing but the question for it, for a few minutes.
    pub async fn start_session(
        &self,
        user: UserId,
        headers: &HeaderMap,
        address: &str,
        second_factor_due: bool,
    ) -> Result<String, StoreError> {
        // A session from before is ended: what someone may have planted or copied does not outlive a sign-in.
        if let Some(before) = Cookie::Session.read(headers, &self.sessions)
            && let Some(row) = self.store.find_session(&digest(before)).await?
        {
            self.store.delete_session(row.id).await?;
        }
        let id = self.token();
        let now = self.clock.now();
        let (idle, absolute) = if second_factor_due {
            (SECOND_FACTOR_TIME, SECOND_FACTOR_TIME)
        } else {
            (self.sessions.idle, self.sessions.absolute)
        };
        let user_agent = headers
            .get(header::USER_AGENT)
            .and_then(|agent| agent.to_str().ok())
            .unwrap_or_default();
        self.store
            .create_session(NewSession {
                digest: digest(&id),
                user,
                csrf_token: Secret::new(self.token()),
                address: address.to_owned(),
                user_agent: user_agent.to_owned(),
                idle_expires_at: now.plus(idle),
                expires_at: now.plus(absolute),
                second_factor_due,
            })
            .await?;
        Ok(id)
    }

    /// The session behind a cookie whose second factor is due.
    pub async fn session_due(&self, headers: &HeaderMap) -> Result<Option<SessionRow>, StoreError> {
        match Cookie::SecondFactor.read(headers, &self.sessions) {
            Some(id) => self.store.find_session_due(&digest(id)).await,
            None => Ok(None),
        }
    }

    /// Ends a session.
    pub async fn end_session(&self, session: &Session) -> Result<(), StoreError> {
        self.store.delete_session(session.id).await?;
        self.store
            .audit(session.actor.did("session.end", format!("user {}", session.user_id.0)))
            .await
    }

    /// 43 letters and digits: at least 256 random bits.
    pub fn token(&self) -> String {
        self.entropy.alphanumeric(43)
    }

    async fn touch(&self, row: &SessionRow) {
        let now = self.clock.now();
        if now.since(row.last_seen_at) < TOUCH_INTERVAL {
            return;
        }
        if let Err(error) = self.store.touch_session(row.id, now.plus(self.sessions.idle)).await {
            tracing::warn!(%error, "cannot note that a session was used");
        }
    }
}

/// What is stored and looked up in place of a session's id.
fn digest(id: &str) -> SessionDigest {
    SessionDigest(Sha256::digest(id.as_bytes()).into())
}

/// The address that the connection comes from.
pub fn address(extensions: &http::Extensions) -> String {
    let peer = extensions.get::<ConnectInfo<std::net::SocketAddr>>();
    peer.map_or_else(String::new, |ConnectInfo(peer)| peer.ip().to_string())
}

fn token_of(headers: &HeaderMap) -> &str {
    headers
        .get("x-csrf-token")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}
