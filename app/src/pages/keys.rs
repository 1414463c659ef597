//! The keys: who may use the inference API, and until when.

use leptos::{either::EitherOf3, prelude::*};
use worv_api::{ApiKey, ConsoleApi};

use self::{create::CreateDialog, created::CreatedDialog, revoke::RevokeDialog, table::KeyTable};
use crate::{
    PageSettings,
    api_handle::ApiHandle,
    at_once::AtOnce,
    components::{Failure, PageHeader},
};

mod create;
mod created;
mod order;
mod revoke;
mod snippets;
mod table;

/// The page.
#[component]
pub(crate) fn KeysPage() -> impl IntoView {
    let api = ApiHandle::from_context();
    let keys = Resource::new(|| (), move |()| api.ask(ConsoleApi::keys));
    let reload = Callback::new(move |()| keys.refetch());
    let creating = RwSignal::new(false);
    let created = RwSignal::new(None);
    let revoking = RwSignal::new(None);
    AtOnce(view! {
        <PageHeader title="Keys">
            <CreateButton creating/>
        </PageHeader>
        <Transition fallback=|| view! { <p class="loading">"Loading the keys"</p> }>
            {move || {
                keys.get()
                    .map(|answer| match answer {
                        Ok(keys) if keys.is_empty() => EitherOf3::A(view! { <NoKeys/> }),
                        Ok(keys) => EitherOf3::B(view! { <KeyTable keys revoking/> }),
                        Err(error) => {
                            EitherOf3::C(
                                view! { <Failure what="The keys could not be loaded." error retry=reload/> },
                            )
                        }
                    })
            }}
        </Transition>
        <p class="muted keys__note">
            "A key is stored as a digest only: its secret is shown once, when it is created. "
            "A change takes effect within a second."
        </p>
        <CreateDialog open=creating created changed=reload/>
        <CreatedDialog created/>
        <RevokeDialog revoking changed=reload/>
    })
}

/// Opens the dialog; administrators only.
#[component]
fn CreateButton(creating: RwSignal<bool>) -> impl IntoView {
    let admin = use_context::<PageSettings>().unwrap_or_default().is_admin();
    admin.then(|| {
        view! {
            <button class="button" data-kind="primary" type="button" on:click=move |_| creating.set(true)>
                <span class="icon" data-icon="plus" aria-hidden="true"></span>
                "Create key"
            </button>
        }
    })
}

/// What there is before the first key.
#[component]
fn NoKeys() -> impl IntoView {
    let advice = if use_context::<PageSettings>().unwrap_or_default().is_admin() {
        "Create one for each person or program that uses the inference API."
    } else {
        "An administrator can create one for you."
    };
    view! {
        <div class="panel empty">
            <strong>"There are no keys yet."</strong>
            <p>{advice}</p>
        </div>
    }
}

/// A key as it may be shown: its beginning and its end.
fn masked(key: &ApiKey) -> String {
    format!("{}…{}", key.prefix, key.last_four)
}
