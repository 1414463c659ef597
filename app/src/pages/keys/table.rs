//! The list of keys.

use leptos::prelude::*;
use worv_api::{ApiKey, KeyStatus};

use super::{masked, order::sorted};
use crate::{
    PageSettings,
    components::{Status, Timestamp, Tone},
    format,
};

/// The keys: those that work first, within that the newest first.
#[component]
pub(crate) fn KeyTable(
    /// The keys, newest first.
    keys: Vec<ApiKey>,
    /// Set to a key when the user wants to revoke it.
    revoking: RwSignal<Option<ApiKey>>,
) -> impl IntoView {
    let admin = use_context::<PageSettings>().unwrap_or_default().is_admin();
    let rows = sorted(keys)
        .into_iter()
        .map(|key| view! { <Row key admin revoking/> })
        .collect_view();
    view! {
        <div class="panel keys__list">
            <table class="table" data-cards="">
                <caption class="visually-hidden">"API keys"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Name"</th>
                        <th scope="col">"Key"</th>
                        <th scope="col">"Owner"</th>
                        <th scope="col">"Created"</th>
                        <th scope="col">"Last used"</th>
                        <th scope="col">"Expires"</th>
                        <th scope="col">"Status"</th>
                        {admin
                            .then(|| {
                                view! {
                                    <th scope="col">
                                        <span class="visually-hidden">"Actions"</span>
                                    </th>
                                }
                            })}
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

#[component]
fn Row(key: ApiKey, admin: bool, revoking: RwSignal<Option<ApiKey>>) -> impl IntoView {
    let last_used = match key.last_used_at {
        Some(at) => view! { <Timestamp at/> }.into_any(),
        None => view! { <span class="muted">"Never used"</span> }.into_any(),
    };
    let expiry = match key.expires_at {
        Some(at) => view! { <time datetime=format::iso(at) title=format!("{} UTC", format::date_time(at))>{format::date(at)}</time> }.into_any(),
        None => view! { <span class="muted">"Never"</span> }.into_any(),
    };
    let (tone, word) = match key.status {
        KeyStatus::Active => (Tone::Ok, "Active"),
        KeyStatus::Suspended => (Tone::Warn, "Suspended"),
        KeyStatus::Expired => (Tone::Warn, "Expired"),
        KeyStatus::Revoked => (Tone::Neutral, "Revoked"),
    };
    let owner = if key.owner.is_empty() {
        "–".to_owned()
    } else {
        key.owner.clone()
    };
    let action = admin.then(|| {
        let label = format!("Revoke {}", key.name);
        let revocable = (key.status == KeyStatus::Active).then(|| {
            let key = key.clone();
            view! {
                <button
                    class="button"
                    data-kind="quiet"
                    type="button"
                    aria-label=label
                    on:click=move |_| revoking.set(Some(key.clone()))
                >
                    "Revoke"
                </button>
            }
        });
        view! { <td class="is-number">{revocable}</td> }
    });
    view! {
        <tr class:keys__gone=key.status != KeyStatus::Active>
            <th scope="row" class="is-long" title=key.note.clone()>
                {key.name.clone()}
                {(!key.note.is_empty()).then(|| view! { <span class="keys__remark">{key.note.clone()}</span> })}
            </th>
            <td data-label="Key">
                <code>{masked(&key)}</code>
            </td>
            <td data-label="Owner" class="is-long">
                {owner}
            </td>
            <td data-label="Created"><Timestamp at=key.created_at/></td>
            <td data-label="Last used">{last_used}</td>
            <td data-label="Expires">{expiry}</td>
            <td data-label="Status">
                <Status tone text=word/>
            </td>
            {action}
        </tr>
    }
}
