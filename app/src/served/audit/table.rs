//! The entries, in rows.

use leptos::prelude::*;
use worv_api::AuditEntry;

use super::super::{Visitor, change, parts};
use crate::format;

/// The table, with what each entry changed.
pub(super) fn table(entries: &[AuditEntry], visitor: &Visitor) -> AnyView {
    let columns = [
        ("When (UTC)", ""),
        ("Who", ""),
        ("What", ""),
        ("To what", ""),
        ("From where", "is-secondary"),
        ("Change", ""),
    ];
    let rows = entries.iter().map(|entry| row(entry, visitor)).collect_view();
    parts::table("Audit log, the latest first", &columns, None, rows.into_any())
}

fn row(entry: &AuditEntry, visitor: &Visitor) -> AnyView {
    let key = entry.subject.strip_prefix("key ").and_then(|id| id.parse::<i64>().ok());
    let subject = match key {
        Some(id) => view! { <a href=format!("/keys/{id}")>{entry.subject.clone()}</a> }.into_any(),
        None => entry.subject.clone().into_any(),
    };
    let ago = format!("{} ago", format::duration(visitor.now - entry.at));
    view! {
        <tr>
            <td data-label="When">
                <time datetime=format::iso(entry.at) title=ago>
                    {format::date(entry.at)}
                    " "
                    {format::time(entry.at)}
                </time>
            </td>
            <td data-label="Who" class="is-long">{entry.actor.clone()}</td>
            <td data-label="What">
                <code>{entry.action.clone()}</code>
            </td>
            <td data-label="To what" class="is-long">{subject}</td>
            <td data-label="From where" class="is-long is-secondary">{entry.address.clone()}</td>
            <td data-label="Change" class="is-wrapped">{change::changes(entry)}</td>
        </tr>
    }
    .into_any()
}
