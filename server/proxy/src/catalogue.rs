//! `GET /v1/models` and `GET /v1/models/{id}`, made here: the engine knows one name, callers may use many.
//!
//! Each entry has the fields of both APIs, so that either SDK finds its own.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::HeaderMap;
use serde::Serialize;

use crate::{Gateway, authentication::authenticate, dialect::Dialect, error::ApiError, headers};

#[derive(Serialize)]
struct List<'a> {
    object: &'static str,
    data: Vec<Entry<'a>>,
    first_id: Option<&'a str>,
    last_id: Option<&'a str>,
    has_more: bool,
}

#[derive(Serialize)]
struct Entry<'a> {
    id: &'a str,
    object: &'static str,
    r#type: &'static str,
    display_name: &'a str,
    description: String,
    owned_by: &'static str,
    created: u64,
    created_at: &'static str,
    max_model_len: u64,
}

/// Every name that leads to a model, the live model's own first.
pub(crate) async fn list(State(gateway): State<Arc<Gateway>>, headers: HeaderMap) -> Response {
    answer(&gateway, &headers, || {
        let live = gateway.live.load();
        let names = gateway.names.listed(live.name());
        let list = List {
            object: "list",
            first_id: names.first().copied(),
            last_id: names.last().copied(),
            has_more: false,
            data: names.into_iter().map(|name| entry(&gateway, name)).collect(),
        };
        Ok(Json(list).into_response())
    })
}

/// One name, written as the caller wrote it.
pub(crate) async fn retrieve(
    State(gateway): State<Arc<Gateway>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    answer(&gateway, &headers, || {
        let live = gateway.live.load();
        gateway.names.resolve(&id, live.name())?;
        Ok(Json(entry(&gateway, &id)).into_response())
    })
}

fn answer(gateway: &Gateway, headers: &HeaderMap, make: impl FnOnce() -> Result<Response, ApiError>) -> Response {
    let request_id = gateway.new_request_id();
    let granted = authenticate(headers, &gateway.keys, gateway.clock.now());
    match granted.and_then(|_| make()) {
        Ok(mut response) => {
            let id = headers::request_id_value(request_id);
            response.headers_mut().insert(headers::X_REQUEST_ID, id);
            response
        }
        Err(error) => error.into_response(Dialect::guess("/v1/models", headers), request_id),
    }
}

fn entry<'a>(gateway: &Gateway, name: &'a str) -> Entry<'a> {
    let live = gateway.live.load();
    let description = match live.name() {
        Some(live) if live.eq_ignore_ascii_case(name) => "The live model.".to_owned(),
        Some(live) => format!("Leads to the live model, {live}."),
        None => "Leads to the live model.".to_owned(),
    };
    Entry {
        id: name,
        object: "model",
        r#type: "model",
        display_name: name,
        description,
        owned_by: "worv",
        // Both APIs give the epoch where a release date is not known.
        created: 0,
        created_at: "1970-01-01T00:00:00Z",
        max_model_len: live.window,
    }
}
