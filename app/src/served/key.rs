//! One key: what it is, what it has used of its limits, what was done to it, and what can be done.

use leptos::prelude::*;
use worv_api::{ApiKey, AuditEntry, CreatedKey, KeyStatus};

use super::{
    KeyFields, KeysView, Visitor, change,
    key_form::{self, EXPIRY},
    keys, parts,
};
use crate::format;

/// What the page shows.
pub struct KeyView {
    /// The key.
    pub key: ApiKey,
    /// What it has used of its limits.
    pub meters: Vec<Meter>,
    /// The latest that was done to it.
    pub history: Vec<AuditEntry>,
    /// What was filled in, where it could not be stored.
    pub filled_in: Option<KeyFields>,
    /// What is asked about: `rotate`, `suspend`, `resume` or `revoke`.
    pub asking: String,
    /// Its new secret, where it has just been rotated.
    pub rotated: Option<CreatedKey>,
    /// The models that a key may be held to.
    pub models: Vec<String>,
    /// The model that is live.
    pub live_model: String,
    /// Where programs reach the inference API, without a path.
    pub inference_url: String,
}

/// What a key has used of something that may be limited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meter {
    /// What is counted, such as `Tokens today (UTC)`.
    pub name: &'static str,
    /// How much was used; none where that is not counted.
    pub used: Option<u64>,
    /// How much may be used; none for no limit.
    pub limit: Option<u64>,
}

/// The page.
pub fn key(view: KeyView, visitor: &Visitor) -> String {
    let home = format!("/keys/{}", view.key.id);
    let changeable = visitor.admin && view.key.status != KeyStatus::Revoked;
    let dialogs = [
        changeable.then(|| asking(&view, &home, visitor)).flatten(),
        view.rotated.clone().map(|made| {
            let list = KeysView {
                keys: Vec::new(),
                search: String::new(),
                status: None,
                creating: None,
                revoking: None,
                created: None,
                models: Vec::new(),
                live_model: view.live_model.clone(),
                inference_url: view.inference_url.clone(),
            };
            keys::created(made, &list, &home)
        }),
    ];
    view! {
        <div class="served" data-renew="10">
            {parts::notice(visitor)}
            <div class="served__bar">
                <div class="served__title">
                    <h2>{view.key.name.clone()}</h2>
                    {keys::status(&view.key)}
                </div>
                <a class="button" data-kind="quiet" href="/keys">
                    "All keys"
                </a>
            </div>
            <div class="served__columns">
                {facts(&view.key, visitor)} {usage(&view.meters)} {changeable.then(|| actions(&view.key, &home))}
                {changeable.then(|| edit(&view, &home, visitor))} {history(&view, visitor)}
            </div>
            {dialogs.into_iter().flatten().collect_view()}
        </div>
    }
    .to_html()
}

fn facts(key: &ApiKey, visitor: &Visitor) -> AnyView {
    let settings = &key.settings;
    let earlier = key.previous_until.filter(|until| *until > visitor.now);
    let models = settings
        .models
        .as_ref()
        .map_or_else(|| "All".to_owned(), |models| models.join(", "));
    let answers = match (settings.strip_han, settings.echo_model) {
        (false, false) => "As the engine gives them",
        (true, false) => "Without Han script",
        (false, true) => "Name the model as the caller wrote it",
        (true, true) => "Without Han script; name the model as the caller wrote it",
    };
    view! {
        <section class="panel">
            <dl class="facts">
                <dt>"Key"</dt>
                <dd>
                    <code>{parts::masked(key)}</code>
                </dd>
                {earlier
                    .map(|until| {
                        view! {
                            <dt>"Earlier secret"</dt>
                            <dd>"Works until " {format::date_time(until)} " UTC"</dd>
                        }
                    })}
                <dt>"Owner"</dt>
                <dd>{parts::or_dash(&key.owner)}</dd>
                <dt>"Note"</dt>
                <dd>{parts::or_dash(&key.note)}</dd>
                <dt>"Tags"</dt>
                <dd>{parts::or_dash(&settings.tags.join(", "))}</dd>
                <dt>"Created"</dt>
                <dd>{parts::moment(key.created_at, visitor.now)}</dd>
                <dt>"Last used"</dt>
                <dd>{parts::moment_or(key.last_used_at, visitor.now, "Never used")}</dd>
                <dt>"Expires"</dt>
                <dd>{keys::expiry(key)}</dd>
                <dt>"Models"</dt>
                <dd>{models}</dd>
                <dt>"Weight"</dt>
                <dd>{settings.weight.to_string()}</dd>
                <dt>"Answers"</dt>
                <dd>{answers}</dd>
            </dl>
        </section>
    }
    .into_any()
}

