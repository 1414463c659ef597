//! What the page shows for an address.

use leptos::prelude::*;
use worv_api::{ApiError, Choices, Reports, RequestDetail, RequestPage};

use super::{detail::detail, list};
use crate::{
    parts::{self, failure, html},
    query::Query,
};

/// The filters, the request that is chosen, and the list or why there is none.
pub(crate) async fn part(query: &Query, reports: &dyn Reports, now: i64) -> String {
    let page = reports.requests(&query.without("request").text()).await;
    let choices = reports.choices().await.unwrap_or_default();
    let chosen = match query.get("request") {
        "" => None,
        id => Some(reports.request(id).await),
    };
    html(|| view(query, page, chosen, &choices, now))
}

fn view(
    query: &Query,
    page: Result<RequestPage, ApiError>,
    chosen: Option<Result<RequestDetail, ApiError>>,
    choices: &Choices,
    now: i64,
) -> AnyView {
    let chosen = chosen.map(|chosen| match chosen {
        Ok(chosen) => detail(&chosen, query),
        Err(error) => failure("This request cannot be shown.", error, "/requests"),
    });
    let list = match page {
        Ok(page) => list::list(&page, query, now),
        Err(error) => failure("These requests cannot be listed.", error, "/requests"),
    };
    view! {
        <div class="usage">
            {filters(query, choices)}
            {chosen}
            {list}
        </div>
    }
    .into_any()
}

/// The form. It works without scripts; with them it is sent at each choice.
fn filters(query: &Query, choices: &Choices) -> AnyView {
    let statuses = ["2xx", "4xx", "5xx"].map(|status| (status.to_owned(), status.to_owned()));
    view! {
        <form class="toolbar" method="get" action="/requests" aria-label="Which requests are shown">
            {parts::filter("Key", "key", "All keys", parts::keys(choices), query.get("key"))}
            {parts::filter("Model", "model", "All models", parts::named(&choices.models), query.get("model"))}
            {parts::filter("Endpoint", "endpoint", "All endpoints", parts::named(&choices.endpoints), query.get("endpoint"))}
            {parts::filter("Outcome", "outcome", "All outcomes", parts::worded(&choices.outcomes), query.get("outcome"))}
            {parts::filter("Client", "client", "All clients", parts::worded(&choices.clients), query.get("client"))}
            {parts::filter("Status", "status", "All statuses", statuses, query.get("status"))}
            <button class="button toolbar__submit" type="submit">
                "Show"
            </button>
        </form>
    }
    .into_any()
}
