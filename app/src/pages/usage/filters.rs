//! What is asked: range, granularity, metric, grouping and filters. All of it is in the address.

use leptos::prelude::*;
use worv_api::{Choices, Granularity, Grouping, Metric, UsageReport};

use super::words;
use crate::{
    components::{SelectField, TextField},
    format, parts,
    query::Query,
};

const RANGES: [(&str, &str); 7] = [
    ("24h", "Last 24 hours"),
    ("7d", "Last 7 days"),
    ("30d", "Last 30 days"),
    ("90d", "Last 90 days"),
    ("12m", "Last 12 months"),
    ("24m", "Last 24 months"),
    ("custom", "From … to …"),
];

/// The form. It works without scripts; with them it is sent at each choice.
pub(super) fn filters(query: &Query, report: Option<&UsageReport>, choices: &Choices) -> AnyView {
    let has_ends = !query.get("from").is_empty() || !query.get("to").is_empty();
    let range = match query.get("range") {
        "" if has_ends => "custom",
        "" => "7d",
        range => range,
    };
    let own = range == "custom";
    let granularity = Granularity::ALL.map(|one| (one.name().to_owned(), format!("By the {}", one.name())));
    let metrics = Metric::ALL.map(|one| (one.name().to_owned(), words::metric(one).to_owned()));
    let groupings = Grouping::ALL.map(|one| (one.name().to_owned(), grouping(one).to_owned()));
    let metric = report.map_or(Metric::Requests, |report| report.metric).name();
    let by = report.map_or(Grouping::Key, |report| report.by).name();
    view! {
        <form class="toolbar" method="get" action="/usage" aria-label="What is shown">
            <SelectField
                label="Range"
                name="range"
                options=RANGES.map(|(value, words)| (value.to_owned(), words.to_owned())).to_vec()
                chosen=range.to_owned()
            />
            {own.then(|| days(query, report))}
            {parts::filter("Granularity", "granularity", "As it fits", granularity, query.get("granularity"))}
            <SelectField label="Metric" name="metric" options=metrics.to_vec() chosen=metric/>
            <SelectField label="Split by" name="by" options=groupings.to_vec() chosen=by/>
            {parts::filter("Key", "key", "All keys", parts::keys(choices), query.get("key"))}
            {parts::filter("Model", "model", "All models", parts::named(&choices.models), query.get("model"))}
            {parts::filter("Endpoint", "endpoint", "All endpoints", parts::named(&choices.endpoints), query.get("endpoint"))}
            <button class="button toolbar__submit" type="submit">
                "Show"
            </button>
        </form>
    }
    .into_any()
}

/// The first and the last day of a range of one's own.
fn days(query: &Query, report: Option<&UsageReport>) -> AnyView {
    let day = |name: &str, understood: Option<i64>| understood.map_or_else(|| query.get(name).to_owned(), format::date);
    view! {
        <TextField label="From" name="from" kind="date" value=day("from", report.map(|report| report.from))/>
        <TextField label="To" name="to" kind="date" value=day("to", report.map(|report| report.to - 1))/>
    }
    .into_any()
}

fn grouping(by: Grouping) -> &'static str {
    match by {
        Grouping::Key => "Key",
        Grouping::Model => "Model",
        Grouping::Endpoint => "Endpoint",
        Grouping::Outcome => "Outcome",
        Grouping::None => "Nothing",
    }
}
