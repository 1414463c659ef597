//! The playground: a key for a few minutes, and the data path at the console's own address.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use http::{Uri, header};
use schemars::JsonSchema;
use serde::Serialize;
use tower::ServiceExt;
use worv_api::ApiError;
use worv_core::key::{KeySecret, KeySettings};
use worv_store::{Actor, KeyRow, NewKey};

use super::{
    Console,
    api::{Refusal, database_failed},
    session::SignedIn,
};

/// How long a key of the playground works.
const LIFETIME: Duration = Duration::from_mins(15);

/// What marks such a key. Lists of keys leave those out that have it.
const TAG: &str = "worv:playground";

/// Whether a key is one of the playground's.
pub fn is_playgrounds(key: &KeyRow) -> bool {
    key.settings.tags.iter().any(|tag| tag == TAG)
}

/// `POST /api/playground/v1/chat/completions`: the route of that name of the data path, with the caller's key, for pages
/// that may call no other host than their own.
pub async fn chat(State(console): State<Arc<Console>>, SignedIn(_): SignedIn, mut request: Request) -> Response {
    *request.uri_mut() = Uri::from_static("/v1/chat/completions");
    // What belongs to the session is nobody's business on the data path.
    let headers = request.headers_mut();
    headers.remove(header::COOKIE);
    headers.remove("x-csrf-token");
    worv_proxy::router(Arc::clone(&console.gateway))
        .oneshot(request)
        .await
        .into_response()
}

/// A key for a few minutes, in the name of the operator who asked for it.
#[derive(Clone, Serialize, JsonSchema)]
pub struct PlaygroundKey {
    /// The secret.
    secret: String,
    /// When it stops working, in Unix milliseconds.
    expires_at: i64,
}

/// `POST /api/playground/key`
pub async fn key(SignedIn(service): SignedIn) -> Result<Json<PlaygroundKey>, Refusal> {
    service.require_admin().map_err(Refusal)?;
    let key = service
        .console()
        .playground_key(&service.own().user, service.actor())
        .await;
    key.map(Json).map_err(Refusal)
}

impl Console {
    /// A key in the name of `user`, in place of the one that the user had before. It works at once.
    async fn playground_key(&self, user: &str, by: &Actor) -> Result<PlaygroundKey, ApiError> {
        let now = self.clock.now();
        for key in self.store.keys().await.map_err(database_failed)? {
            let works = key.revoked_at.is_none() && key.expires_at.is_none_or(|at| at > now);
            if works && key.owner == user && is_playgrounds(&key) {
                self.store.revoke_key(key.id, by).await.map_err(database_failed)?;
            }
        }
        let secret = KeySecret::generate(&self.entropy);
        let expires_at = now.plus(LIFETIME);
        let new = NewKey {
            owner: user.to_owned(),
            note: "Made by the playground for a few minutes.".to_owned(),
            expires_at: Some(expires_at),
            settings: KeySettings {
                tags: vec![TAG.to_owned()],
                ..KeySettings::default()
            },
            ..NewKey::new(&secret, name(user), now)
        };
        self.store.create_key(new, by).await.map_err(database_failed)?;
        let grants = self.store.key_grants().await.map_err(database_failed)?;
        self.gateway.replace_keys(grants.into_iter().collect());
        Ok(PlaygroundKey {
            secret: secret.expose().to_owned(),
            expires_at: expires_at.0,
        })
    }
}

/// What usage and requests call a key of `user`'s, so that it can be told from those of others: as much of the user's name as
/// a key's has room for.
fn name(user: &str) -> String {
    format!("playground · {user}")
        .chars()
        .take(NewKey::LONGEST_NAME)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_named_after_its_owner_as_far_as_there_is_room() {
        assert_eq!(name("admin"), "playground · admin");
        assert_eq!(name(&"é".repeat(100)).chars().count(), NewKey::LONGEST_NAME);
    }
}
