//! `GET /v1/models`.

use axum::{Json, extract::State};
use serde::Serialize;

use super::service::Engine;

#[derive(Serialize)]
pub(super) struct ModelList {
    object: &'static str,
    data: [ModelCard; 1],
}

#[derive(Serialize)]
struct ModelCard {
    id: String,
    object: &'static str,
    created: i64,
    owned_by: &'static str,
    root: String,
    parent: (),
    max_model_len: u64,
    permission: [Permission; 1],
}

#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "OpenAI's format")]
struct Permission {
    id: String,
    object: &'static str,
    created: i64,
    allow_create_engine: bool,
    allow_sampling: bool,
    allow_logprobs: bool,
    allow_search_indices: bool,
    allow_view: bool,
    allow_fine_tuning: bool,
    organization: &'static str,
    group: (),
    is_blocking: bool,
}

/// The one model that is served.
pub(super) async fn list(State(engine): State<Engine>) -> Json<ModelList> {
    let created = engine.created();
    Json(ModelList {
        object: "list",
        data: [ModelCard {
            id: engine.model().to_owned(),
            object: "model",
            created,
            owned_by: "vllm",
            root: format!("/models/{}", engine.model()),
            parent: (),
            max_model_len: engine.window(),
            permission: [Permission {
                id: format!("modelperm-{}", engine.hex::<8>()),
                object: "model_permission",
                created,
                allow_create_engine: false,
                allow_sampling: true,
                allow_logprobs: true,
                allow_search_indices: false,
                allow_view: true,
                allow_fine_tuning: false,
                organization: "*",
                group: (),
                is_blocking: false,
            }],
        }],
    })
}
