//! The list of requests.

use leptos::prelude::*;
use worv_api::{RequestPage, RequestSummary};

use super::cells::{model, outcome};
use crate::{format, parts, query::Query};

/// The headings of the columns after the first, and what they are like.
const COLUMNS: [(&str, &str); 9] = [
    ("Key", ""),
    ("Model", ""),
    ("Endpoint", "is-secondary"),
    ("Client", "is-secondary"),
    ("Outcome", ""),
    ("Input", "is-number"),
    ("Output", "is-number"),
    ("First token", "is-number requests__first-token"),
    ("Duration", "is-number"),
];

/// A page of the list as it is at `now`, with the way to the next one. It holds until midnight: from then on its rows are of
/// another day.
pub(super) fn list(page: &RequestPage, query: &Query, now: i64) -> AnyView {
    let headings: Vec<_> = COLUMNS
        .iter()
        .map(|(name, class)| {
            view! {
                <th scope="col" class=*class>
                    {*name}
                </th>
            }
        })
        .collect();
    let first_page = query.get("before").is_empty();
    let rows = rows(&page.requests, query, now);
    let newest = (!first_page).then(|| {
        let address = query.without("before").on("/requests");
        view! { <a class="button" href=address>"Newest"</a> }
    });
    let next = page.next.as_ref().map(|next| {
        let address = query.with("before", next).without("request").on("/requests");
        view! { <a class="button" href=address>"Older"</a> }
    });
    view! {
        <div class="panel table-panel requests" tabindex="0" role="region" aria-label="Requests, the latest first">
            <table class="table requests__list" data-cards="">
                <thead>
                    <tr>
                        <th scope="col">"Came in (UTC)"</th>
                        {headings}
                    </tr>
                </thead>
                <tbody data-live=first_page.then_some("") data-until=format::end_of_day(now)>
                    {rows}
                </tbody>
            </table>
            <p class="requests__none">{none(page)}</p>
        </div>
        <nav class="button-row" aria-label="Pages of the list">
            {newest} {next}
        </nav>
    }
    .into_any()
}

/// Rows of the list. A moment of another day than `now` comes with its day.
pub(crate) fn rows(requests: &[RequestSummary], query: &Query, now: i64) -> Vec<AnyView> {
    let today = format::date(now);
    requests.iter().map(|request| row(request, query, &today)).collect()
}

/// What is said while there is no row.
fn none(page: &RequestPage) -> &'static str {
    if page.next.is_some() {
        "None of the 10,000 requests that were looked at is like this. Look at older ones, or choose fewer filters."
    } else {
        "There is no such request. Requests appear here as they end."
    }
}

fn row(request: &RequestSummary, query: &Query, today: &str) -> AnyView {
    let address = query.with("request", &request.id).on("/requests");
    let of_key = query.with("key", request.key_id).without("before").on("/requests");
    let chosen = query.get("request") == request.id;
    let numbers = [
        format::thousands(request.prompt_tokens),
        format::thousands(request.completion_tokens),
        request
            .first_byte_ms
            .map_or_else(|| "–".to_owned(), |millis| format::millis(millis.into())),
        format::millis(request.duration_ms.into()),
    ];
    let day = format::date(request.started_at);
    let is_of_another_day = day != today;
    let title = format!("{day} UTC, {}", request.id);
    let numbers: Vec<_> = COLUMNS
        .iter()
        .skip(5)
        .zip(numbers)
        .map(|((name, class), number)| {
            view! {
                <td class=*class data-label=*name>
                    {number}
                </td>
            }
        })
        .collect();
    view! {
        <tr data-id=request.id.clone() aria-current=chosen.then_some("true")>
            <th scope="row" class:is-twofold=is_of_another_day>
                <a href=address title=title>
                    <time datetime=format::iso(request.started_at)>{format::time(request.started_at)}</time>
                </a>
                {is_of_another_day.then(|| view! { <span class="requests__second">{day}</span> })}
            </th>
            <td data-label="Key" class="is-long">
                <a href=of_key>{request.key.clone()}</a>
            </td>
            <td data-label="Model" class="is-long" class:is-twofold=request.is_aliased()>
                {model(request)}
            </td>
            <td data-label="Endpoint" class="is-secondary">{request.endpoint.clone()}</td>
            <td data-label="Client" class="is-secondary">{parts::words(&request.client)}</td>
            <td data-label="Outcome">{outcome(request)}</td>
            {numbers}
        </tr>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_of_another_day_comes_with_its_day() {
        let request = RequestSummary {
            id: "req_1".to_owned(),
            key_id: 1,
            key: "demo".to_owned(),
            endpoint: "/v1/messages".to_owned(),
            requested_model: "live".to_owned(),
            model: "live".to_owned(),
            stream: false,
            client: "curl".to_owned(),
            chat_user: None,
            outcome: "done".to_owned(),
            status: 200,
            prompt_tokens: 1,
            cached_tokens: 0,
            completion_tokens: 1,
            reasoning_tokens: 0,
            granted_tokens: None,
            clamped: false,
            started_at: 1_795_356_180_000,
            queue_ms: 0,
            overhead_us: 0,
            first_byte_ms: None,
            duration_ms: 1,
        };
        let shown_at = |now| parts::html(|| rows(std::slice::from_ref(&request), &Query::default(), now));
        let day = ">2026-11-22</span>";
        // At 14:03, at the last moment of that day, and at the first of the next.
        let moments = [1_795_356_180_000, 1_795_391_999_999, 1_795_392_000_000];
        assert_eq!(moments.map(|now| shown_at(now).contains(day)), [false, false, true]);
        let ends = moments.map(format::end_of_day);
        assert_eq!(ends, [1_795_392_000_000, 1_795_392_000_000, 1_795_478_400_000]);
    }
}
