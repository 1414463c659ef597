//! Says that the server runs another build than the one this page is from.

use leptos::prelude::*;

use crate::live::LiveFeed;

/// Shown once the server has been found to be another version.
#[component]
pub(crate) fn VersionNotice() -> impl IntoView {
    let outdated = expect_context::<LiveFeed>().outdated;
    view! {
        <div class="notice version-notice" data-tone="neutral" role="status" hidden=move || !outdated.get()>
            <p>"There is a new version of the console."</p>
            <button class="button" type="button" on:click=move |_| drop(window().location().reload())>
                "Reload"
            </button>
        </div>
    }
}
