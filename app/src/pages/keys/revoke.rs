//! Revoking a key.

use leptos::prelude::*;
use worv_api::ApiKey;

use super::masked;
use crate::{
    api_handle::ApiHandle,
    at_once::AtOnce,
    components::{Dialog, Failure, open_about},
};

/// Says what revoking does, and does it.
#[component]
pub(crate) fn RevokeDialog(
    /// The key in question.
    revoking: RwSignal<Option<ApiKey>>,
    /// Called once the list of keys is another one.
    changed: Callback<()>,
) -> impl IntoView {
    let open = open_about(revoking);
    let title = Signal::derive(move || {
        revoking
            .with(|key| key.as_ref().map(|key| format!("Revoke {}?", key.name)))
            .unwrap_or_default()
    });
    view! {
        <Dialog open title>
            {move || revoking.get().map(|key| view! { <Question key open changed/> })}
        </Dialog>
    }
}

#[component]
fn Question(key: ApiKey, open: RwSignal<bool>, changed: Callback<()>) -> impl IntoView {
    let api = ApiHandle::from_context();
    let id = key.id;
    let revoke = Action::new(move |(): &()| {
        let answer = api.ask(|api| api.revoke_key(id));
        async move {
            answer.await?;
            open.set(false);
            changed.run(());
            Ok(())
        }
    });
    AtOnce(view! {
        {move || {
            let error = revoke.value().get().and_then(Result::err);
            error.map(|error| view! { <Failure what="The key was not revoked." error/> })
        }}
        <p>
            "Within a second, every request with " <code>{masked(&key)}</code>
            " is refused with status 401; requests under way are finished. "
            "This cannot be undone. The key stays in the list for the record."
        </p>
        <div class="button-row">
            <button class="button" type="button" autofocus on:click=move |_| open.set(false)>
                "Cancel"
            </button>
            <button
                class="button"
                data-kind="danger"
                type="button"
                disabled=revoke.pending()
                on:click=move |_| {
                    revoke.dispatch(());
                }
            >
                "Revoke key"
            </button>
        </div>
    })
}
