//! Who uses the machine now, and what was done to it last; a part of the overview.

use leptos::prelude::*;
use worv_api::AuditEntry;

use self::{events::events, keys::keys};

mod events;
mod keys;

/// What is shown.
#[derive(Clone, Debug)]
pub struct ActivityView {
    /// When the hour began that `keys` counts, in Unix milliseconds.
    pub since: i64,
    /// The keys that had the most tokens in this hour, the busiest first.
    pub keys: Vec<KeyActivity>,
    /// What was done last, the latest first.
    pub events: Vec<AuditEntry>,
    /// The present moment in Unix milliseconds.
    pub now: i64,
}

/// What one key did in this hour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyActivity {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Requests that ended.
    pub requests: u64,
    /// Tokens of prompts and answers together.
    pub tokens: u64,
}

/// The busiest keys of this hour beside the latest events; none where the database does not answer.
pub fn activity(view: Option<&ActivityView>) -> String {
    let content = match view {
        Some(view) => view! {
            {keys(view)}
            {events(view)}
        }
        .into_any(),
        None => view! {
            <section class="panel" aria-label="Activity">
                <p class="panel__note">
                    "The database does not answer, so it cannot be said who was busiest. Requests go on, and are counted later."
                </p>
            </section>
        }
        .into_any(),
    };
    view! {
        <div class="activity" data-renew="5">
            {content}
        </div>
    }
    .to_html()
}
