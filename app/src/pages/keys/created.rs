//! The one time a secret is shown.

use leptos::prelude::*;
use worv_api::CreatedKey;

use super::snippets;
use crate::{
    PageSettings,
    at_once::AtOnce,
    components::{CopyField, Dialog, open_about},
    live::LiveFeed,
};

/// The name that every gateway understands for the model that is live.
const LIVE: &str = "live";

/// Shows the secret of a new key until the user says that it is stored.
#[component]
pub(crate) fn CreatedDialog(
    /// The new key.
    created: RwSignal<Option<CreatedKey>>,
) -> impl IntoView {
    let open = open_about(created);
    let title = Signal::derive(move || {
        created
            .with(|created| created.as_ref().map(|created| format!("{} is ready", created.key.name)))
            .unwrap_or_default()
    });
    view! {
        <Dialog open title kept_open=true>
            {move || created.get().map(|created| view! { <Secret created open/> })}
        </Dialog>
    }
}

#[component]
fn Secret(created: CreatedKey, open: RwSignal<bool>) -> impl IntoView {
    let settings = use_context::<PageSettings>().unwrap_or_default();
    let model = expect_context::<LiveFeed>()
        .engine
        .with_untracked(|engine| engine.as_ref().map(|engine| engine.model.clone()))
        .filter(|model| !model.is_empty())
        .unwrap_or_else(|| LIVE.to_owned());
    let url = if settings.inference_url.is_empty() {
        location().origin().unwrap_or_default()
    } else {
        settings.inference_url
    };
    let stored = RwSignal::new(false);
    AtOnce(view! {
        <div class="notice" data-tone="warn">
            <p>"Copy the key now. It is shown this once and cannot be read again."</p>
        </div>
        <CopyField label="Key" text=created.secret.clone()/>
        <CopyField label="Try it with curl" text=snippets::curl(&url, &created.secret, &model)/>
        <CopyField label="Use it with Claude Code" text=snippets::claude_code(&url, &created.secret, &model)/>
        <label class="checkbox">
            <input type="checkbox" on:change=move |event| stored.set(event_target_checked(&event))/>
            "I have stored it"
        </label>
        <div class="button-row">
            <button
                class="button"
                data-kind="primary"
                type="button"
                disabled=move || !stored.get()
                on:click=move |_| open.set(false)
            >
                "Done"
            </button>
        </div>
    })
}
