//! The people who may sign in, and their sessions.

use leptos::prelude::*;
use worv_api::{User, UserSession};

pub(super) use self::sessions::{own, sessions};
use self::{questions::question, table::table};
use super::{Visitor, parts};

mod questions;
mod sessions;
mod table;

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
    let question = visitor.admin.then(|| question(&view, visitor)).flatten();
    let notice = question.is_none().then(|| parts::notice(visitor));
    view! {
        <div class="served">
            {notice}
            <div class="served__bar">
                <h2>"Users"</h2>
                {parts::create(visitor, "/users?ask=create", "Create user")}
            </div>
            {table(&view, visitor)}
            <h2>{if visitor.admin { "Sessions" } else { "Your sessions" }}</h2>
            {sessions(&view.sessions, HOME, visitor)}
            {question}
        </div>
    }
    .to_html()
}
