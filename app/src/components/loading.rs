//! What is shown until an answer is there, and what then.

use leptos::prelude::*;
use serde::{Serialize, de::DeserializeOwned};
use worv_api::ApiError;

use super::Failure;
use crate::at_once::AtOnce;

/// What a page asked for: it says that it is loading, what went wrong with a button that tries again, or what there is.
/// While a newer answer is on its way, the one before stays.
pub(crate) fn loaded<T>(
    resource: Resource<Result<T, ApiError>>,
    // What is loaded, such as `the keys`.
    what: &'static str,
    show: impl Fn(T) -> AnyView + Send + Sync + 'static,
) -> AnyView
where
    T: Clone + Send + Sync + Serialize + DeserializeOwned + 'static,
{
    let retry = Callback::new(move |()| resource.refetch());
    let content = move || {
        resource.get().map(|answer| match answer {
            Ok(answer) => show(answer),
            Err(error) => failed(what, error, retry),
        })
    };
    AtOnce(view! {
        <Transition fallback=move || view! { <p class="loading">"Loading " {what}</p> }>{content}</Transition>
    })
    .into_any()
}

fn failed(what: &'static str, error: ApiError, retry: Callback<()>) -> AnyView {
    let mut text = what.to_owned();
    // The first letter is one of ours, in ASCII.
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    view! { <Failure what=format!("{text} could not be loaded.") error retry/> }.into_any()
}
