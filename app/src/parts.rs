//! Reports that the server renders, and what such parts of pages share. The browser takes them as they are, so none of this is
//! in the module that it downloads; what they can do there is in [`crate::components::ServerPart`].

use leptos::prelude::*;
use worv_api::{ApiError, Choices, Reports, RequestSummary};

use crate::{
    components::{Failure, SelectField},
    pages::{requests, usage},
    query::Query,
};

/// The part of a page of reports, for its address, as it is at `now` in Unix milliseconds; none for another page.
pub async fn reports_part(path: &str, query: &str, reports: &dyn Reports, now: i64) -> Option<String> {
    let query = Query::read(query);
    match path {
        "/usage" => Some(usage::part(&query, reports).await),
        "/requests" => Some(requests::part(&query, reports, now).await),
        _ => None,
    }
}

/// What is shown where a page cannot be.
pub fn failed(error: ApiError) -> String {
    html(|| view! { <Failure what="The page could not be loaded." error/> })
}

/// Requests that have ended until `now` in Unix milliseconds, as rows for the list that is open with this query.
pub fn request_rows(requests: &[RequestSummary], query: &str, now: i64) -> String {
    let query = Query::read(query);
    html(|| requests::rows(requests, &query, now))
}

/// A view as text. It is static: nothing in it outlives the call, and the marks by which the browser would bring it to life are
/// taken out.
pub(crate) fn html<V: RenderHtml>(view: impl FnOnce() -> V) -> String {
    let owner = Owner::new();
    let text = owner.with(|| view().to_html());
    owner.cleanup();
    text.replace("<!>", "")
}

/// What is shown in place of figures that cannot be had.
pub(crate) fn failure(what: &'static str, error: ApiError, path: &'static str) -> AnyView {
    view! {
        <Failure what error/>
        <p>
            <a href=path>"Start over without filters"</a>
        </p>
    }
    .into_any()
}

/// A choice whose values are names; the empty one stands for all.
pub(crate) fn filter(
    label: &'static str,
    name: &'static str,
    all: &str,
    options: impl IntoIterator<Item = (String, String)>,
    chosen: &str,
) -> AnyView {
    let mut options: Vec<_> = std::iter::once((String::new(), all.to_owned()))
        .chain(options)
        .collect();
    if !options.iter().any(|(value, _)| value == chosen) {
        options.push((chosen.to_owned(), chosen.to_owned()));
    }
    view! { <SelectField label name options chosen=chosen.to_owned()/> }.into_any()
}

/// The keys, as options of [`filter`].
pub(crate) fn keys(choices: &Choices) -> Vec<(String, String)> {
    choices
        .keys
        .iter()
        .map(|(id, name)| (id.to_string(), name.clone()))
        .collect()
}

/// Names that stand for themselves, as options of [`filter`].
pub(crate) fn named(names: &[String]) -> Vec<(String, String)> {
    names.iter().map(|name| (name.clone(), name.clone())).collect()
}

/// Names of the API, as options of [`filter`].
pub(crate) fn worded(names: &[String]) -> Vec<(String, String)> {
    names.iter().map(|name| (name.clone(), words(name))).collect()
}

/// A name of the API as people read it: `Engine failed`.
pub(crate) fn words(name: &str) -> String {
    match name {
        "claude_code" => "Claude Code".to_owned(),
        "codex" => "Codex".to_owned(),
        "curl" => "curl".to_owned(),
        "open_webui" => "Open WebUI".to_owned(),
        "openai_sdk" => "OpenAI SDK".to_owned(),
        "anthropic_sdk" => "Anthropic SDK".to_owned(),
        name => {
            let words = name.replace('_', " ");
            let (first, rest) = words.split_at(words.len().min(1));
            first.to_uppercase() + rest
        }
    }
}
