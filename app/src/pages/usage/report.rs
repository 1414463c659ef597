//! What the page shows for an address.

use leptos::prelude::*;
use worv_api::{ApiError, Choices, Reports, UsageReport};

use super::{figure::figure, filters::filters, groups::groups, numbers::numbers, tiles::tiles};
use crate::{
    components::Empty,
    format,
    parts::{failure, html},
    query::Query,
};

/// The filters, and the report or why there is none.
pub(crate) async fn part(query: &Query, reports: &dyn Reports) -> String {
    let report = reports.usage(&query.text()).await;
    let choices = reports.choices().await.unwrap_or_default();
    html(|| page(query, report, &choices))
}

fn page(query: &Query, report: Result<UsageReport, ApiError>, choices: &Choices) -> AnyView {
    let filters = filters(query, report.as_ref().ok(), choices);
    let content = match report {
        Err(error) => failure("This question cannot be answered.", error, "/usage"),
        Ok(report) if report.totals.requests == 0 => nothing(&report),
        Ok(report) => figures(query, &report),
    };
    view! {
        <div class="usage" data-renew="60">
            {filters}
            {content}
        </div>
    }
    .into_any()
}

fn figures(query: &Query, report: &UsageReport) -> AnyView {
    view! {
        {tiles(report)}
        {figure(query, report)}
        {groups(query, report)}
        {numbers(query, report)}
        <p class="muted usage__note">
            "All times are UTC. As of " <time datetime=format::iso(report.as_of)>{format::time(report.as_of)}</time>
            "; a request counts when it has ended, in the hour in which it came in. What the GPUs take in an hour, busy or \
            not, is shared out by the tokens that they work on in it: four tokens of a prompt, unless they were cached, count \
            as one of an answer."
        </p>
    }
    .into_any()
}

fn nothing(report: &UsageReport) -> AnyView {
    let range = format!(
        "{} to {} UTC",
        format::date_time(report.from),
        format::date_time(report.to)
    );
    view! {
        <Empty title="There was no request in this time.">
            <p>{range}</p>
            <p>
                "Choose a longer range or fewer filters, or " <a href="/keys">"give somebody a key"</a> "."
            </p>
        </Empty>
    }
    .into_any()
}
