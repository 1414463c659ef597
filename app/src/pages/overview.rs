//! Overview.

use leptos::prelude::*;
use leptos_meta::Title;

/// The page.
#[component]
pub(crate) fn OverviewPage() -> impl IntoView {
    view! {
        <Title text="Overview"/>
        <h1>"Overview"</h1>
    }
}
