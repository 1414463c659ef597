//! The keys: who may use the inference API, and until when.

use leptos::prelude::*;
use worv_api::{ApiKey, CreatedKey, KeyStatus, NewKey};

pub use super::key_form::{KeyFields, key_fields};
use super::{
    Visitor,
    key_form::{self, EXPIRY, USUAL_EXPIRY},
    parts, snippets,
};
use crate::{components::Tone, format};

/// The address of the list.
const HOME: &str = "/keys";

/// What the list shows.
pub struct KeysView {
    /// Every key, newest first.
    pub keys: Vec<ApiKey>,
    /// Keys with this in their name, owner or tags only.
    pub search: String,
    /// Keys in this state only.
    pub status: Option<KeyStatus>,
    /// What has been filled in of a new key, where one is being created.
    pub creating: Option<NewKey>,
    /// The key that is asked about whether to revoke it.
    pub revoking: Option<i64>,
    /// A key that has just been created, or rotated.
    pub created: Option<CreatedKey>,
    /// The models that a key may be held to.
    pub models: Vec<String>,
    /// The model that is live.
    pub live_model: String,
    /// Where programs reach the inference API, without a path.
    pub inference_url: String,
}

/// The states with their values in the address and their words.
const STATUSES: [(KeyStatus, &str, &str); 4] = [
    (KeyStatus::Active, "active", "Active"),
    (KeyStatus::Suspended, "suspended", "Suspended"),
    (KeyStatus::Expired, "expired", "Expired"),
    (KeyStatus::Revoked, "revoked", "Revoked"),
];

impl KeysView {
    /// The state of that name in an address.
    pub fn status_named(name: &str) -> Option<KeyStatus> {
        let found = STATUSES.iter().find(|(_, value, _)| *value == name);
        found.map(|(status, _, _)| *status)
    }

    fn shows(&self, key: &ApiKey) -> bool {
        let search = self.search.to_lowercase();
        let texts = [&key.name, &key.owner, &key.last_four]
            .into_iter()
            .chain(&key.settings.tags);
        self.status.is_none_or(|status| status == key.status)
            && texts.into_iter().any(|text| text.to_lowercase().contains(&search))
    }
}

/// The list.
pub fn keys(view: KeysView, visitor: &Visitor) -> String {
    let dialogs = [
        view.creating
            .as_ref()
            .map(|filled_in| creating(filled_in, &view, visitor)),
        view.revoking.and_then(|id| {
            let key = view.keys.iter().find(|key| key.id == id);
            key.map(|key| revoking(key, HOME, visitor))
        }),
        view.created.clone().map(|made| created(made, &view, HOME)),
    ];
    let list = if view.keys.is_empty() {
        parts::empty(
            "There are no keys yet.",
            if visitor.admin {
                "Create one for each person or program that uses the inference API."
            } else {
                "An administrator can create one for you."
            },
        )
    } else {
        let mut shown: Vec<_> = view.keys.iter().filter(|key| view.shows(key)).collect();
        shown.sort_by_key(|key| STATUSES.iter().position(|(status, _, _)| *status == key.status));
        if shown.is_empty() {
            parts::empty("No key matches.", "Change the filter, or take it away.")
        } else {
            table(&shown, visitor)
        }
    };
    view! {
        <div class="served" data-renew="10">
            {parts::notice(visitor)}
            <div class="served__bar">
                <form class="toolbar" method="get" action=HOME role="search">
                    <input
                        class="field__input"
                        type="search"
                        name="q"
                        value=view.search.clone()
                        maxlength="100"
                        placeholder="Name, owner or tag"
                        aria-label="Name, owner or tag"
                    />
                    <select class="field__input" name="status" aria-label="Status">
                        <option value="">"Every status"</option>
                        {STATUSES
                            .map(|(status, value, word)| {
                                view! {
                                    <option value=value selected=view.status == Some(status)>
                                        {word}
                                    </option>
                                }
                            })
                            .collect_view()}
                    </select>
                    <button class="button" type="submit">
                        "Filter"
                    </button>
                </form>
                {visitor
                    .admin
                    .then(|| {
                        view! {
                            <a class="button" data-kind="primary" href="/keys?create=">
                                <span class="icon" data-icon="plus" aria-hidden="true"></span>
                                "Create key"
                            </a>
                        }
                    })}
            </div>
            {list}
            <p class="muted keys__note">
                "A key is stored as a digest only: its secret is shown once, when it is created. A change takes effect within a second."
            </p>
            {dialogs.into_iter().flatten().collect_view()}
        </div>
    }
    .to_html()
}

