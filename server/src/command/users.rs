//! `worv users`: who may sign in to the console.

use std::io::{self, Read};

use clap::{Args, Subcommand, ValueEnum};
use worv_api::User;
use worv_core::{Entropy, Secret};
use worv_store::{Actor, NewUser, Store, UserId, UserRow};

use super::{output, store_failure};
use crate::{
    config::Config,
    console::shown_user,
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
    /// Change what a user may do; the last administrator stays one.
    Role {
        #[command(flatten)]
        which: Which,
        /// What the user may do.
        #[arg(long, value_enum)]
        role: Role,
    },
    /// Give a user another password, read from standard input; it ends the user's sessions.
    Password {
        #[command(flatten)]
        which: Which,
        /// Read the password from standard input (its first line).
        #[arg(long, required = true)]
        password_stdin: bool,
    },
    /// Switch a user's second factor off, for one who has lost it.
    SecondFactorOff(Which),
    /// Delete a user and end the user's sessions; the last administrator stays.
    Delete(Which),
}

/// Which user, and how to print it.
#[derive(Debug, Args)]
pub struct Which {
    /// The user's name.
    #[arg(long)]
    name: String,
    /// Print the user as JSON.
    #[arg(long)]
    json: bool,
}

/// What a user may do.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Role {
    /// Everything.
    Admin,
    /// Look at everything, change nothing.
    Viewer,
}

/// Does it.
pub async fn run(command: Users, config: &Config) -> Result<(), Failure> {
    // A password that cannot be is told before a database is made for it.
    let password = match &command {
        Users::Create { .. } | Users::Password { .. } => read_password()?,
        _ => Secret::new(""),
    };
    let store = super::open_store(config).await?;
    let by = Actor::command_line();
    match command {
        Users::Create { name, role, json, .. } => {
            let new = NewUser {
                name,
                role: role.into(),
                password_hash: hash(password).await,
            };
            let user = store.create_user(new, &by).await.map_err(store_failure)?;
            print(&user, json, "Created");
        }
        Users::List { json } => list(&store, json).await?,
        Users::Role { which, role } => {
            let id = find(&store, &which.name).await?;
            let user = store.set_role(id, role.into(), &by).await.map_err(store_failure)?;
            print(&user, which.json, "Changed");
        }
        Users::Password { which, .. } => {
            let id = find(&store, &which.name).await?;
            let hash = hash(password).await;
            store.set_password_hash(id, &hash, &by).await.map_err(store_failure)?;
            print_stored(&store, id, which.json, "Changed the password and ended the sessions of").await?;
        }
        Users::SecondFactorOff(which) => {
            let id = find(&store, &which.name).await?;
            store.remove_second_factor(id, &by).await.map_err(store_failure)?;
            print_stored(&store, id, which.json, "Switched the second factor off of").await?;
        }
        Users::Delete(which) => {
            let id = find(&store, &which.name).await?;
            let user = store.delete_user(id, &by).await.map_err(store_failure)?;
            print(&user, which.json, "Deleted");
        }
    }
    store.close().await;
    Ok(())
}

async fn find(store: &Store, name: &str) -> Result<UserId, Failure> {
    match store.find_user(name).await.map_err(store_failure)? {
        Some(user) => Ok(user.id),
        None => Err(Failure::new(
            Kind::Usage,
            format!(
                "there is no user called {:?}",
                name.chars().take(100).collect::<String>()
            ),
        )),
    }
}

async fn list(store: &Store, json: bool) -> Result<(), Failure> {
    let users = store.users().await.map_err(store_failure)?;
    let users: Vec<User> = users.iter().map(shown_user).collect();
    if json {
        output::json(&users);
        return Ok(());
    }
    let head = ["ID", "NAME", "ROLE", "SECOND FACTOR"].map(str::to_owned).to_vec();
    let rows = users.into_iter().map(|user| {
        let second_factor = if user.second_factor { "on" } else { "off" };
        vec![
            user.id.to_string(),
            user.name,
            role_name(user.role).to_owned(),
            second_factor.to_owned(),
        ]
    });
    output::table(&std::iter::once(head).chain(rows).collect::<Vec<_>>());
    Ok(())
}

async fn print_stored(store: &Store, id: UserId, json: bool, done: &str) -> Result<(), Failure> {
    let user = store.user(id).await.map_err(store_failure)?;
    print(&user, json, done);
    Ok(())
}

fn print(user: &UserRow, json: bool, done: &str) {
    let user = shown_user(user);
    if json {
        output::json(&user);
    } else {
        output::line(&format!("{done} user {} ({}).", user.name, role_name(user.role)));
    }
}

/// The first line of standard input, without its end, if it will do as a password.
fn read_password() -> Result<Secret, Failure> {
    let mut text = String::new();
    let limit = 2 * password::MAX_LENGTH as u64;
    io::stdin().take(limit).read_to_string(&mut text).map_err(|error| {
        Failure::new(
            Kind::NoInput,
            format!("cannot read the password from standard input: {error}"),
        )
    })?;
    let password = Secret::new(text.lines().next().unwrap_or_default());
    match password::objection(&password) {
        Some(objection) => Err(Failure::new(Kind::Usage, objection)),
        None => Ok(password),
    }
}

async fn hash(password: Secret) -> Secret {
    Passwords::new(Entropy::System).hash(password).await
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
