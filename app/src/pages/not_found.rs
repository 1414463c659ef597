//! What an unknown address shows.

use leptos::prelude::*;

use crate::{at_once::AtOnce, components::PageHeader};

/// The page.
#[component]
pub(crate) fn NotFoundPage() -> impl IntoView {
    AtOnce(view! {
        <PageHeader title="Not found"/>
        <div class="panel empty">
            <strong>"There is no such page."</strong>
            <p>"The address may be mistyped, or the page may have moved."</p>
            <a class="button" href="/">
                "Go to the overview"
            </a>
        </div>
    })
}
