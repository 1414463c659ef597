//! Where there is nothing to show.

use leptos::prelude::*;

/// Why there is nothing, and what to do about it.
#[component]
pub(crate) fn Empty(
    /// What there is not, such as `There are no keys yet.`
    title: &'static str,
    /// What to do about it.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="panel empty">
            <strong>{title}</strong>
            {children()}
        </div>
    }
}
