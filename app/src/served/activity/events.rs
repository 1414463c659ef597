//! The latest events, in words.

use leptos::prelude::*;
use worv_api::AuditEntry;

use super::{super::parts, ActivityView};

/// What was done last, by whom and when.
pub(super) fn events(view: &ActivityView) -> AnyView {
    let columns = [("What", ""), ("By", ""), ("When", "is-number")];
    let rows = view.events.iter().map(|event| row(event, view.now)).collect();
    parts::listing("Latest events", None, columns, rows, "Nothing was done yet.")
}

fn row(event: &AuditEntry, now: i64) -> AnyView {
    view! {
        <tr data-id=event.id>
            <th scope="row">{in_words(&event.action, &event.subject)}</th>
            <td class="is-long">{event.actor.clone()}</td>
            <td class="is-number">{parts::moment(event.at, now)}</td>
        </tr>
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
