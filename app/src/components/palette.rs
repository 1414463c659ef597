//! The command palette: pages by their names.

use leptos::{ev, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use wasm_bindgen::JsCast as _;

use super::{Destination, Dialog};
use crate::at_once::AtOnce;

/// A dialog in which a few letters lead to a page.
#[component]
pub(crate) fn Palette(
    /// Whether it is open.
    open: RwSignal<bool>,
) -> impl IntoView {
    view! {
        <Dialog open title="Go to">
            <Search open/>
        </Dialog>
    }
}

#[component]
fn Search(open: RwSignal<bool>) -> impl IntoView {
    let navigate = use_navigate();
    let typed = RwSignal::new(String::new());
    let found = move |page: &&Destination| typed.with(|typed| page.name.to_ascii_lowercase().contains(typed.as_str()));
    let items = move || {
        let items = Destination::ALL.iter().filter(found).map(|page| {
            view! {
                <li>
                    <a class="palette__item" href=page.path>
                        {page.name}
                        <span class="muted">{page.path}</span>
                    </a>
                </li>
            }
            .into_any()
        });
        items.collect::<Vec<_>>()
    };
    let is_nothing = move || Destination::ALL.iter().filter(found).count() == 0;
    let pressed = move |event: ev::KeyboardEvent| {
        if event.key() == "Enter"
            && let Some(page) = Destination::ALL.iter().find(found)
        {
            event.prevent_default();
            open.set(false);
            navigate(page.path, NavigateOptions::default());
        }
    };
    let input = move |event: ev::Event| {
        let field = event
            .target()
            .and_then(|target| target.dyn_into::<web_sys::HtmlInputElement>().ok());
        typed.set(
            field
                .map(|field| field.value().trim().to_ascii_lowercase())
                .unwrap_or_default(),
        );
    };
    AtOnce(view! {
        <input
            class="field__input"
            type="search"
            aria-label="Page"
            placeholder="The name of a page; Enter opens the first"
            autofocus
            on:input=input
            on:keydown=pressed
        />
        <ul class="palette" on:click=move |_| open.set(false)>
            {items}
        </ul>
        <p class="muted" role="status" hidden=move || !is_nothing()>
            "There is no page of that name."
        </p>
    })
}
