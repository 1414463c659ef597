//! Says on every page that nothing here is real.

use leptos::prelude::*;

use super::{Icon, IconView};
use crate::session::Session;

/// Shown while the engine and the GPUs are simulated.
#[component]
pub(crate) fn DemoBanner() -> impl IntoView {
    let session = expect_context::<Session>();
    view! {
        <Suspense>
            {move || {
                session
                    .is_demo()
                    .then(|| {
                        view! {
                            <p class="demo-banner">
                                <IconView icon=Icon::Warning/>
                                <span>"Demo: simulated engine and GPUs"</span>
                            </p>
                        }
                    })
            }}
        </Suspense>
    }
}
