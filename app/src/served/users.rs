//! The people who may sign in, and their sessions.

use leptos::prelude::*;
use worv_api::{Role, User, UserSession};

use super::{Visitor, parts};
use crate::components::Tone;

/// The address of the page.
const HOME: &str = "/users";

/// What the page shows.
pub struct UsersView {
    /// Every user.
    pub users: Vec<User>,
    /// The sessions that the visitor may see.
    pub sessions: Vec<UserSession>,
    /// What is asked about: `create`, or `role`, `password`, `second-factor-off` or `delete` and a user's number.
    pub asking: (String, i64),
    /// The name of a new user as it was typed, where the user could not be created.
    pub name: String,
}

/// The page.
pub fn users(view: UsersView, visitor: &Visitor) -> String {
    let dialog = visitor.admin.then(|| asking(&view, visitor)).flatten();
    let rows = view.users.iter().map(|user| row(user, &view.sessions, visitor));
    view! {
        <div class="served">
            {parts::notice(visitor)}
            <div class="served__bar">
                <h2>"Users"</h2>
                {visitor
                    .admin
                    .then(|| {
                        view! {
                            <a class="button" data-kind="primary" href="/users?ask=create">
                                <span class="icon" data-icon="plus" aria-hidden="true"></span>
                                "Create user"
                            </a>
                        }
                    })}
            </div>
            <div class="panel table-panel">
                <table class="table" data-cards="">
                    <caption class="visually-hidden">"Users"</caption>
                    <thead>
                        <tr>
                            <th scope="col">"Name"</th>
                            <th scope="col">"Role"</th>
                            <th scope="col">"Second factor"</th>
                            <th scope="col" class="is-secondary">
                                "Created"
                            </th>
                            {visitor
                                .admin
                                .then(|| {
                                    view! {
                                        <th scope="col">"Sessions"</th>
                                        <th scope="col">
                                            <span class="visually-hidden">"Actions"</span>
                                        </th>
                                    }
                                })}
                        </tr>
                    </thead>
                    <tbody>{rows.collect_view()}</tbody>
                </table>
            </div>
            <h2>{if visitor.admin { "Sessions" } else { "Your sessions" }}</h2>
            {sessions(&view.sessions, HOME, visitor)}
            {dialog}
        </div>
    }
    .to_html()
}

/// Sessions, each with the button that ends it.
pub(super) fn sessions(sessions: &[UserSession], home: &'static str, visitor: &Visitor) -> AnyView {
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
    view! {
        <div class="panel table-panel">
            <table class="table" data-cards="">
                <caption class="visually-hidden">"Sessions"</caption>
                <thead>
                    <tr>
                        <th scope="col">"User"</th>
                        <th scope="col">"From"</th>
                        <th scope="col">"Browser"</th>
                        <th scope="col">"Signed in"</th>
                        <th scope="col">"Last seen"</th>
                        <th scope="col" class="is-secondary">
                            "Ends"
                        </th>
                        <th scope="col">
                            <span class="visually-hidden">"Actions"</span>
                        </th>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn row(user: &User, sessions: &[UserSession], visitor: &Visitor) -> AnyView {
    let second_factor = if user.second_factor {
        parts::status(Tone::Ok, "On")
    } else {
        view! { <span class="muted">"Off"</span> }.into_any()
    };
    let you = (user.name == visitor.name).then(|| view! { <span class="muted">" (you)"</span> });
    let admin = visitor.admin.then(|| {
        let open = sessions.iter().filter(|session| session.user == user.name).count();
        let link = |word: &str, name: &'static str| {
            view! {
                <a
                    class="button"
                    data-kind="quiet"
                    href=format!("/users?ask={word}&user={}", user.id)
                    aria-label=format!("{name}: {}", user.name)
                >
                    {name}
                </a>
            }
        };
        view! {
            <td data-label="Sessions">{open.to_string()}</td>
            <td class="is-number">
                {link("role", "Role")} {link("password", "Password")}
                {user.second_factor.then(|| link("second-factor-off", "Second factor"))} {link("delete", "Delete")}
            </td>
        }
    });
    view! {
        <tr>
            <th scope="row" class="is-long">
                <span>{user.name.clone()} {you}</span>
            </th>
            <td data-label="Role">{role_word(user.role)}</td>
            <td data-label="Second factor">{second_factor}</td>
            <td data-label="Created" class="is-secondary">{parts::moment(user.created_at, visitor.now)}</td>
            {admin}
        </tr>
    }
    .into_any()
}

fn role_word(role: Role) -> &'static str {
    match role {
        Role::Admin => "Administrator",
        Role::Viewer => "Viewer",
    }
}

