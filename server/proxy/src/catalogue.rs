//! `GET /v1/models` and `GET /v1/models/{id}`, made here: the engine knows one name, callers may use many.
//!
//! Each entry has the fields of both APIs, so that either SDK finds its own.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, Uri};
use serde::Serialize;

use crate::{Gateway, error::ApiError, live::Live, rewrite::check_allowed};

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

/// Every name that leads to a model, the live model's own first; none where the key may not use what is live.
pub(crate) async fn list(State(gateway): State<Arc<Gateway>>, uri: Uri, headers: HeaderMap) -> Response {
    answer(&gateway, &uri, &headers, |live, allowed| {
        let names = if allowed.is_ok() {
            live.names.listed(live.name())
        } else {
            Vec::new()
        };
        let list = List {
            object: "list",
            first_id: names.first().copied(),
            last_id: names.last().copied(),
            has_more: false,
            data: names.into_iter().map(|name| entry(live, name)).collect(),
        };
        Ok(Json(list).into_response())
    })
}

/// One name, written as the caller wrote it.
pub(crate) async fn retrieve(
    State(gateway): State<Arc<Gateway>>,
    id: Result<Path<String>, PathRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    answer(&gateway, &uri, &headers, |live, allowed| {
        // What is no text names nothing.
        let id = id.map_or_else(|_| "\u{fffd}".to_owned(), |Path(id)| id);
        live.names.resolve(&id, live.name())?;
        allowed?;
        Ok(Json(entry(live, &id)).into_response())
    })
}

/// What `make` says of the live model, given whether the caller's key may use it.
fn answer(
    gateway: &Gateway,
    uri: &Uri,
    headers: &HeaderMap,
    make: impl FnOnce(&Live, Result<(), ApiError>) -> Result<Response, ApiError>,
) -> Response {
    let caller = match gateway.caller(uri.path(), headers) {
        Ok(caller) => caller,
        Err(refusal) => return refusal,
    };
    let live = gateway.live();
    let answer = make(&live, check_allowed(&live, &caller.grant().settings));
    let response = answer.unwrap_or_else(|error| caller.error(error));
    caller.answer(gateway, response)
}

fn entry<'a>(live: &Live, name: &'a str) -> Entry<'a> {
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
        max_model_len: live.limits.window,
    }
}
