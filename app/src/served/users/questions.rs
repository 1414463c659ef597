//! What is asked before something is done to a user.

use leptos::prelude::*;
use worv_api::Role;

use super::{
    super::{Visitor, parts},
    HOME, UsersView,
};

/// The question that the address names.
pub(super) fn question(view: &UsersView, visitor: &Visitor) -> Option<AnyView> {
    let (word, id) = &view.asking;
    if word == "create" {
        return Some(create(view, visitor));
    }
    let user = view.users.iter().find(|user| user.id == *id)?;
    let (title, fields, button) = match word.as_str() {
        "role" => (
            format!("What may {} do?", user.name),
            role_field(user.role),
            ("primary", "Change role"),
        ),
        "password" => {
            let fields = view! {
                <p>"All sessions of this user end at once."</p>
                {parts::new_password("password", "Password")}
            };
            (
                format!("A new password for {}", user.name),
                fields.into_any(),
                ("primary", "Set password"),
            )
        }
        "second-factor-off" => {
            let effect = view! {
                <p>"Signing in asks for the password only, until the user sets another one up. Recovery codes end too."</p>
            };
            (
                format!("Switch the second factor of {} off?", user.name),
                effect.into_any(),
                ("danger", "Switch off"),
            )
        }
        "delete" => {
            let effect = view! {
                <p>
                    "The user cannot sign in any more, and every session ends at once. What the user did stays in the audit log."
                </p>
            };
            (
                format!("Delete {}?", user.name),
                effect.into_any(),
                ("danger", "Delete user"),
            )
        }
        _ => return None,
    };
    let (address, what) = (format!("{HOME}?ask={word}&user={id}"), (word.as_str(), *id));
    Some(parts::question_at(&address, visitor, title, HOME, what, fields, button))
}

fn create(view: &UsersView, visitor: &Visitor) -> AnyView {
    let fields = view! {
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
        {role_field(Role::Viewer)} {parts::new_password("password", "Password")}
    };
    let title = "Create a user".to_owned();
    let button = ("primary", "Create user");
    parts::question_at(
        "/users?ask=create",
        visitor,
        title,
        HOME,
        ("create", 0),
        fields.into_any(),
        button,
    )
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
