//! Usage: what was used over time, by whom and for what, and how that compares with the time before.

use leptos::prelude::*;

#[cfg(feature = "ssr")]
pub(crate) use self::report::part;
use crate::{
    at_once::AtOnce,
    components::{PageHeader, ServerPart},
};

#[cfg(feature = "ssr")]
mod figure;
#[cfg(feature = "ssr")]
mod filters;
#[cfg(feature = "ssr")]
mod groups;
#[cfg(feature = "ssr")]
mod numbers;
#[cfg(feature = "ssr")]
mod report;
#[cfg(feature = "ssr")]
mod tiles;
#[cfg(feature = "ssr")]
mod words;

/// The page. What it shows is rendered by the server, in `report`.
#[component]
pub(crate) fn UsagePage() -> impl IntoView {
    AtOnce(view! {
        <PageHeader title="Usage"/>
        <ServerPart path="/usage" renewed=true/>
    })
}