fn role_field(chosen: Role) -> AnyView {
    view! {
        <label class="field">
            <span class="field__label">"Role"</span>
            <select class="field__input" name="role">
                <option value="viewer" selected=chosen == Role::Viewer>
                    "Viewer: looks at everything, changes nothing"
                </option>
                <option value="admin" selected=chosen == Role::Admin>
                    "Administrator: everything"
                </option>
            </select>
        </label>
    }
    .into_any()
}

fn password_field() -> AnyView {
    view! {
        <label class="field">
            <span class="field__label">"Password"</span>
            <input
                class="field__input"
                type="password"
                name="password"
                required
                minlength="10"
                maxlength="1000"
                autocomplete="new-password"
            />
            <span class="field__hint">"At least 10 characters."</span>
        </label>
    }
    .into_any()
}

fn asking(view: &UsersView, visitor: &Visitor) -> Option<AnyView> {
    let (word, id) = &view.asking;
    if word == "create" {
        let content = view! {
            <form class="form" method="post" action="/users?ask=create">
                {parts::token(visitor)} {parts::does("create", 0)} {parts::notice(visitor)}
                <label class="field">
                    <span class="field__label">"Name"</span>
                    <input
                        class="field__input"
                        name="name"
                        value=view.name.clone()
                        required
                        maxlength="100"
                        autocomplete="off"
                        autocapitalize="none"
                        spellcheck="false"
                        autofocus
                    />
                </label>
                {role_field(Role::Viewer)} {password_field()} {parts::buttons(HOME, "primary", "Create user")}
            </form>
        };
        return Some(parts::dialog("Create a user".to_owned(), HOME, content.into_any()));
    }
    let user = view.users.iter().find(|user| user.id == *id)?;
    let action = format!("/users?ask={word}&user={id}");
    let form = |fields: AnyView, kind, button| {
        view! {
            <form class="form" method="post" action=action.clone()>
                {parts::token(visitor)} {parts::does(word, *id)} {parts::notice(visitor)} {fields} {parts::buttons(HOME, kind, button)}
            </form>
        }
        .into_any()
    };
    let (title, content) = match word.as_str() {
        "role" => (
            format!("What may {} do?", user.name),
            form(role_field(user.role), "primary", "Change role"),
        ),
        "password" => {
            let fields = view! {
                <p>"All sessions of this user end at once."</p>
                {password_field()}
            };
            (
                format!("A new password for {}", user.name),
                form(fields.into_any(), "primary", "Set password"),
            )
        }
        "second-factor-off" => {
            let fields = view! {
                <p>"Signing in asks for the password only, until the user sets another one up. Recovery codes end too."</p>
            };
            (
                format!("Switch the second factor of {} off?", user.name),
                form(fields.into_any(), "danger", "Switch off"),
            )
        }
        "delete" => {
            let fields = view! {
                <p>
                    "The user cannot sign in any more, and every session ends at once. What the user did stays in the audit log."
                </p>
            };
            (
                format!("Delete {}?", user.name),
                form(fields.into_any(), "danger", "Delete user"),
            )
        }
        _ => return None,
    };
    Some(parts::dialog(title, HOME, content))
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

/// The sessions of one user.
pub(super) fn own(sessions: &[UserSession], name: &str) -> Vec<UserSession> {
    sessions
        .iter()
        .filter(|session| session.user == name)
        .cloned()
        .collect()
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
