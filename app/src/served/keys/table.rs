//! The keys that match, in rows.

use leptos::prelude::*;
use worv_api::{ApiKey, KeyStatus};

use super::{
    super::{Visitor, parts},
    expiry, status,
};

/// The table, with what an administrator can do in each row.
pub(super) fn table(keys: &[&ApiKey], visitor: &Visitor) -> AnyView {
    let columns = [
        ("Name", ""),
        ("Key", ""),
        ("Owner", ""),
        ("Created", "is-secondary"),
        ("Last used", ""),
        ("Expires", ""),
        ("Status", ""),
    ];
    let rows = keys.iter().map(|key| row(key, visitor)).collect_view();
    parts::table(
        "API keys",
        &columns,
        visitor.admin.then(parts::actions),
        rows.into_any(),
    )
}

fn row(key: &ApiKey, visitor: &Visitor) -> AnyView {
    let class = if key.status == KeyStatus::Active { "" } else { "is-gone" };
    let remark = [key.note.clone(), key.settings.tags.join(", ")];
    let remark = remark
        .into_iter()
        .filter(|text| !text.is_empty())
        .collect::<Vec<_>>()
        .join(" · ");
    let action = visitor.admin.then(|| {
        let revocable = (key.status != KeyStatus::Revoked).then(|| {
            view! {
                <a
                    class="button"
                    data-kind="quiet"
                    href=format!("/keys?revoke={}", key.id)
                    aria-label=format!("Revoke {}", key.name)
                >
                    "Revoke"
                </a>
            }
        });
        view! { <td class="is-number">{revocable}</td> }
    });
    view! {
        <tr class=class>
            <th scope="row" class="is-long" title=key.note.clone()>
                <a class="table__link" href=format!("/keys/{}", key.id)>
                    {key.name.clone()}
                </a>
                {(!remark.is_empty()).then(|| view! { <span class="keys__remark">{remark}</span> })}
            </th>
            <td data-label="Key">
                <code>{parts::masked(key)}</code>
            </td>
            <td data-label="Owner" class="is-long">
                {parts::or_dash(&key.owner)}
            </td>
            <td data-label="Created" class="is-secondary">{parts::moment(key.created_at, visitor.now)}</td>
            <td data-label="Last used">{parts::moment_or(key.last_used_at, visitor.now, "Never used")}</td>
            <td data-label="Expires">{expiry(key)}</td>
            <td data-label="Status">{status(key)}</td>
            {action}
        </tr>
    }
    .into_any()
}
