//! A part of a page that the server renders: the browser shows it as it is, follows its links and forms without leaving the
//! page, and asks for it again.

use leptos::{ev, html, prelude::*, task::spawn_local};
use leptos_router::{
    NavigateOptions,
    hooks::{use_location, use_navigate},
};
use wasm_bindgen::JsCast as _;
use worv_api::{ApiError, ConsoleApi as _};

use super::{Failure, plot};
use crate::{api_handle::ApiHandle, at_once::AtOnce, live::LiveFeed};

/// What the server has rendered for the page that it is about to send. In the browser there is none: there it is in the
/// document already.
#[derive(Clone, Debug, Default)]
pub struct Prepared(pub String);

/// What is shown until the part is there.
const LOADING: &str = "<p class=\"loading\">Loading</p>";

/// How old a part may grow before it is asked for again, in milliseconds.
const FRESH: i64 = 60_000;

/// The part of a page that the server renders for the address with its query.
#[component]
pub(crate) fn ServerPart(
    /// The page's path.
    path: &'static str,
    /// Whether it is asked for again from time to time.
    #[prop(optional)]
    renewed: bool,
    /// Asks for it again whenever this changes.
    #[prop(optional, into)]
    again: Signal<u32>,
) -> impl IntoView {
    let prepared = use_context::<Prepared>().map_or_else(|| LOADING.to_owned(), |prepared| prepared.0);
    let api = ApiHandle::from_context();
    let search = use_location().search;
    let clock = expect_context::<LiveFeed>().clock;
    let navigate = StoredValue::new(use_navigate());
    let part = NodeRef::<html::Div>::new();
    let failure = RwSignal::new(None::<ApiError>);
    let loading = RwSignal::new(false);
    let loaded_at = StoredValue::new(None::<i64>);
    let load = Callback::new(move |()| {
        loading.set(true);
        let asked = search.get_untracked();
        let answer = api.ask(|api| api.part(path, &asked));
        spawn_local(async move {
            let answer = answer.await;
            // The answer to a question that is not asked any more.
            if search.try_get_untracked().as_ref() != Some(&asked) {
                return;
            }
            loading.set(false);
            loaded_at.set_value(clock.get_untracked());
            match answer {
                Ok(html) => {
                    failure.set(None);
                    replace(part, &html);
                }
                Err(error) => failure.set(Some(error)),
            }
        });
    });
    Effect::new(move |before: Option<(String, u32)>| {
        let now = (search.get(), again.get());
        let is_there = before.is_none() && part.get_untracked().is_some_and(|part| !is_loading(&part));
        if !is_there && before.as_ref() != Some(&now) {
            load.run(());
        }
        now
    });
    Effect::new(move |_| {
        let (Some(now), true) = (clock.get(), renewed) else {
            return;
        };
        let since = loaded_at.get_value();
        if since.is_none() {
            loaded_at.set_value(Some(now));
        } else if since.is_some_and(|since| now - since >= FRESH) && !is_in_use(part) {
            load.run(());
        }
    });

    let submit = move |event: ev::SubmitEvent| {
        if let Some(query) = query_of(&event) {
            event.prevent_default();
            let options = NavigateOptions {
                scroll: false,
                ..NavigateOptions::default()
            };
            navigate.with_value(|navigate| navigate(&format!("{path}{query}"), options));
        }
    };
    AtOnce(view! {
        {move || {
            failure
                .get()
                .map(|error| view! { <Failure what="What is shown could not be brought up to date." error retry=load/> })
        }}
        <div
            class="part"
            node_ref=part
            class:is-stale=move || failure.with(Option::is_some)
            aria-busy=move || loading.get().then_some("true")
            inner_html=prepared
            on:submit=submit
            on:change=|event| send_form(&event)
            on:pointermove=|event| plot::point_at(&event)
            on:pointerleave=|_| plot::clear()
            on:keydown=|event| plot::step(&event)
            on:click=|event| plot::open(&event)
        ></div>
    })
}

/// Puts a newer part in place; what has the focus keeps it, by its name.
fn replace(part: NodeRef<html::Div>, html: &str) {
    let Some(part) = part.get_untracked() else { return };
    let focused = document()
        .active_element()
        .filter(|element| part.contains(Some(element)));
    let name = focused.and_then(|element| element.get_attribute("name").or_else(|| element.get_attribute("href")));
    part.set_inner_html(html);
    let Some(name) = name else { return };
    let selector = format!("[name={name:?}], [href={name:?}]");
    if let Ok(Some(element)) = part.query_selector(&selector)
        && let Ok(element) = element.dyn_into::<web_sys::HtmlElement>()
    {
        // Refused only for what cannot have the focus.
        drop(element.focus());
    }
}

fn is_loading(part: &web_sys::Element) -> bool {
    matches!(part.query_selector(".loading"), Ok(Some(_)))
}

/// Whether the user is at something in it that would change beneath their hands.
fn is_in_use(part: NodeRef<html::Div>) -> bool {
    part.get_untracked().is_some_and(|part| {
        matches!(
            part.query_selector(":focus, .plot[data-at], details[open]"),
            Ok(Some(_))
        )
    })
}

/// The query that a form would send, with its `?`; without the fields that are empty.
fn query_of(event: &ev::SubmitEvent) -> Option<String> {
    let form = event.target()?.dyn_into::<web_sys::HtmlFormElement>().ok()?;
    let fields = web_sys::FormData::new_with_form(&form).ok()?;
    let given = web_sys::UrlSearchParams::new_with_str_sequence_sequence(&fields).ok()?;
    let kept = web_sys::UrlSearchParams::new().ok()?;
    for pair in js_sys::try_iter(&given).ok()??.flatten() {
        let pair = js_sys::Array::from(&pair);
        if let (Some(name), Some(value)) = (pair.get(0).as_string(), pair.get(1).as_string())
            && !value.is_empty()
        {
            kept.append(&name, &value);
        }
    }
    Some(format!("?{}", String::from(kept.to_string())))
}

/// Sends a form as soon as a choice in it has changed.
fn send_form(event: &ev::Event) {
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let form = target.and_then(|target| target.closest("form").ok().flatten());
    if let Some(form) = form.and_then(|form| form.dyn_into::<web_sys::HtmlFormElement>().ok()) {
        // Refused only where a field is not valid yet, which the browser says.
        drop(form.request_submit());
    }
}
