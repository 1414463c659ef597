//! The console: its pages, components and charts, compiled for the server and for wasm.
//!
//! The server renders [`shell()`] around [`App`] and provides [`api::Api`] through context; the browser hydrates [`App`]
//! with its own [`api::Api`] and feeds [`live::LiveFeed`] from the event stream. Nothing here knows where data comes from.

#![recursion_limit = "512"]
#![expect(
    unreachable_pub,
    reason = "the component macro makes what it generates public, whatever its module is"
)]

pub use components::Prepared;
pub use format::whole;
pub use login::{LoginError, LoginForm, SecondFactorForm, login_document, second_factor_document};
#[cfg(feature = "ssr")]
pub use parts::{failed, reports_part, request_rows};
pub use root::App;
pub use settings::PageSettings;
pub use shell::{ShellOptions, shell};
pub use theme::Theme;
pub use worv_api as api;

pub mod backoff;
pub mod live;
pub mod quoting;
#[cfg(feature = "ssr")]
pub mod served;

mod api_handle;
mod at_once;
mod chart;
mod components;
mod figures;
mod format;
mod gpu_condition;
mod login;
mod pages;
#[cfg(feature = "ssr")]
mod parts;
#[cfg(feature = "ssr")]
mod query;
mod root;
mod settings;
mod shell;
mod theme;
