//! The people who may sign in, in rows.

use leptos::prelude::*;
use worv_api::{Role, User, UserSession};

use super::{
    super::{Visitor, parts},
    UsersView,
};
use crate::components::Tone;

/// The table, with what an administrator can do in each row.
pub(super) fn table(view: &UsersView, visitor: &Visitor) -> AnyView {
    let mut columns = vec![
        ("Name", ""),
        ("Role", ""),
        ("Second factor", ""),
        ("Created", "is-secondary"),
    ];
    if visitor.admin {
        columns.push(("Sessions", ""));
    }
    let rows = view.users.iter().map(|user| row(user, &view.sessions, visitor));
    let actions = visitor.admin.then(parts::actions);
    parts::table("Users", &columns, actions, rows.collect_view().into_any())
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
