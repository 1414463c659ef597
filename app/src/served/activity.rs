//! Who uses the machine now, and what was done to it last; a part of the overview.

use leptos::prelude::*;
use worv_api::AuditEntry;

use super::parts;
use crate::format;

/// What is shown.
#[derive(Clone, Debug)]
pub struct ActivityView {
    /// When the hour began that `keys` counts, in Unix milliseconds.
    pub since: i64,
    /// The keys that had the most tokens in this hour, the busiest first.
    pub keys: Vec<KeyActivity>,
    /// What was done last, the latest first.
    pub events: Vec<AuditEntry>,
    /// The present moment in Unix milliseconds.
    pub now: i64,
}

/// What one key did in this hour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyActivity {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Requests that ended.
    pub requests: u64,
    /// Tokens of prompts and answers together.
    pub tokens: u64,
}

/// The busiest keys of this hour beside the latest events; none where the database does not answer.
pub fn activity(view: Option<&ActivityView>) -> String {
    let content = match view {
        Some(view) => view! {
            {keys(view)}
            {events(view)}
        }
        .into_any(),
        None => view! {
            <section class="panel" aria-label="Activity">
                <p class="panel__note">
                    "The database does not answer, so it cannot be said who was busiest. Requests go on, and are counted later."
                </p>
            </section>
        }
        .into_any(),
    };
    view! {
        <div class="activity" data-renew="5">
            {content}
        </div>
    }
    .to_html()
}

fn keys(view: &ActivityView) -> AnyView {
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

fn events(view: &ActivityView) -> AnyView {
    let rows: Vec<_> = view
        .events
        .iter()
        .map(|event| {
            view! {
                <tr data-id=event.id>
                    <th scope="row">{in_words(&event.action, &event.subject)}</th>
                    <td class="is-long">{event.actor.clone()}</td>
                    <td class="is-number">{parts::moment(event.at, view.now)}</td>
                </tr>
            }
        })
        .collect();
    let content = if rows.is_empty() {
        view! { <p class="panel__note">"Nothing was done yet."</p> }.into_any()
    } else {
        table([("What", ""), ("By", ""), ("When", "is-number")], rows.into_any())
    };
    panel("Latest events", None, content)
}

/// A table whose columns have a heading and a class.
fn table(columns: [(&'static str, &'static str); 3], rows: AnyView) -> AnyView {
    let headings = columns.map(|(name, class)| view! { <th scope="col" class=class>{name}</th> });
    view! {
        <table class="table">
            <thead>
                <tr>{headings}</tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

fn panel(title: &'static str, remark: Option<String>, content: AnyView) -> AnyView {
    view! {
        <section class="panel table-panel" aria-label=title>
            <header class="panel__header">
                <h2>{title}</h2>
                {remark.map(|remark| view! { <p class="panel__facts">{remark}</p> })}
            </header>
            {content}
        </section>
    }
    .into_any()
}

/// An action and what it was done to. The names of actions are `thing.verb`.
fn in_words(action: &str, subject: &str) -> String {
    match action {
        "session.start" => return "Signed in".to_owned(),
        "session.end" => return "Signed out".to_owned(),
        "session.refuse" => return "Was refused at the sign-in".to_owned(),
        "switch.start" => return format!("Began {subject}"),
        "switch.cancel" => return format!("Called off {subject}"),
        _ => {}
    }
    let done = match action.split_once('.').unwrap_or(("", action)) {
        (_, "create") => "Created",
        ("second_factor", "on") => "Set up the second factor of",
        ("second_factor", "off") => "Switched off the second factor of",
        ("second_factor", "codes") => "Made new recovery codes for",
        (_, "edit") => "Changed",
        (_, "role") => "Changed the role of",
        (_, "password") => "Changed the password of",
        (_, "suspend") => "Suspended",
        (_, "resume") => "Resumed",
        (_, "rotate") => "Rotated",
        (_, "revoke") => "Revoked",
        (_, "delete") => "Deleted",
        (_, verb) => return format!("{subject}: {verb}"),
    };
    format!("{done} {subject}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_told_in_words() {
        assert_eq!(in_words("session.start", "user ada"), "Signed in");
        assert_eq!(in_words("key.revoke", "key 7"), "Revoked key 7");
        assert_eq!(
            in_words("second_factor.off", "user 2"),
            "Switched off the second factor of user 2"
        );
        assert_eq!(in_words("engine.kick", "engine"), "engine: kick");
    }
}
