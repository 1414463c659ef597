//! What is shown where something could not be fetched or done.

use leptos::prelude::*;
use worv_api::ApiError;

/// What failed and why, with a button that tries again.
#[component]
pub(crate) fn Failure(
    /// What failed, such as `The keys could not be loaded.`
    #[prop(into)]
    what: String,
    /// Why.
    error: ApiError,
    /// Tries again; no button without it.
    #[prop(optional, into)]
    retry: Option<Callback<()>>,
) -> impl IntoView {
    let code = (error.status != 0).then(|| format!(" (status {}, {})", error.status, error.code));
    view! {
        <div class="notice" data-tone="bad" role="alert">
            <p>
                <strong>{what}</strong>
                " "
                {error.message}
                <span class="muted">{code}</span>
            </p>
            {retry
                .map(|retry| {
                    view! {
                        <button class="button" type="button" on:click=move |_| retry.run(())>
                            "Try again"
                        </button>
                    }
                })}
        </div>
    }
}
