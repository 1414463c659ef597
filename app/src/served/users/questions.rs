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
                {role_field(Role::Viewer)} {password_field()}
        };
        let button = ("primary", "Create user");
        let form = parts::form(
            visitor,
            "/users?ask=create",
            HOME,
            ("create", 0),
            fields.into_any(),
            button,
        );
        return Some(parts::dialog("Create a user".to_owned(), HOME, form));
    }
    let user = view.users.iter().find(|user| user.id == *id)?;
    let action = format!("/users?ask={word}&user={id}");
    let form = |fields: AnyView, kind, button| {
        parts::form(visitor, &action, HOME, (word.as_str(), *id), fields, (kind, button))
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
