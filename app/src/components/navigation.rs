//! The pages there are, and the way to them.

use leptos::prelude::*;
use leptos_router::components::A;

use super::{Icon, IconView};

/// A page of the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Destination {
    /// Its address.
    pub(crate) path: &'static str,
    /// Its name.
    pub(crate) name: &'static str,
    /// The key that leads to it after `g`.
    pub(crate) key: &'static str,
    icon: Icon,
}

impl Destination {
    /// Every page, in the order of the navigation.
    pub(crate) const ALL: [Self; 2] = [
        Self {
            path: "/",
            name: "Overview",
            key: "o",
            icon: Icon::Pulse,
        },
        Self {
            path: "/keys",
            name: "Keys",
            key: "k",
            icon: Icon::Key,
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
                                    <IconView icon/>
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
