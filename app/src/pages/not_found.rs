//! What an unknown address shows.

use leptos::prelude::*;
use leptos_meta::Title;

/// The page.
#[component]
pub(crate) fn NotFoundPage() -> impl IntoView {
    view! {
        <Title text="Not found"/>
        <h1>"There is no such page"</h1>
        <p>
            <a href="/">"Go to the overview"</a>
        </p>
    }
}
