//! What the server renders of a page, often all of it: the browser shows it as it is, follows its links and filters without
//! leaving the page, and keeps it up to date.
//!
//! It works without scripts as well: every state of it, an open dialog too, is an address, and every change is a form that is
//! posted to the server. Where its HTML says `data-renew`, it is asked for again after so many seconds.

use leptos::{ev, html, prelude::*, task::spawn_local};
use leptos_router::{
    NavigateOptions,
    hooks::{use_location, use_navigate},
};
use wasm_bindgen::JsCast as _;
use worv_api::ApiError;

use super::{Failure, plot};
use crate::{
    api_handle::ApiHandle,
    at_once::AtOnce,
    live::{Connection, LiveFeed},
};

mod dialogs;
mod forms;
mod patch;

/// What the server has rendered for the page that it is about to send. In the browser there is none: there it is in the
/// document already.
#[derive(Clone, Debug, Default)]
pub struct Prepared(pub String);

/// What is shown until the part is there.
const LOADING: &str = "<p class=\"loading\">Loading</p>";

/// What somebody is busy with, which newer HTML would change beneath their hands.
const BUSY: &str = "dialog[open]:not([data-renewed]), .plot[data-at]";

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
            on:change=|event| forms::send(&event)
            on:pointermove=|event| plot::point_at(&event)
            on:pointerleave=|_| plot::clear()
            on:keydown=|event| plot::step(&event)
            on:click=|event| {
                plot::open(&event);
                dialogs::copy(&event);
            }
        ></div>
    })
}

/// What is known of a part.
#[derive(Clone, Copy)]
struct Part {
    api: StoredValue<ApiHandle>,
    /// What it is asked for by.
    address: Memo<String>,
    content: NodeRef<html::Div>,
    failure: RwSignal<Option<ApiError>>,
    /// Whether something else is wanted than what is shown.
    loading: RwSignal<bool>,
    /// Whether an answer is on its way.
    asking: StoredValue<bool>,
    /// When the last answer came, by the server's clock.
    loaded_at: StoredValue<Option<i64>>,
    /// The server's time, in Unix milliseconds; none before the first sample.
    now: Memo<Option<i64>>,
}

impl Part {
    fn new(root: &'static str, part: Option<&'static str>) -> Self {
        let samples = expect_context::<LiveFeed>().samples;
        let location = use_location();
        Self {
            api: StoredValue::new(ApiHandle::from_context()),
            address: Memo::new(move |before: Option<&String>| match (part, before) {
                (Some(part), _) => part.to_owned(),
                (None, Some(before)) if !location.pathname.with(|path| path.starts_with(root)) => before.clone(),
                _ => location.pathname.get() + &query(&location.search.get()),
            }),
            content: NodeRef::new(),
            failure: RwSignal::new(None),
            loading: RwSignal::new(false),
            asking: StoredValue::new(false),
            loaded_at: StoredValue::new(None),
            now: Memo::new(move |_| samples.with(|samples| samples.back().map(|sample| sample.at))),
        }
    }

    /// Asks for it. `opener` is the address from which another one was gone to.
    fn load(self, opener: Option<String>, is_other_page: bool) {
        self.asking.set_value(true);
        self.loading.set(is_other_page);
        let asked = self.address.get_untracked();
        let answer = self.api.with_value(|api| api.ask(|api| api.part(&asked)));
        spawn_local(async move {
            let answer = answer.await;
            // The answer to a question that is not asked any more.
            if self.address.try_get_untracked().as_ref() != Some(&asked) {
                return;
            }
            self.asking.set_value(false);
            self.loading.set(false);
            self.loaded_at.set_value(self.now.get_untracked());
            let Some(content) = self.content.get_untracked() else {
                return;
            };
            match answer {
                Ok(html) => {
                    self.failure.set(None);
                    patch::patch(&content, &html, is_other_page);
                    dialogs::attend(opener.as_deref());
                }
                Err(error) => {
                    if is_loading(&content) {
                        content.set_inner_html("");
                    }
                    self.failure.set(Some(error));
                }
            }
        });
    }

    /// Shows what belongs to the address, and again whenever `again` changes.
    fn follow_its_address(self, again: Signal<u32>) {
        Effect::new(move |before: Option<(String, u32)>| {
            let now = (self.address.get(), again.get());
            let is_there = || {
                self.content
                    .get_untracked()
                    .is_some_and(|content| !is_loading(&content))
            };
            match before {
                Some(before) if before != now => self.load(Some(before.0), true),
                None if !is_there() => self.load(None, true),
                None => {
                    dialogs::forget_form();
                    dialogs::attend(None);
                }
                Some(_) => {}
            }
            now
        });
    }

    /// Asks for it again as often as it wants, while it is seen and nobody is busy with it.
    fn keep_up_to_date(self) {
        Effect::new(move |_| {
            let (Some(now), Some(content)) = (self.now.get(), self.content.get_untracked()) else {
                return;
            };
            let Some(since) = self.loaded_at.get_value() else {
                return self.loaded_at.set_value(Some(now));
            };
            let is_due = renewal(&content).is_some_and(|seconds| now - since >= seconds * 1000);
            if is_due && !self.asking.get_value() && !document().hidden() && !found(BUSY) {
                self.load(None, false);
            }
        });
    }
}

/// A query as it follows a path.
fn query(search: &str) -> String {
    if search.is_empty() {
        String::new()
    } else {
        format!("?{search}")
    }
}

/// After how many seconds the content wants to be asked for again.
fn renewal(content: &web_sys::Element) -> Option<i64> {
    let element = content.query_selector("[data-renew]").ok()??;
    element.get_attribute("data-renew")?.parse().ok()
}

fn is_loading(content: &web_sys::Element) -> bool {
    matches!(content.query_selector(".loading"), Ok(Some(_)))
}

fn target(event: &ev::Event) -> Option<web_sys::Element> {
    event.target()?.dyn_into().ok()
}

fn found(selector: &str) -> bool {
    matches!(document().query_selector(selector), Ok(Some(_)))
}
