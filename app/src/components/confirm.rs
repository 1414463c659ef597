//! A question before something that cannot be undone or that others will notice.

use leptos::{ev, prelude::*};
use worv_api::ApiError;

use super::{Dialog, Failure};
use crate::at_once::AtOnce;

/// What has become of what was confirmed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Confirmation {
    /// The question stands.
    #[default]
    Asked,
    /// It is being done.
    UnderWay,
    /// It could not be done.
    Failed(ApiError),
}

/// The question: what will happen, and a button that makes it happen. Where something is to be typed first, the button
/// works once it has been.
#[component]
pub(crate) fn ConfirmDialog(
    /// Whether it is open.
    open: RwSignal<bool>,
    /// The question, such as `Revoke laptop?`
    #[prop(into)]
    title: Signal<String>,
    /// The words on the button that does it.
    confirm: &'static str,
    /// What is said if it could not be done, such as `The key was not revoked.`
    failed: &'static str,
    /// What has to be typed before the button works; nothing if it is empty.
    #[prop(optional, into)]
    typed: Signal<String>,
    /// What has become of it.
    state: RwSignal<Confirmation>,
    /// Does it.
    action: Callback<()>,
    /// What will happen.
    children: ChildrenFn,
) -> impl IntoView {
    let written = RwSignal::new(String::new());
    Effect::new(move |_| {
        if open.get() {
            written.set(String::new());
            state.set(Confirmation::Asked);
        }
    });
    let ready = Signal::derive(move || {
        let typed_right = typed.with(|typed| typed.is_empty() || written.with(|written| written.trim() == typed));
        typed_right && state.with(|state| *state != Confirmation::UnderWay)
    });
    let submit = Callback::new(move |()| {
        if ready.get_untracked() {
            state.set(Confirmation::UnderWay);
            action.run(());
        }
    });
    let children = StoredValue::new(children);
    view! {
        <Dialog open title>
            {move || children.with_value(|children| children())}
            <Answer open confirm failed typed written ready state submit/>
        </Dialog>
    }
}

/// The field and the buttons.
#[component]
fn Answer(
    open: RwSignal<bool>,
    confirm: &'static str,
    failed: &'static str,
    typed: Signal<String>,
    written: RwSignal<String>,
    ready: Signal<bool>,
    state: RwSignal<Confirmation>,
    submit: Callback<()>,
) -> impl IntoView {
    let failure = move || match state.get() {
        Confirmation::Failed(error) => Some(view! { <Failure what=failed error/> }.into_any()),
        _ => None,
    };
    let field = move || {
        typed
            .with(|typed| (!typed.is_empty()).then(|| typed.clone()))
            .map(|typed| {
                view! {
                    <label class="field">
                        <span class="field__label">"Type " <b>{typed}</b> " to confirm"</span>
                        <input
                            class="field__input"
                            autocomplete="off"
                            autocapitalize="none"
                            spellcheck="false"
                            autofocus
                            on:input=move |event| written.set(event_target_value(&event))
                        />
                    </label>
                }
                .into_any()
            })
    };
    let submitted = move |event: ev::SubmitEvent| {
        event.prevent_default();
        submit.run(());
    };
    let not_ready = Signal::derive(move || !ready.get());
    AtOnce(view! {
        <form class="form" on:submit=submitted>
            {failure}
            {field}
            <div class="button-row">
                <button class="button" type="button" on:click=move |_| open.set(false)>
                    "Cancel"
                </button>
                <button class="button" data-kind="danger" type="submit" disabled=not_ready>
                    {confirm}
                </button>
            </div>
        </form>
    })
}
