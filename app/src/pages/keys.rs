//! Keys.

use leptos::prelude::*;
use leptos_meta::Title;

/// The page.
#[component]
pub(crate) fn KeysPage() -> impl IntoView {
    view! {
        <Title text="Keys"/>
        <h1>"Keys"</h1>
    }
}