fn usage(meters: &[Meter]) -> AnyView {
    let rows = meters.iter().map(|meter| {
        let used = meter.used.map_or_else(|| "–".to_owned(), format::thousands);
        let limit = meter.limit.map_or_else(|| "No limit".to_owned(), format::thousands);
        let bar = meter.used.zip(meter.limit).map(|(used, limit)| {
            let share = format::percent(used.min(limit), limit);
            let state = if used >= limit {
                "full"
            } else if share >= 80 {
                "high"
            } else {
                "well"
            };
            view! {
                <svg class="meter" data-state=state viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
                    <rect class="meter__whole" width="100" height="4"></rect>
                    <rect class="meter__part" width=share.to_string() height="4"></rect>
                </svg>
            }
        });
        let remark = meter
            .used
            .zip(meter.limit)
            .filter(|(used, limit)| used >= limit)
            .map(|_| parts::status(crate::components::Tone::Bad, "Used up"));
        view! {
            <tr>
                <th scope="row">{meter.name} {remark}</th>
                <td class="is-number">{used}</td>
                <td class="is-number">{limit}</td>
                <td class="meters__bar">{bar}</td>
            </tr>
        }
    });
    view! {
        <section class="panel">
            <div class="panel__header">
                <h3>"Usage against limits"</h3>
            </div>
            <table class="table meters">
                <thead>
                    <tr>
                        <th scope="col">"What"</th>
                        <th scope="col" class="is-number">
                            "Used"
                        </th>
                        <th scope="col" class="is-number">
                            "Limit"
                        </th>
                        <td></td>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </section>
    }
    .into_any()
}

/// What can be done, with what it does.
fn actions(key: &ApiKey, home: &str) -> AnyView {
    let switch = if key.suspended_at.is_some() {
        ("resume", "Resume", "The key works again, with the limits that it has.")
    } else {
        ("suspend", "Suspend", "Its requests are refused until it is resumed.")
    };
    let all = [
        (
            "rotate",
            "Rotate",
            "The key gets a new secret; the one it has can work on for a while.",
        ),
        switch,
        ("revoke", "Revoke", "Its requests are refused for good."),
    ];
    let rows = all.map(|(word, name, effect)| {
        view! {
            <div class="action">
                <p>{effect}</p>
                <a class="button" href=format!("{home}?ask={word}")>
                    {name}
                </a>
            </div>
        }
    });
    view! {
        <section class="panel">
            <div class="panel__header">
                <h3>"Actions"</h3>
            </div>
            <div class="actions">{rows.collect_view()}</div>
        </section>
    }
    .into_any()
}

