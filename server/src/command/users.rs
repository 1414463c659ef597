//! `worv users`: who may sign in to the console.

use std::io::{self, Read};

use clap::{Subcommand, ValueEnum};
use serde::Serialize;
use worv_core::{Entropy, Secret};
use worv_store::{Actor, NewUser, UserRow};

use super::{output, store_failure};
use crate::{
    config::Config,
    failure::{Failure, Kind},
    password::{self, Passwords},
};

/// What to do with users.
#[derive(Debug, Subcommand)]
pub enum Users {
    /// Create a user; the password is read from standard input.
    Create {
        /// The name to sign in with.
        #[arg(long)]
        name: String,
        /// What the user may do.
        #[arg(long, value_enum)]
        role: Role,
        /// Read the password from standard input (its first line).
        #[arg(long, required = true)]
        password_stdin: bool,
        /// Print the user as JSON.
        #[arg(long)]
        json: bool,
    },
    /// List the users.
    List {
        /// Print a JSON array instead of a table.
        #[arg(long)]
        json: bool,
    },
}

/// What a user may do.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Role {
    /// Everything.
    Admin,
    /// Look at everything, change nothing.
    Viewer,
}

/// A user as scripts see one.
#[derive(Serialize)]
struct UserFields<'a> {
    id: i64,
    name: &'a str,
    role: &'a str,
    created_at: i64,
}

/// Does it.
pub async fn run(command: Users, config: &Config) -> Result<(), Failure> {
    match command {
        Users::Create {
            name,
            role,
            password_stdin: _,
            json,
        } => create(config, &name, role, json).await,
        Users::List { json } => list(config, json).await,
    }
}

async fn create(config: &Config, name: &str, role: Role, json: bool) -> Result<(), Failure> {
    let password = read_password()?;
    if let Some(objection) = password::objection(&password) {
        return Err(Failure::new(Kind::Usage, objection));
    }
    let store = super::open_store(config).await?;
    let password_hash = Passwords::new(Entropy::System).hash(password).await;
    let new = NewUser {
        name: name.to_owned(),
        role: role.into(),
        password_hash,
    };
    let user = store
        .create_user(new, &Actor::command_line())
        .await
        .map_err(store_failure)?;
    if json {
        output::json(&UserFields::of(&user));
    } else {
        output::line(&format!("Created user {} ({}).", user.name, role_name(user.role)));
    }
    store.close().await;
    Ok(())
}

async fn list(config: &Config, json: bool) -> Result<(), Failure> {
    let store = super::open_store(config).await?;
    let users = store.users().await.map_err(store_failure)?;
    if json {
        output::json(&users.iter().map(UserFields::of).collect::<Vec<_>>());
    } else {
        let head = ["ID", "NAME", "ROLE"].map(str::to_owned).to_vec();
        let rows = users.iter().map(|user| {
            vec![
                user.id.0.to_string(),
                user.name.clone(),
                role_name(user.role).to_owned(),
            ]
        });
        output::table(&std::iter::once(head).chain(rows).collect::<Vec<_>>());
    }
    store.close().await;
    Ok(())
}

/// The first line of standard input, without its end.
fn read_password() -> Result<Secret, Failure> {
    let mut text = String::new();
    let limit = 2 * password::MAX_LENGTH as u64;
    io::stdin().take(limit).read_to_string(&mut text).map_err(|error| {
        Failure::new(
            Kind::NoInput,
            format!("cannot read the password from standard input: {error}"),
        )
    })?;
    Ok(Secret::new(text.lines().next().unwrap_or_default()))
}

impl<'a> UserFields<'a> {
    fn of(user: &'a UserRow) -> Self {
        Self {
            id: user.id.0,
            name: &user.name,
            role: role_name(user.role),
            created_at: user.created_at.0,
        }
    }
}

impl From<Role> for worv_api::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Admin => Self::Admin,
            Role::Viewer => Self::Viewer,
        }
    }
}

fn role_name(role: worv_api::Role) -> &'static str {
    match role {
        worv_api::Role::Admin => "admin",
        worv_api::Role::Viewer => "viewer",
    }
}
