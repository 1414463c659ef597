//! Pages that the server renders whole: lists, records, forms, and the state of the machine.
//!
//! They work without scripts and cost the browser no code: `components::ServerPart` shows their HTML inside the frame.
//! Every state of theirs, an open dialog too, is an address; every change is a form that is posted to the server.

pub use activity::{ActivityView, KeyActivity, activity};
pub use audit::{AuditView, audit};
pub use gpus::{GpusView, Period, gpus};
pub use key::{KeyView, Meter, key};
pub use key_fields::{KeyFields, key_fields};
pub use keys::{KeysView, keys};
pub use models::{ModelsView, models};
pub use playground::{PlaygroundView, playground};
pub use settings::{SettingsView, settings};
pub use users::{UsersView, users};

use worv_api::ApiError;

mod activity;
mod audit;
mod change;
mod gpus;
mod key;
mod key_fields;
mod key_form;
mod keys;
mod models;
mod parts;
mod playground;
mod settings;
mod snippets;
mod users;

/// Who looks at a page, and what was just done there.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// The user's name.
    pub name: String,
    /// Whether the user may change anything.
    pub admin: bool,
    /// What every form sends back as `csrf_token`.
    pub csrf_token: String,
    /// The present moment in Unix milliseconds.
    pub now: i64,
    /// What was just done.
    pub notice: Option<Notice>,
}

/// What was just done, or was not.
#[derive(Clone, Debug)]
pub enum Notice {
    /// It was done.
    Done(&'static str),
    /// It was not.
    Failed(ApiError),
}

impl Notice {
    /// What the parameter `done` of an address says; none for a word that no form leads to.
    pub fn done(word: &str) -> Option<Self> {
        let words = match word {
            "edited" => "The key was changed. Requests follow within a second.",
            "suspended" => "The key is suspended: its requests are refused until it is resumed.",
            "resumed" => "The key works again.",
            "revoked" => "The key was revoked.",
            "user-created" => "The user was created.",
            "role" => "The role was changed.",
            "password" => "The password was changed, and the user's sessions were ended.",
            "second-factor-off" => "The second factor was switched off.",
            "user-deleted" => "The user was deleted.",
            "switch-cancelled" => "The switch was called off.",
            "session-ended" => "The session was ended.",
            _ => return None,
        };
        Some(Self::Done(words))
    }
}
