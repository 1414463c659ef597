//! Creating a key.

use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast as _;
use worv_api::{CreatedKey, NewKey};

use crate::{
    api_handle::ApiHandle,
    at_once::AtOnce,
    components::{Dialog, Failure},
};

/// The choices of when a key expires: the value of the option and its words.
const EXPIRY: [(&str, &str); 5] = [
    ("7", "In 7 days"),
    ("30", "In 30 days"),
    ("90", "In 90 days"),
    ("365", "In a year"),
    ("", "Never"),
];

/// The choice that is made already.
const USUAL_EXPIRY: &str = "90";

/// Asks for what a key needs.
#[component]
pub(crate) fn CreateDialog(
    /// Whether the dialog is open.
    open: RwSignal<bool>,
    /// Set to the key once it exists.
    created: RwSignal<Option<CreatedKey>>,
    /// Called once the list of keys is another one.
    changed: Callback<()>,
) -> impl IntoView {
    view! {
        <Dialog open title="Create a key".to_owned()>
            <CreateForm open created changed/>
        </Dialog>
    }
}

#[component]
fn CreateForm(open: RwSignal<bool>, created: RwSignal<Option<CreatedKey>>, changed: Callback<()>) -> impl IntoView {
    let api = ApiHandle::from_context();
    let create = Action::new(move |new: &NewKey| {
        let answer = api.ask(|api| api.create_key(new.clone()));
        async move {
            let key = answer.await?;
            open.set(false);
            created.set(Some(key));
            changed.run(());
            Ok(())
        }
    });
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if let Some(new) = filled_in(&event) {
            create.dispatch(new);
        }
    };
    AtOnce(view! {
        <form class="form" on:submit=submit>
            {move || {
                let error = create.value().get().and_then(Result::err);
                error.map(|error| view! { <Failure what="The key was not created." error/> })
            }}
            <label class="field">
                <span class="field__label">"Name"</span>
                <input
                    class="field__input"
                    name="name"
                    required
                    maxlength="100"
                    pattern=".*\\S.*"
                    title="At least one character that is not a space"
                    autocomplete="off"
                    autofocus
                />
                <span class="field__hint">"What uses it, such as “nightly evaluation”."</span>
            </label>
            <label class="field">
                <span class="field__label">"Owner"</span>
                <input class="field__input" name="owner" maxlength="100" autocomplete="off"/>
            </label>
            <label class="field">
                <span class="field__label">"Note"</span>
                <textarea class="field__input" name="note" maxlength="500"></textarea>
            </label>
            <label class="field">
                <span class="field__label">"Expires"</span>
                <select class="field__input" name="expires">
                    {EXPIRY
                        .map(|(days, words)| {
                            view! {
                                <option value=days selected=days == USUAL_EXPIRY>
                                    {words}
                                </option>
                            }
                        })
                        .collect_view()}
                </select>
            </label>
            <div class="button-row">
                <button class="button" type="button" on:click=move |_| open.set(false)>
                    "Cancel"
                </button>
                <button class="button" data-kind="primary" type="submit" disabled=create.pending()>
                    {move || if create.pending().get() { "Creating" } else { "Create key" }}
                </button>
            </div>
        </form>
    })
}

/// What the form asks for.
fn filled_in(event: &ev::SubmitEvent) -> Option<NewKey> {
    let form = event.target()?.dyn_into::<web_sys::HtmlFormElement>().ok()?;
    let fields = web_sys::FormData::new_with_form(&form).ok()?;
    let text = |name| fields.get(name).as_string().unwrap_or_default().trim().to_owned();
    Some(NewKey {
        name: text("name"),
        owner: text("owner"),
        note: text("note"),
        // "Never" has no days.
        expires_in_days: text("expires").parse().ok(),
        ..NewKey::default()
    })
}
