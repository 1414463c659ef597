//! One key: what it is, what it has used of its limits, what was done to it, and what can be done.

use leptos::prelude::*;
use worv_api::{ApiKey, AuditEntry, CreatedKey, KeyStatus};

use self::{actions::actions, edit::edit, facts::facts, history::history, questions::question, usage::usage};
use super::{KeyFields, Visitor, keys, parts};

mod actions;
mod edit;
mod facts;
mod history;
mod questions;
mod usage;

/// What the page shows.
pub struct KeyView {
    /// The key.
    pub key: ApiKey,
    /// What it has used of its limits.
    pub meters: Vec<Meter>,
    /// The latest that was done to it.
    pub history: Vec<AuditEntry>,
    /// What was filled in, where it could not be stored.
    pub filled_in: Option<KeyFields>,
    /// What is asked about: `rotate`, `suspend`, `resume` or `revoke`.
    pub asking: String,
    /// Its new secret, where it has just been rotated.
    pub rotated: Option<CreatedKey>,
    /// The models that a key may be held to.
    pub models: Vec<String>,
    /// The model that is live.
    pub live_model: String,
    /// Where programs reach the inference API, without a path.
    pub inference_url: String,
}

/// What a key has used of something that may be limited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meter {
    /// What is counted, such as `Tokens today (UTC)`.
    pub name: &'static str,
    /// How much was used; none where that is not counted.
    pub used: Option<u64>,
    /// How much may be used; none for no limit.
    pub limit: Option<u64>,
}

/// The page.
pub fn key(view: KeyView, visitor: &Visitor) -> String {
    let home = format!("/keys/{}", view.key.id);
    let changeable = visitor.admin && view.key.status != KeyStatus::Revoked;
    let question = changeable.then(|| question(&view, &home, visitor)).flatten();
    let notice = question.is_none().then(|| parts::notice(visitor));
    let made = view.rotated.as_ref();
    let made = made.map(|made| keys::created(made, &view.live_model, &view.inference_url, &home));
    view! {
        <div class="served" data-renew="10">
            {notice}
            <div class="served__bar">
                <div class="served__title">
                    <h2>{view.key.name.clone()}</h2>
                    {keys::status(&view.key)}
                </div>
                <a class="button" data-kind="quiet" href="/keys">
                    "All keys"
                </a>
            </div>
            <div class="served__columns">
                {facts(&view.key, visitor)} {usage(&view.meters)} {changeable.then(|| actions(&view.key, &home))}
                {changeable.then(|| edit(&view, &home, visitor))} {history(&view, visitor)}
            </div>
            {question} {made}
        </div>
    }
    .to_html()
}
