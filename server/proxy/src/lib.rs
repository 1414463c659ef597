//! The data path: everything under `/v1`. Knows neither Leptos nor the database.
//!
//! A request's way, module by module: `routes` → `forward` → `authentication` → `envelope` → `admission` → `rewrite` → `engine` → `relay` → `settlement`.
//! What changes while it runs (keys, the engine's model) is a snapshot in the [`Gateway`] that others replace; the data path
//! never waits for them.

mod account;
mod admission;
mod answer;
mod audio_support;
mod authentication;
mod body;
mod calendar;
mod caller;
mod catalogue;
mod chat_repair;
mod client_kind;
mod config;
mod counters;
mod dialect;
mod echo;
mod engine;
mod engine_complaint;
mod envelope;
mod error;
mod fields;
mod form;
mod forward;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod gateway;
mod han;
mod headers;
mod http1;
mod json;
mod keys;
mod limits_route;
mod live;
mod media;
mod messages_documents;
mod messages_repair;
mod messages_support;
mod messages_translation;
mod minute;
mod models;
mod offered_tools;
mod output_budget;
mod payload;
mod piece_rate;
mod prompt_count;
mod queue;
mod rate_headers;
mod reasoning;
mod relay;
mod responses_words;
mod rewording;
mod rewrite;
mod routes;
mod server_sent_events;
mod settlement;
mod shield;
mod small_read;
mod speech;
mod thinking;
mod token_counts;
mod trace;

pub use account::{Allowance, BudgetUse, KeyDemand, KeyShare, SpentElsewhere};
pub use caller::Caller;
pub use config::{GatewayConfig, ModelProfile};
pub use counters::CounterSnapshot;
pub use fields::Fields;
pub use gateway::{Gateway, GatewayError};
pub use headers::{STRIPPED_FROM_REQUESTS, STRIPPED_FROM_RESPONSES, StrippedHeader};
pub use http1::{EngineRoutes, LastRequest, Rest};
pub use keys::KeyTable;
pub use live::EngineSnapshot;
pub use messages_support::MessagesSupport;
pub use queue::Intake;
pub use routes::{is_data_path, is_extra_route, not_found, router};
pub use shield::{FieldRule, SHIELDED_FIELDS, ShieldedField};
pub use speech::FORM_FIELDS;
pub use thinking::{TEMPLATE_KWARGS, ThinkingMap};
pub use trace::{TraceSink, TracedRequest, Tracing};
