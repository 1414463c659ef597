//! The models: which one serves, which ones could, and the switch from one to the other. Everybody who has the page open
//! sees the same switch.

use leptos::prelude::*;
use worv_api::{EngineStatus, Profiles, Switch, Switches};

use super::{Visitor, parts};
use crate::format;

mod current;
mod history;
mod log;
mod profiles;
mod progress;
mod question;
mod steps;

/// The page's address.
const HOME: &str = "/models";

/// What the page shows.
#[derive(Clone, Debug)]
pub struct ModelsView {
    /// The models of the machine, and the process that runs one of them.
    pub profiles: Profiles,
    /// The switch under way and those before it, with the engine's log.
    pub switches: Switches,
    /// The engine as the gateway sees it.
    pub engine: EngineStatus,
    /// Requests under way.
    pub in_flight: u32,
    /// The profile that somebody is asked whether to switch to; empty for none.
    pub choosing: String,
}

impl ModelsView {
    /// Whether the gateway runs the engine, so that it can switch it.
    fn is_managed(&self) -> bool {
        self.profiles.process.is_some()
    }

    /// The profile that serves; empty for none.
    fn live(&self) -> &str {
        let live = self.profiles.profiles.iter().find(|profile| profile.live);
        live.map_or("", |profile| profile.name.as_str())
    }
}

/// The page.
pub fn models(view: &ModelsView, visitor: &Visitor) -> String {
    // Each second while something moves, and often enough to see what others begin.
    let renew = if view.switches.current.is_some() { "1" } else { "2" };
    let progress = view
        .switches
        .current
        .as_ref()
        .map(|switch| progress::progress(switch, visitor));
    let past = view.is_managed().then(|| {
        view! {
            {log::log(&view.switches.log)}
            {history::history(&view.switches.history, visitor)}
        }
    });
    view! {
        <div class="served models" data-renew=renew>
            {parts::notice(visitor)}
            {current::current(view, visitor)}
            {progress}
            {profiles::profiles(view, visitor)}
            {past}
            {question::question(view, visitor)}
        </div>
    }
    .to_html()
}

/// A switch in a line.
fn title(switch: &Switch) -> String {
    match switch.from.as_str() {
        "" => format!("Switching to {}", switch.to),
        from => format!("Switching from {from} to {}", switch.to),
    }
}

/// A time in seconds as people say it.
fn seconds(seconds: u64) -> String {
    format::duration(i64::try_from(seconds).unwrap_or(i64::MAX / 1000).saturating_mul(1000))
}
