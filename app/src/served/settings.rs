//! One's own account, and the configuration that is in force.

use leptos::prelude::*;
use worv_api::{EffectiveSettings, RecoveryCodes, SecondFactorDraft, UserSession};

use self::{
    account::{password, theme},
    configuration::configuration,
    questions::{question, recovery_codes},
    second_factor::second_factor,
};
use super::{Visitor, parts, users};
use crate::Theme;

mod account;
mod configuration;
mod questions;
mod second_factor;

/// The address of the page.
const HOME: &str = "/settings";

/// What the page shows.
pub struct SettingsView {
    /// The configuration.
    pub settings: EffectiveSettings,
    /// The sessions that the visitor may see.
    pub sessions: Vec<UserSession>,
    /// The theme that the browser's cookie asks for.
    pub theme: Theme,
    /// How many recovery codes are left, where signing in asks for a second factor.
    pub codes_left: Option<u64>,
    /// A second factor that has been begun.
    pub draft: Option<SecondFactorDraft>,
    /// Recovery codes, this once.
    pub codes: Option<RecoveryCodes>,
    /// What is asked about: `password`, `codes` or `second-factor-off`.
    pub asking: String,
}

/// The page.
pub fn settings(view: SettingsView, visitor: &Visitor) -> String {
    let own = users::own(&view.sessions, &visitor.name);
    let dialog = match &view.codes {
        Some(codes) => Some(recovery_codes(codes)),
        None => question(&view, visitor),
    };
    let notice = dialog.is_none().then(|| parts::notice(visitor));
    view! {
        <div class="served">
            {notice} <h2>"Your account"</h2>
            <div class="served__columns is-three">
                {password(visitor)} {second_factor(&view, visitor)} {theme(&view, visitor)}
            </div> <h2>"Your sessions"</h2> {users::sessions(&own, HOME, visitor)}
            <h2>"Configuration"</h2> {configuration(&view.settings)} {dialog}
        </div>
    }
    .to_html()
}
