//! The keys: who may use the inference API, and until when.

use leptos::prelude::*;
use worv_api::{ApiKey, CreatedKey, KeyStatus, NewKey};

pub(super) use self::{
    cells::{expiry, status},
    created::created,
    revoking::revoking,
};
use self::{
    creating::creating,
    filters::{filters, shown},
    table::table,
};
use super::{Visitor, parts};

mod cells;
mod created;
mod creating;
mod filters;
mod revoking;
mod table;

/// The address of the list.
const HOME: &str = "/keys";

/// What the list shows.
pub struct KeysView {
    /// Every key, newest first.
    pub keys: Vec<ApiKey>,
    /// Keys with this in their name, owner or tags only.
    pub search: String,
    /// Keys in this state only.
    pub status: Option<KeyStatus>,
    /// What has been filled in of a new key, where one is being created.
    pub creating: Option<NewKey>,
    /// The key that is asked about whether to revoke it.
    pub revoking: Option<i64>,
    /// A key that has just been created, or rotated.
    pub created: Option<CreatedKey>,
    /// The models that a key may be held to.
    pub models: Vec<String>,
    /// The model that is live.
    pub live_model: String,
    /// Where programs reach the inference API, without a path.
    pub inference_url: String,
}

/// The list.
pub fn keys(view: KeysView, visitor: &Visitor) -> String {
    let dialogs = [
        view.creating
            .as_ref()
            .map(|filled_in| creating(filled_in, &view, visitor)),
        view.revoking.and_then(|id| {
            let key = view.keys.iter().find(|key| key.id == id);
            key.map(|key| revoking(key, HOME, visitor))
        }),
        view.created
            .as_ref()
            .map(|made| created(made, &view.live_model, &view.inference_url, HOME)),
    ];
    let notice = dialogs.iter().all(Option::is_none).then(|| parts::notice(visitor));
    let list = if view.keys.is_empty() {
        parts::empty(
            "There are no keys yet.",
            if visitor.admin {
                "Create one for each person or program that uses the inference API."
            } else {
                "An administrator can create one for you."
            },
        )
    } else {
        let shown = shown(&view);
        if shown.is_empty() {
            parts::empty("No key matches.", "Change the filter, or take it away.")
        } else {
            table(&shown, visitor)
        }
    };
    view! {
        <div class="served" data-renew="10">
            {notice}
            <div class="served__bar">
                {filters(&view)}
                {parts::create(visitor, "/keys?create=", "Create key")}
            </div>
            {list}
            <p class="muted keys__note">
                "A key is stored as a digest only: its secret is shown once, when it is created. A change takes effect within a second."
            </p>
            {dialogs.into_iter().flatten().collect_view()}
        </div>
    }
    .to_html()
}
