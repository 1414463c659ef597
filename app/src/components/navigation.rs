//! The pages there are, and the way to them.

use leptos::prelude::*;
use leptos_router::components::A;

/// A page of the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Destination {
    /// Its address.
    pub(crate) path: &'static str,
    /// Its name.
    pub(crate) name: &'static str,
    /// The key that leads to it after `g`.
    pub(crate) key: &'static str,
    /// The name of its icon in the style sheet.
    icon: &'static str,
}

impl Destination {
    /// Every page, in the order of the navigation.
    pub(crate) const ALL: [Self; 2] = [
        Self {
            path: "/",
            name: "Overview",
            key: "o",
            icon: "pulse",
        },
        Self {
            path: "/keys",
            name: "Keys",
            key: "k",
            icon: "key",
        },
    ];
}

/// The links to all pages; the one that is shown is marked.
#[component]
pub(crate) fn Navigation() -> impl IntoView {
    view! {
        <nav class="navigation" aria-label="Pages">
            <ul>
                {Destination::ALL
                    .map(|Destination { path, name, icon, .. }| {
                        view! {
                            <li>
                                <A href=path exact=true>
                                    <span class="icon" data-icon=icon aria-hidden="true"></span>
                                    {name}
                                </A>
                            </li>
                        }
                    })
                    .collect_view()}
            </ul>
        </nav>
    }
}
