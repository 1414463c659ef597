//! The console's server side: pages rendered here, a JSON API of the same types, and one live event stream.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use worv_core::{Clock, Entropy};
use worv_proxy::Gateway;
use worv_store::Store;

use crate::{edge::HostName, password::Passwords, serve::Node};

pub use api::Refusal;
pub use audit::{csv_line, entry as audit_entry, query as audit_query};
pub use headers::{SCRIPTLESS_POLICY, protect};
pub use keys::shown as shown_key;
pub use live::Live;
pub use pages::site_url;
pub use router::router;
pub use settings::effective as effective_settings;
pub use site::Site;
pub use tail::Tail;
pub use throttle::Throttle;
pub use users::user as shown_user;

mod activity;
mod administration;
mod api;
mod audit;
mod cookies;
mod events;
mod forms;
mod headers;
mod keys;
mod live;
mod login;
mod node;
mod openapi;
mod pages;
mod playground;
mod reconciliation;
mod reports;
mod router;
mod second_factor;
mod service;
mod session;
mod settings;
mod site;
mod tail;
mod throttle;
mod users;
mod views;

/// What every part of the console works with.
pub struct Console {
    /// Keys, users, sessions and the audit log.
    pub store: Store,
    /// The data path, for what keys ask of it.
    pub gateway: Arc<Gateway>,
    /// Live figures.
    pub live: Arc<Live>,
    /// The requests that end.
    pub tail: Arc<Tail>,
    /// The machine.
    pub node: Node,
    /// Checks passwords, a few at a time.
    pub passwords: Passwords,
    /// Slows down whoever guesses passwords.
    pub throttle: Throttle,
    /// Tells the time.
    pub clock: Clock,
    /// Makes session ids, tokens and keys.
    pub entropy: Entropy,
    /// The built console on disk.
    pub site: Site,
    /// How sessions live.
    pub sessions: SessionRules,
    /// The configuration that is in force, as it may be shown.
    pub settings: worv_api::EffectiveSettings,
    /// The host of the API, if it is not the console's own.
    pub api_host: Option<HostName>,
    /// Whether the engine and the GPUs are simulated.
    pub demo: bool,
    /// Cancelled when the gateway stops: event streams end, so that it can.
    pub stopping: CancellationToken,
}

/// How sessions live.
#[derive(Clone, Copy, Debug)]
pub struct SessionRules {
    /// Whether cookies are marked `Secure` and `__Host-`.
    pub secure_cookies: bool,
    /// How long a session lives without a request.
    pub idle: std::time::Duration,
    /// How long it lives in any case.
    pub absolute: std::time::Duration,
}
