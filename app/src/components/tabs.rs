//! The parts of a page, each at an address of its own.

use leptos::prelude::*;

use crate::at_once::AtOnce;

/// A part of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tab {
    /// Its address.
    pub(crate) address: String,
    /// Its name.
    pub(crate) name: String,
}

/// Links to the parts; the one that is shown is marked.
#[component]
pub(crate) fn Tabs(
    /// What the parts belong to, such as `GPU`.
    label: &'static str,
    /// The parts.
    tabs: Vec<Tab>,
    /// The position of the one that is shown.
    #[prop(into)]
    current: Signal<usize>,
) -> impl IntoView {
    let links: Vec<_> = tabs
        .into_iter()
        .enumerate()
        .map(|(position, tab)| {
            let mark = Signal::derive(move || (current.get() == position).then_some("page"));
            AtOnce(view! {
                <a href=tab.address aria-current=mark>
                    {tab.name}
                </a>
            })
            .into_any()
        })
        .collect();
    view! {
        <nav class="tabs" aria-label=label>
            {links}
        </nav>
    }
}
