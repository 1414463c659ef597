//! The pages there are, and the way to them.

use leptos::prelude::*;
use leptos_router::components::A;

use crate::at_once::AtOnce;

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
    /// Every page, in the order of the navigation: what happens, who may use it, the machine, the console itself.
    /// A page is entered here when there is one at its address.
    pub(crate) const ALL: &[Self] = &[
        Self::new("/", "Overview", "o", "pulse"),
        Self::new("/usage", "Usage", "u", "chart"),
        Self::new("/requests", "Requests", "r", "list"),
        Self::new("/keys", "Keys", "k", "key"),
        Self::new("/gpus", "GPUs", "g", "chip"),
        Self::new("/models", "Models", "m", "layers"),
        Self::new("/playground", "Playground", "p", "chat"),
        Self::new("/audit", "Audit", "a", "clipboard"),
        Self::new("/users", "Users", "s", "people"),
        Self::new("/settings", "Settings", "e", "sliders"),
    ];

    const fn new(path: &'static str, name: &'static str, key: &'static str, icon: &'static str) -> Self {
        Self { path, name, key, icon }
    }
}

/// The links to all pages; the one that is shown is marked. A phone has the first ones at the bottom of the screen, and the
/// others behind a button beside them.
#[component]
pub(crate) fn Navigation() -> impl IntoView {
    let open = RwSignal::new(false);
    let links: Vec<_> = Destination::ALL.iter().map(link).collect();
    AtOnce(view! {
        <nav
            class="navigation"
            class:is-open=open
            aria-label="Pages"
            on:click=move |_| open.set(false)
            on:keydown=move |event| {
                if event.key() == "Escape" {
                    open.set(false);
                }
            }
        >
            <ul id="pages">{links}</ul>
            <button
                class="navigation__more"
                type="button"
                aria-expanded=move || open.get().to_string()
                aria-controls="pages"
                on:click=move |event| {
                    event.stop_propagation();
                    open.update(|open| *open = !*open);
                }
            >
                <span class="icon" data-icon="more" aria-hidden="true"></span>
                "More"
            </button>
        </nav>
    })
}

fn link(page: &Destination) -> AnyView {
    let Destination { path, name, icon, .. } = *page;
    view! {
        <li>
            <A href=path exact=true>
                <span class="icon" data-icon=icon aria-hidden="true"></span>
                {name}
            </A>
        </li>
    }
    .into_any()
}
