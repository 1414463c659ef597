//! What the server renders of a page, often all of it: the browser shows it as it is, follows its links and filters without
//! leaving the page, and keeps it up to date.
//!
//! It works without scripts as well: every state of it, an open dialog too, is an address, and every change is a form that is
//! posted to the server. Where its HTML says `data-renew`, it is asked for again after so many seconds; where it
//! says `data-until`, once that moment has come, in Unix milliseconds.

use leptos::{ev, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use wasm_bindgen::JsCast as _;

use self::part::Part;
use super::{Failure, plot, theme_switch};
use crate::{
    at_once::AtOnce,
    live::{Connection, LiveFeed},
};

mod dialogs;
mod forms;
mod part;
mod patch;

/// What the server has rendered for the page that it is about to send. In the browser there is none: there it is in the
/// document already.
#[derive(Clone, Debug, Default)]
pub struct Prepared(pub String);

/// What is shown until the part is there.
const LOADING: &str = "<p class=\"loading\">Loading</p>";

/// The part of a page that the server renders.
#[component]
pub(crate) fn ServerPart(
    /// The beginning of the addresses that it is rendered for: another page's are not its own.
    #[prop(optional)]
    root: &'static str,
    /// Its own address, where it is not the page's.
    #[prop(optional)]
    part: Option<&'static str>,
    /// Asks for it again whenever this changes.
    #[prop(optional, into)]
    again: Signal<u32>,
) -> impl IntoView {
    let prepared = use_context::<Prepared>().map_or_else(|| LOADING.to_owned(), |prepared| prepared.0);
    let part = Part::new(root, part);
    part.follow_its_address(again);
    part.keep_up_to_date();
    let navigate = StoredValue::new(use_navigate());
    let go = move |address: &str| {
        let options = NavigateOptions {
            scroll: false,
            ..NavigateOptions::default()
        };
        navigate.with_value(|navigate| navigate(address, options));
    };
    let submit = move |event: ev::SubmitEvent| {
        if let Some(address) = forms::address_of(&event) {
            event.prevent_default();
            go(&address);
        }
    };
    Effect::new(move |_| {
        if let Some(content) = part.content.get() {
            dialogs::listen(&content, go);
        }
    });
    let connection = expect_context::<LiveFeed>().connection;
    let is_stale = move || {
        let stream_is_up = matches!(connection.get(), Connection::Connecting | Connection::Live);
        !stream_is_up || part.failure.with(Option::is_some)
    };
    let retry = Callback::new(move |()| part.load(None, true));
    AtOnce(view! {
        {move || {
            part.failure
                .get()
                .map(|error| view! { <Failure what="What is shown could not be brought up to date." error retry/> })
        }}
        <div
            class="part"
            node_ref=part.content
            class:is-stale=is_stale
            aria-busy=move || part.loading.get().then_some("true")
            inner_html=prepared
            on:submit=submit
            on:change=|event| {
                forms::send(&event);
                theme_switch::choose(&event);
            }
            on:pointermove=|event| plot::point_at(&event)
            on:pointerleave=|_| plot::clear()
            on:focusout=|_| plot::clear()
            on:keydown=|event| plot::step(&event)
            on:click=|event| {
                plot::open(&event);
                dialogs::copy(&event);
            }
        ></div>
    })
}

fn target(event: &ev::Event) -> Option<web_sys::Element> {
    event.target()?.dyn_into().ok()
}

fn found(selector: &str) -> bool {
    matches!(document().query_selector(selector), Ok(Some(_)))
}
