//! The busiest keys.

use leptos::prelude::*;

use super::{super::parts, ActivityView, KeyActivity};
use crate::format;

/// The keys that had the most tokens in this hour.
pub(super) fn keys(view: &ActivityView) -> AnyView {
    let since = format::time(view.since)[..5].to_owned();
    parts::listing(
        "Busiest keys of this hour",
        Some(format!("since {since} UTC")),
        [("Key", ""), ("Requests", "is-number"), ("Tokens", "is-number")],
        view.keys.iter().map(row).collect(),
        "No request has ended in this hour.",
    )
}

fn row(key: &KeyActivity) -> AnyView {
    view! {
        <tr data-id=key.id>
            <th scope="row">
                <a class="table__link" href=format!("/keys/{}", key.id)>
                    {key.name.clone()}
                </a>
            </th>
            <td class="is-number">{format::thousands(key.requests)}</td>
            <td class="is-number">{format::thousands(key.tokens)}</td>
        </tr>
    }
    .into_any()
}
