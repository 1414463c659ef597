//! A page that the server renders whole, inside the frame.

use leptos::{ev, html, prelude::*};
use leptos_router::{
    NavigateOptions,
    hooks::{use_location, use_navigate},
};
use wasm_bindgen::{JsCast as _, closure::Closure};

use crate::{
    api_handle::ApiHandle,
    at_once::AtOnce,
    components::{Failure, PageHeader, copy_text},
    live::{Connection, LiveFeed},
};

/// What somebody is busy with, which a newer version of the page would take away.
const BUSY: &str = ".served :is(:focus, dialog[open], details[open])";

/// The page of that title whose addresses begin with `root`.
#[component]
pub(crate) fn ServedPage(
    /// The page's name.
    title: &'static str,
    /// The beginning of its addresses: another page's are not its own.
    root: &'static str,
) -> impl IntoView {
    let api = ApiHandle::from_context();
    let location = use_location();
    let address = Memo::new(move |before: Option<&String>| {
        let (path, search) = (location.pathname.get(), location.search.get());
        let address = if search.is_empty() {
            path
        } else {
            format!("{path}?{search}")
        };
        match before {
            Some(before) if !address.starts_with(root) => before.clone(),
            _ => address,
        }
    });
    let view = Resource::new(
        move || address.get(),
        move |address| api.ask(move |api| api.view(address)),
    );
    let reload = Callback::new(move |()| view.refetch());
    keep_up_to_date(reload);
    let html = move || view.get().and_then(Result::ok).unwrap_or_default();
    let failure = move || {
        let error = view.get().and_then(Result::err)?;
        Some(view! { <Failure what="The page could not be loaded." error retry=reload/> }.into_any())
    };
    AtOnce(view! {
        <PageHeader title/>
        <Transition fallback=|| view! { <p class="loading">"Loading"</p> }>
            {failure}
            <Content html=Signal::derive(html) address/>
        </Transition>
    })
}

/// The server's HTML, and what a browser adds to it: dialogs that hold the focus, and buttons that copy.
#[component]
fn Content(html: Signal<String>, address: Memo<String>) -> impl IntoView {
    let content = NodeRef::<html::Div>::new();
    let connection = expect_context::<LiveFeed>().connection;
    let stale = move || !matches!(connection.get(), Connection::Connecting | Connection::Live);
    let navigate = use_navigate();
    Effect::new(move |before: Option<String>| {
        html.track();
        let address = address.get_untracked();
        let opener = before.filter(|before| *before != address);
        // The new HTML is in the document by the next frame.
        request_animation_frame(move || attend(opener.as_deref()));
        address
    });
    // Dialogs tell only themselves that they are closed, which is heard on the way down to them.
    let closed = move |event: ev::Event| {
        if let Some(back) = target(&event).and_then(|dialog| dialog.get_attribute("data-back")) {
            navigate(&back, NavigateOptions::default());
        }
    };
    let cancelled = move |event: ev::Event| {
        if target(&event).is_some_and(|dialog| dialog.has_attribute("data-kept")) {
            event.prevent_default();
        }
    };
    let clicked = move |event: ev::MouseEvent| {
        let button = target(&event).and_then(|element| element.closest("[data-copy]").ok().flatten());
        if let Some(button) = button {
            copy(&button);
        }
    };
    let listen = move |element: &web_sys::Element, name: &str, listener: Box<dyn Fn(ev::Event)>| {
        let listener = Closure::wrap(listener);
        let function = listener.as_ref().unchecked_ref();
        drop(element.add_event_listener_with_callback_and_bool(name, function, true));
        // It lives as long as the element that calls it.
        listener.forget();
    };
    Effect::new(move |_| {
        if let Some(content) = content.get() {
            listen(&content, "close", Box::new(closed.clone()));
            listen(&content, "cancel", Box::new(cancelled));
        }
    });
    AtOnce(
        view! { <div class="served-page" class:is-stale=stale node_ref=content on:click=clicked inner_html=html></div> },
    )
}

/// Asks for a newer version of the page now and then, where it says that it is worth it and nobody is busy with it.
fn keep_up_to_date(reload: Callback<()>) {
    let clock = expect_context::<LiveFeed>().clock;
    Effect::new(move |before: Option<Option<i64>>| {
        let now = clock.get();
        if before.flatten().is_some_and(|before| Some(before) != now) && found("[data-live]") && !found(BUSY) {
            reload.run(());
        }
        now
    });
}

/// Makes an open dialog hold the focus; where it has been closed, gives the focus back to the link that opened it.
fn attend(opener: Option<&str>) {
    let document = document();
    // A form's answer, asked for again, is its page and not the form once more.
    if let (Ok(history), Ok(here)) = (window().history(), window().location().href()) {
        drop(history.replace_state_with_url(&history.state().unwrap_or_default(), "", Some(&here)));
    }
    let dialog = document.query_selector(".served dialog[open]").ok().flatten();
    if let Some(dialog) = dialog.and_then(|dialog| dialog.dyn_into::<web_sys::HtmlDialogElement>().ok()) {
        if !dialog.matches(":modal").unwrap_or(true) {
            drop(dialog.remove_attribute("open"));
            drop(dialog.show_modal());
        }
    } else if let Some(opener) = opener {
        let link = document
            .query_selector(&format!(".served a[href='{opener}']"))
            .ok()
            .flatten();
        if let Some(link) = link.and_then(|link| link.dyn_into::<web_sys::HtmlElement>().ok()) {
            drop(link.focus());
        }
    }
}

/// Copies the text that a button belongs to, and says so on the button.
fn copy(button: &web_sys::Element) {
    let id = button.get_attribute("data-copy").unwrap_or_default();
    let field = document().get_element_by_id(&id);
    let field = field.and_then(|field| field.dyn_into::<web_sys::HtmlTextAreaElement>().ok());
    let words = button.query_selector("[role=status]").ok().flatten();
    if let (Some(field), Some(words)) = (field, words) {
        copy_text(field, move |outcome| words.set_text_content(Some(outcome.word())));
    }
}

fn target(event: &ev::Event) -> Option<web_sys::Element> {
    event.target()?.dyn_into().ok()
}

fn found(selector: &str) -> bool {
    matches!(document().query_selector(selector), Ok(Some(_)))
}
