//! Keyboard shortcuts, and the dialog that lists them.

use leptos::{ev, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use wasm_bindgen::JsCast as _;

use super::{Destination, Dialog};
use crate::at_once::AtOnce;

/// How long after `g` its second key is waited for, in milliseconds.
const PATIENCE: f64 = 1500.0;

/// Listens to the keyboard while the console is open.
#[component]
pub(crate) fn Shortcuts(
    /// Whether the list of shortcuts is open.
    help: RwSignal<bool>,
    /// Whether the command palette is open.
    palette: RwSignal<bool>,
) -> impl IntoView {
    let navigate = use_navigate();
    let pressed_g_at = StoredValue::new(None::<f64>);
    Effect::new(move |_| {
        let navigate = navigate.clone();
        let listener = window_event_listener(ev::keydown, move |event| {
            if opens_palette(&event) {
                event.prevent_default();
                palette.set(true);
                return;
            }
            if is_for_something_else(&event) {
                return;
            }
            let after_g = pressed_g_at
                .get_value()
                .is_some_and(|at| event.time_stamp() - at < PATIENCE);
            pressed_g_at.set_value((event.key() == "g" && !after_g).then(|| event.time_stamp()));
            if event.key() == "?" {
                event.prevent_default();
                help.set(true);
            } else if event.key() == "/" && focus_filter() {
                event.prevent_default();
            } else if after_g && let Some(destination) = Destination::ALL.iter().find(|page| page.key == event.key()) {
                event.prevent_default();
                navigate(destination.path, NavigateOptions::default());
            }
        });
        on_cleanup(move || listener.remove());
    });
    view! {
        <Dialog open=help title="Keyboard shortcuts">
            <List help/>
        </Dialog>
    }
}

#[component]
fn List(help: RwSignal<bool>) -> impl IntoView {
    AtOnce(view! {
        <dl class="shortcuts">
            {Destination::ALL
                .iter()
                .map(|page| {
                    view! {
                        <dt>
                            <kbd>"g"</kbd>
                            " "
                            <kbd>{page.key}</kbd>
                        </dt>
                        <dd>{page.name}</dd>
                    }
                })
                .collect_view()}
            <dt>
                <kbd>"Ctrl"</kbd>
                " "
                <kbd>"K"</kbd>
            </dt>
            <dd>"Go to a page by its name"</dd>
            <dt>
                <kbd>"/"</kbd>
            </dt>
            <dd>"The page's search, where it has one"</dd>
            <dt>
                <kbd>"?"</kbd>
            </dt>
            <dd>"This list"</dd>
            <dt>
                <kbd>"Esc"</kbd>
            </dt>
            <dd>"Close a dialog"</dd>
        </dl>
        <div class="button-row">
            <button class="button" type="button" on:click=move |_| help.set(false)>
                "Close"
            </button>
        </div>
    })
}

/// Ctrl K, or what stands for it on a Mac.
fn opens_palette(event: &web_sys::KeyboardEvent) -> bool {
    let is_free = matches!(document().query_selector("dialog[open]"), Ok(None));
    (event.ctrl_key() || event.meta_key()) && event.key() == "k" && is_free
}

/// Puts the cursor into the page's search; whether there is one.
fn focus_filter() -> bool {
    let found = document().query_selector("main input[type=search]").ok().flatten();
    let search = found.and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok());
    search.is_some_and(|search| search.focus().is_ok())
}

/// Whether the key belongs to the browser, to a field or to an open dialog.
fn is_for_something_else(event: &web_sys::KeyboardEvent) -> bool {
    if event.ctrl_key() || event.meta_key() || event.alt_key() || event.is_composing() {
        return true;
    }
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let within = |selector| {
        target
            .as_ref()
            .is_some_and(|element| matches!(element.closest(selector), Ok(Some(_))))
    };
    within("textarea, select, input:not([type=radio], [type=checkbox])")
        || matches!(document().query_selector("dialog[open]"), Ok(Some(_)))
}
