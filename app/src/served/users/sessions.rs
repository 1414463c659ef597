//! Who is signed in, and from where.

use leptos::prelude::*;
use worv_api::UserSession;

use super::super::{Visitor, parts};
use crate::components::Tone;

/// Sessions, each with the button that ends it.
pub(in crate::served) fn sessions(sessions: &[UserSession], home: &'static str, visitor: &Visitor) -> AnyView {
    let rows = sessions.iter().map(|session| {
        let current = session.current.then(|| parts::status(Tone::Ok, "This session"));
        let label = format!("End the session of {} from {}", session.user, session.address);
        view! {
            <tr>
                <th scope="row" data-label="User" class="is-long">{session.user.clone()}</th>
                <td data-label="From">{parts::or_dash(&session.address)}</td>
                <td data-label="Browser" class="is-long" title=session.user_agent.clone()>
                    {browser(&session.user_agent)}
                </td>
                <td data-label="Signed in">{parts::moment(session.created_at, visitor.now)}</td>
                <td data-label="Last seen">{parts::moment(session.last_seen_at, visitor.now)}</td>
                <td data-label="Ends" class="is-secondary">{parts::moment(session.expires_at, visitor.now)}</td>
                <td class="is-number">
                    <form class="inline" method="post" action=home>
                        {parts::token(visitor)} {parts::does("end-session", session.id)} {current}
                        <button class="button" data-kind="quiet" type="submit" aria-label=label>
                            "End"
                        </button>
                    </form>
                </td>
            </tr>
        }
    });
    let columns = [
        ("User", ""),
        ("From", ""),
        ("Browser", ""),
        ("Signed in", ""),
        ("Last seen", ""),
        ("Ends", "is-secondary"),
    ];
    parts::table(
        "Sessions",
        &columns,
        Some(parts::actions()),
        rows.collect_view().into_any(),
    )
}

/// The sessions of one user.
pub(in crate::served) fn own(sessions: &[UserSession], name: &str) -> Vec<UserSession> {
    sessions
        .iter()
        .filter(|session| session.user == name)
        .cloned()
        .collect()
}

/// A browser and its system in two words, as far as what it calls itself tells.
fn browser(user_agent: &str) -> String {
    let first = |names: &[(&'static str, &'static str)]| {
        let found = names.iter().find(|(part, _)| user_agent.contains(part));
        found.map(|(_, name)| *name)
    };
    let name = first(&[
        ("Edg/", "Edge"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ]);
    let system = first(&[
        ("Windows", "Windows"),
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (name, system) {
        (Some(name), Some(system)) => format!("{name}, {system}"),
        (Some(name), None) => name.to_owned(),
        _ if user_agent.is_empty() => "–".to_owned(),
        _ => user_agent.chars().take(40).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_told_in_two_words() {
        let chrome =
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";
        assert_eq!(browser(chrome), "Chrome, Linux");
        assert_eq!(browser("curl/8.5.0"), "curl");
        assert_eq!(browser("something else"), "something else");
        assert_eq!(browser(""), "–");
    }
}
