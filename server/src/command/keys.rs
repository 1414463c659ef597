//! `worv keys`: API keys, beside a running server or without one.

use std::time::Duration;

use clap::Subcommand;
use serde::Serialize;
use worv_api::ApiKey;
use worv_core::{
    Clock, Entropy, UnixMillis, calendar,
    key::{KeyId, KeySecret},
};
use worv_store::{Actor, KeyEdit, KeyRow, NewKey, Store};

use self::flags::{Change, Fields};
use super::{output, store_failure};
use crate::{config::Config, console::shown_key, failure::Failure};

mod flags;

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub enum Keys {
    /// Create a key and print it, this once.
    Create {
        /// What the key is for.
        #[arg(long)]
        name: String,
        #[command(flatten)]
        fields: Fields,
        /// Print one JSON object instead of text.
        #[arg(long)]
        json: bool,
    },
    /// List every key, newest first.
    List {
        /// Print a JSON array instead of a table.
        #[arg(long)]
        json: bool,
    },
    /// Show a key with all its settings.
    Show(Which),
    /// Change a key; what is not named stays. A running server follows within a second.
    Edit {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        change: Change,
    },
    /// Give a key another secret and print it, this once.
    Rotate {
        #[command(flatten)]
        which: Which,
        /// How long the earlier secret works on, such as 24h; not at all without this.
        #[arg(long, value_name = "TIME", value_parser = flags::time)]
        overlap: Option<Duration>,
    },
    /// Refuse a key until it is resumed.
    Suspend(Which),
    /// Accept a suspended key again.
    Resume(Which),
    /// Revoke a key: a running server refuses it within a second. It cannot be undone.
    Revoke(Which),
}

/// Which key, and how to print it.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Which {
    /// The key's number, as `worv keys list` shows it.
    id: i64,
    /// Print the key as JSON.
    #[arg(long)]
    json: bool,
}

/// A new key as scripts see it, secret included.
#[derive(Serialize)]
struct CreatedFields<'a> {
    key: &'a str,
    #[serde(flatten)]
    fields: ApiKey,
}

/// Does it.
pub async fn run(command: Keys, config: &Config) -> Result<(), Failure> {
    let store = super::open_store(config).await?;
    let by = Actor::command_line();
    match command {
        Keys::Create { name, fields, json } => create(&store, name, fields, json).await?,
        Keys::List { json } => list(&store, json).await?,
        Keys::Show(which) => show(store.key(KeyId(which.id)).await, which, "")?,
        Keys::Edit { which, change } => {
            let before = store.key(KeyId(which.id)).await.map_err(store_failure)?;
            let edit = change.apply(before.edit(), Clock::System.now());
            show(store.edit_key(before.id, edit, &by).await, which, "Changed")?;
        }
        Keys::Rotate { which, overlap } => {
            let secret = KeySecret::generate(&Entropy::System);
            let overlap = overlap.unwrap_or_default();
            let key = store.rotate_key(KeyId(which.id), &secret, overlap, &by).await;
            print_secret("Rotated", &secret, key.map_err(store_failure)?, which.json);
        }
        Keys::Suspend(which) => show(store.suspend_key(KeyId(which.id), &by).await, which, "Suspended")?,
        Keys::Resume(which) => show(store.resume_key(KeyId(which.id), &by).await, which, "Resumed")?,
        Keys::Revoke(which) => show(store.revoke_key(KeyId(which.id), &by).await, which, "Revoked")?,
    }
    store.close().await;
    Ok(())
}

async fn create(store: &Store, name: String, fields: Fields, json: bool) -> Result<(), Failure> {
    let secret = KeySecret::generate(&Entropy::System);
    let now = Clock::System.now();
    let KeyEdit {
        name,
        owner,
        note,
        expires_at,
        settings,
    } = fields.apply(NewKey::new(&secret, name, now).edit(), now);
    let new = NewKey {
        owner,
        note,
        expires_at,
        settings,
        ..NewKey::new(&secret, name, now)
    };
    let key = store.create_key(new, &Actor::command_line()).await;
    print_secret("Created", &secret, key.map_err(store_failure)?, json);
    Ok(())
}

/// Prints a secret, this once.
fn print_secret(done: &str, secret: &KeySecret, key: KeyRow, json: bool) {
    if json {
        output::json(&CreatedFields {
            key: secret.expose(),
            fields: shown_key(key, Clock::System.now()),
        });
    } else {
        output::line(&format!(
            "{done} key {} ({}). It is shown this once:\n\n  {}\n",
            key.id,
            key.name,
            secret.expose()
        ));
    }
}

/// Prints a key: as JSON, as what was done to it, or, where nothing was, with everything.
fn show(key: Result<KeyRow, worv_store::StoreError>, which: Which, done: &str) -> Result<(), Failure> {
    let key = shown_key(key.map_err(store_failure)?, Clock::System.now());
    if which.json {
        output::json(&key);
    } else if done.is_empty() {
        output::fields(&key);
    } else {
        output::line(&format!("{done} key {} ({}).", key.id, key.name));
    }
    Ok(())
}

async fn list(store: &Store, json: bool) -> Result<(), Failure> {
    let keys = store.keys().await.map_err(store_failure)?;
    let now = Clock::System.now();
    let keys: Vec<_> = keys.into_iter().map(|key| shown_key(key, now)).collect();
    if json {
        output::json(&keys);
        return Ok(());
    }
    let head = ["ID", "NAME", "OWNER", "KEY", "STATUS", "LAST USED", "EXPIRES"];
    let row = |key: &ApiKey| {
        let moment = |at: Option<i64>| at.map_or_else(|| "never".to_owned(), |at| calendar::iso(UnixMillis(at)));
        vec![
            key.id.to_string(),
            key.name.clone(),
            key.owner.clone(),
            format!("{}…{}", key.prefix, key.last_four),
            format!("{:?}", key.status).to_lowercase(),
            moment(key.last_used_at),
            moment(key.expires_at),
        ]
    };
    let head = std::iter::once(head.map(str::to_owned).to_vec());
    output::table(&head.chain(keys.iter().map(row)).collect::<Vec<_>>());
    Ok(())
}
