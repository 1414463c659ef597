//! The row of controls above what they act on.

use leptos::prelude::*;

/// A row of controls; it wraps where it is too narrow for all of them.
#[component]
pub(crate) fn Toolbar(
    /// What the controls act on, such as `Filters`.
    label: &'static str,
    /// The controls.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="toolbar" role="group" aria-label=label>
            {children()}
        </div>
    }
}
