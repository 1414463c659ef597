//! The busiest keys.

use leptos::prelude::*;

use super::{ActivityView, panel, table};
use crate::format;

/// The keys that had the most tokens in this hour.
pub(super) fn keys(view: &ActivityView) -> AnyView {
    let content = if view.keys.is_empty() {
        view! { <p class="panel__note">"No request has ended in this hour."</p> }.into_any()
    } else {
        let rows: Vec<_> = view
            .keys
            .iter()
            .map(|key| {
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
            })
            .collect();
        table(
            [("Key", ""), ("Requests", "is-number"), ("Tokens", "is-number")],
            rows.into_any(),
        )
    };
    let since = format::time(view.since)[..5].to_owned();
    panel("Busiest keys of this hour", Some(format!("since {since} UTC")), content)
}
