//! Requests: a live list of what was asked for and how it ended, and one request's time; never what was said.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

#[cfg(feature = "ssr")]
pub(crate) use self::{list::rows, part::part};
use crate::{
    at_once::AtOnce,
    components::{PageHeader, ServerPart},
    live::LiveFeed,
};

#[cfg(feature = "ssr")]
mod cells;
#[cfg(feature = "ssr")]
mod detail;
#[cfg(feature = "ssr")]
mod list;
#[cfg(feature = "ssr")]
mod part;

/// Rows that the list keeps while it grows.
const KEPT: u32 = 100;

/// The page. What it shows is rendered by the server, in `part`; requests that end while it is open are added at the top.
#[component]
pub(crate) fn RequestsPage() -> impl IntoView {
    let feed = expect_context::<LiveFeed>();
    let search = use_location().search;
    let paused = RwSignal::new(false);
    Effect::new(move |_| {
        let asked = search.get();
        // Older pages of the list have an end.
        let live = !paused.get() && !asked.contains("before=");
        feed.tail.set(live.then_some(asked));
    });
    on_cleanup(move || feed.tail.set(None));
    Effect::new(move |_| {
        if let Some(rows) = feed.ended.get() {
            add(&rows);
        }
    });
    AtOnce(view! {
        <PageHeader title="Requests">
            <button
                class="button"
                type="button"
                data-busy=move || paused.get().then_some("")
                on:click=move |_| paused.update(|paused| *paused = !*paused)
            >
                {move || if paused.get() { "Resume" } else { "Pause" }}
            </button>
        </PageHeader>
        <ServerPart root="/requests" again=feed.tail_opened/>
    })
}

/// Adds rows at the top of the list, if it is one that grows, and takes the oldest away.
fn add(rows: &str) {
    let Ok(Some(list)) = document().query_selector("tbody[data-live]") else {
        return;
    };
    // Refused only for elements outside of the document.
    drop(list.insert_adjacent_html("afterbegin", rows));
    // What ended while the list was fetched comes in both.
    let mut seen = Vec::new();
    let mut row = list.first_element_child();
    while let Some(here) = row {
        row = here.next_element_sibling();
        let id = here.get_attribute("data-id");
        if seen.contains(&id) {
            here.remove();
        }
        seen.push(id);
    }
    while list.child_element_count() > KEPT {
        let Some(oldest) = list.last_element_child() else {
            return;
        };
        oldest.remove();
    }
}