/// A state's icon, word and colour.
pub(super) fn status(key: &ApiKey) -> AnyView {
    let (tone, word) = match key.status {
        KeyStatus::Active => (Tone::Ok, "Active"),
        KeyStatus::Suspended => (Tone::Warn, "Suspended"),
        KeyStatus::Expired => (Tone::Warn, "Expired"),
        KeyStatus::Revoked => (Tone::Neutral, "Revoked"),
    };
    parts::status(tone, word)
}

fn table(keys: &[&ApiKey], visitor: &Visitor) -> AnyView {
    view! {
        <div class="panel table-panel">
            <table class="table" data-cards="">
                <caption class="visually-hidden">"API keys"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Name"</th>
                        <th scope="col">"Key"</th>
                        <th scope="col">"Owner"</th>
                        <th scope="col" class="is-secondary">"Created"</th>
                        <th scope="col">"Last used"</th>
                        <th scope="col">"Expires"</th>
                        <th scope="col">"Status"</th>
                        {visitor
                            .admin
                            .then(|| {
                                view! {
                                    <th scope="col">
                                        <span class="visually-hidden">"Actions"</span>
                                    </th>
                                }
                            })}
                    </tr>
                </thead>
                <tbody>{keys.iter().map(|key| row(key, visitor)).collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
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

/// The day on which a key expires.
pub(super) fn expiry(key: &ApiKey) -> AnyView {
    match key.expires_at {
        Some(at) => view! {
            <time datetime=format::iso(at) title=format!("{} UTC", format::date_time(at))>
                {format::date(at)}
            </time>
        }
        .into_any(),
        None => view! { <span class="muted">"Never"</span> }.into_any(),
    }
}

fn creating(filled_in: &NewKey, view: &KeysView, visitor: &Visitor) -> AnyView {
    let chosen = filled_in
        .expires_in_days
        .map_or_else(|| USUAL_EXPIRY.to_owned(), |days| days.to_string());
    let choices = EXPIRY.map(|(days, words)| (days.to_owned(), words.to_owned()));
    let fields = KeyFields {
        name: filled_in.name.clone(),
        owner: filled_in.owner.clone(),
        note: filled_in.note.clone(),
        settings: filled_in.settings.clone(),
    };
    let content = view! {
        <form class="form" method="post" action=HOME>
            {parts::token(visitor)}
            {parts::does("create", 0)}
            {parts::notice(visitor)}
            {key_form::main_fields(&fields, true)}
            {key_form::expiry_field(choices.into(), &chosen)}
            {key_form::limit_fields(&fields.settings, &view.models, false)}
            {parts::buttons(HOME, "primary", "Create key")}
        </form>
    };
    parts::dialog("Create a key".to_owned(), HOME, content.into_any())
}

/// Asks whether to revoke a key, and says what that does.
pub(super) fn revoking(key: &ApiKey, back: &str, visitor: &Visitor) -> AnyView {
    let effect = view! {
        <p>
            "Within a second, every request with " <code>{parts::masked(key)}</code>
            " is refused with status 401; requests under way are finished. This cannot be undone. The key stays in the list for the record."
        </p>
    };
    parts::question(
        visitor,
        format!("Revoke {}?", key.name),
        back,
        ("revoke", key.id),
        effect.into_any(),
        ("danger", "Revoke key"),
    )
}

/// The one time a secret is shown.
pub(super) fn created(made: CreatedKey, view: &KeysView, back: &str) -> AnyView {
    let model = if view.live_model.is_empty() {
        "live"
    } else {
        &view.live_model
    };
    let (url, secret) = (view.inference_url.as_str(), made.secret.as_str());
    let content = view! {
        <div class="notice" data-tone="warn">
            <p>"Copy the key now. It is shown this once and cannot be read again."</p>
        </div>
        {parts::copy("secret", "Key", made.secret.clone())}
        {parts::copy("snippet-curl", "Try it with curl", snippets::curl(url, secret, model))}
        <details class="fold">
            <summary>"Python, Claude Code, Codex and Open WebUI"</summary>
            <div class="fold__content">
                {parts::copy("snippet-python", "Use it from Python", snippets::python(url, secret, model))}
                {parts::copy(
                    "snippet-claude-code",
                    "Use it with Claude Code",
                    snippets::claude_code(url, secret, model),
                )}
                {parts::copy("snippet-codex", "Use it with Codex", snippets::codex(url, secret, model))}
                {parts::copy("snippet-open-webui", "Use it with Open WebUI", snippets::open_webui(url, secret))}
            </div>
        </details>
        <form class="form" method="get" action=back.to_owned()>
            <label class="checkbox">
                <input type="checkbox" required/>
                "I have stored it"
            </label>
            <div class="button-row">
                <button class="button" data-kind="primary" type="submit">
                    "Done"
                </button>
            </div>
        </form>
    };
    parts::kept_dialog(format!("{} is ready", made.key.name), back, content.into_any())
}