fn edit(view: &KeyView, home: &str, visitor: &Visitor) -> AnyView {
    let stored = KeyFields {
        name: view.key.name.clone(),
        owner: view.key.owner.clone(),
        note: view.key.note.clone(),
        settings: view.key.settings.clone(),
    };
    let fields = view.filled_in.clone().unwrap_or(stored);
    let keep = view.key.expires_at.map_or_else(
        || "Never".to_owned(),
        |at| format!("On {} UTC, as it is", format::date_time(at)),
    );
    let mut choices = vec![("keep".to_owned(), keep)];
    let others = EXPIRY
        .iter()
        .filter(|(days, _)| !days.is_empty() || view.key.expires_at.is_some());
    choices.extend(others.map(|(days, words)| ((*days).to_owned(), (*words).to_owned())));
    let open = view.filled_in.is_some();
    view! {
        <section class="panel">
            <details class="panel__fold" open=open>
                <summary class="panel__header">
                    <h3>"Edit"</h3>
                </summary>
                <form class="form panel__form" method="post" action=home.to_owned()>
                    {parts::token(visitor)}
                    {parts::does("edit", view.key.id)}
                    {key_form::main_fields(&fields, false)}
                    {key_form::expiry_field(choices, "keep")}
                    {key_form::limit_fields(&fields.settings, &view.models, true)}
                    <div class="button-row">
                        <button class="button" data-kind="primary" type="submit">
                            "Save"
                        </button>
                    </div>
                </form>
            </details>
        </section>
    }
    .into_any()
}

fn history(view: &KeyView, visitor: &Visitor) -> AnyView {
    let rows = view.history.iter().map(|entry| {
        view! {
            <tr>
                <td data-label="When">{parts::moment(entry.at, visitor.now)}</td>
                <td data-label="Who" class="is-long">{entry.actor.clone()}</td>
                <td data-label="What">
                    <code>{entry.action.clone()}</code>
                </td>
                <td data-label="Change" class="is-wrapped">{change::changes(entry)}</td>
            </tr>
        }
    });
    view! {
        <section class="panel served__wide">
            <div class="panel__header">
                <h3>"What was done"</h3>
                <a href=format!("/audit?subject=key+{}", view.key.id)>"In the audit log"</a>
            </div>
            <div class="table-panel">
                <table class="table" data-cards="">
                    <thead>
                        <tr>
                            <th scope="col">"When"</th>
                            <th scope="col">"Who"</th>
                            <th scope="col">"What"</th>
                            <th scope="col">"Change"</th>
                        </tr>
                    </thead>
                    <tbody>{rows.collect_view()}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}

fn asking(view: &KeyView, home: &str, visitor: &Visitor) -> Option<AnyView> {
    let key = &view.key;
    match view.asking.as_str() {
        "revoke" => Some(keys::revoking(key, home, visitor)),
        "rotate" => {
            let content = view! {
                <form class="form" method="post" action=home.to_owned()>
                    {parts::token(visitor)} {parts::does("rotate", key.id)}
                    <p>
                        "The key gets a new secret, shown this once. Requests with " <code>{parts::masked(key)}</code>
                        " work on for the time chosen here, and get status 401 afterwards. An earlier secret from a rotation before this one ends at once."
                    </p>
                    <label class="field">
                        <span class="field__label">"The earlier secret works on for"</span>
                        <select class="field__input" name="overlap_hours">
                            <option value="0">"No time: it ends at once"</option>
                            <option value="1">"1 hour"</option>
                            <option value="24" selected>
                                "24 hours"
                            </option>
                            <option value="168">"7 days"</option>
                            <option value="720">"30 days"</option>
                        </select>
                    </label>
                    {parts::buttons(home, "primary", "Rotate key")}
                </form>
            };
            Some(parts::dialog(format!("Rotate {}?", key.name), home, content.into_any()))
        }
        "suspend" => {
            let effect = view! {
                <p>
                    "Within a second, every request with " <code>{parts::masked(key)}</code>
                    " is refused; requests under way are finished. Resume it whenever you like."
                </p>
            };
            let title = format!("Suspend {}?", key.name);
            let button = ("primary", "Suspend key");
            Some(parts::question(
                visitor,
                title,
                home,
                ("suspend", key.id),
                effect.into_any(),
                button,
            ))
        }
        "resume" => {
            let effect = view! { <p>"Within a second, requests with this key are admitted again."</p> };
            let title = format!("Resume {}?", key.name);
            let button = ("primary", "Resume key");
            Some(parts::question(
                visitor,
                title,
                home,
                ("resume", key.id),
                effect.into_any(),
                button,
            ))
        }
        _ => None,
    }
}
