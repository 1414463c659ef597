//! Says on every page that nothing here is real.

use leptos::prelude::*;

use crate::PageSettings;

/// Shown while the engine and the GPUs are simulated.
#[component]
pub(crate) fn DemoBanner() -> impl IntoView {
    let demo = use_context::<PageSettings>().unwrap_or_default().is_demo();
    demo.then(|| {
        view! {
            <p class="demo-banner">
                <span class="icon" data-icon="warning" aria-hidden="true"></span>
                "Demo: simulated engine and GPUs"
            </p>
        }
    })
}
