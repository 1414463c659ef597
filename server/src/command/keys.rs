//! `worv keys`: API keys, beside a running server or without one.

use std::time::Duration;

use clap::{Args, Subcommand};
use serde::Serialize;
use worv_core::{
    Clock, Entropy,
    key::{KeyId, KeySecret},
};
use worv_store::{Actor, KeyRow, NewKey, Store};

use super::{output, store_failure};
use crate::{config::Config, failure::Failure};

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub enum Keys {
    /// Create a key and print it, this once.
    Create(Create),
    /// List every key, newest first.
    List {
        /// Print a JSON array instead of a table.
        #[arg(long)]
        json: bool,
    },
    /// Revoke a key: a running server refuses it within a second. It cannot be undone.
    Revoke {
        /// The key's number, as `worv keys list` shows it.
        id: i64,
        /// Print the key as JSON.
        #[arg(long)]
        json: bool,
    },
}

/// A key to create.
#[derive(Debug, Args)]
pub struct Create {
    /// What the key is for.
    #[arg(long)]
    name: String,
    /// Whom it belongs to.
    #[arg(long, default_value = "")]
    owner: String,
    /// Anything worth remembering.
    #[arg(long, default_value = "")]
    note: String,
    /// How long it works, such as 12h, 30d or 52w; without this, until it is revoked.
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    expires_in: Option<Duration>,
    /// Print one JSON object instead of text.
    #[arg(long)]
    json: bool,
}

/// A key as scripts see it.
#[derive(Serialize)]
struct KeyFields<'a> {
    id: i64,
    name: &'a str,
    owner: &'a str,
    note: &'a str,
    prefix: &'a str,
    last_four: &'a str,
    created_at: i64,
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
    last_used_at: Option<i64>,
}

/// A new key as scripts see it, secret included.
#[derive(Serialize)]
struct CreatedFields<'a> {
    key: &'a str,
    #[serde(flatten)]
    fields: KeyFields<'a>,
}

/// Does it.
pub async fn run(command: Keys, config: &Config) -> Result<(), Failure> {
    let store = super::open_store(config).await?;
    match command {
        Keys::Create(create) => self::create(&store, create).await?,
        Keys::List { json } => list(&store, json).await?,
        Keys::Revoke { id, json } => {
            let key = store
                .revoke_key(KeyId(id), &Actor::command_line())
                .await
                .map_err(store_failure)?;
            if json {
                output::json(&KeyFields::of(&key));
            } else {
                output::line(&format!("Revoked key {id} ({}).", key.name));
            }
        }
    }
    store.close().await;
    Ok(())
}

async fn create(store: &Store, create: Create) -> Result<(), Failure> {
    let Create {
        name,
        owner,
        note,
        expires_in,
        json,
    } = create;
    let secret = KeySecret::generate(&Entropy::System);
    let expires_at = expires_in.map(|time| Clock::System.now().plus(time));
    let new = NewKey {
        owner,
        note,
        expires_at,
        ..NewKey::new(&secret, name)
    };
    let key = store
        .create_key(new, &Actor::command_line())
        .await
        .map_err(store_failure)?;
    if json {
        output::json(&CreatedFields {
            key: secret.expose(),
            fields: KeyFields::of(&key),
        });
    } else {
        output::line(&format!(
            "Created key {} ({}). It is shown this once:\n\n  {}\n",
            key.id,
            key.name,
            secret.expose()
        ));
    }
    Ok(())
}

async fn list(store: &Store, json: bool) -> Result<(), Failure> {
    let keys = store.keys().await.map_err(store_failure)?;
    if json {
        output::json(&keys.iter().map(KeyFields::of).collect::<Vec<_>>());
        return Ok(());
    }
    let now = Clock::System.now();
    let head = ["ID", "NAME", "OWNER", "KEY", "STATUS"].map(str::to_owned).to_vec();
    let row = |key: &KeyRow| {
        let masked = format!("{}…{}", key.prefix, key.last_four);
        let status = crate::console::key_status(key, now);
        vec![
            key.id.to_string(),
            key.name.clone(),
            key.owner.clone(),
            masked,
            format!("{status:?}").to_lowercase(),
        ]
    };
    output::table(&std::iter::once(head).chain(keys.iter().map(row)).collect::<Vec<_>>());
    Ok(())
}

impl<'a> KeyFields<'a> {
    fn of(key: &'a KeyRow) -> Self {
        Self {
            id: key.id.0,
            name: &key.name,
            owner: &key.owner,
            note: &key.note,
            prefix: &key.prefix,
            last_four: &key.last_four,
            created_at: key.created_at.0,
            expires_at: key.expires_at.map(|at| at.0),
            revoked_at: key.revoked_at.map(|at| at.0),
            last_used_at: key.last_used_at.map(|at| at.0),
        }
    }
}

/// A time such as `90m`, `12h`, `30d` or `52w`.
fn parse_time(text: &str) -> Result<Duration, String> {
    let objection = || format!("{text:?} is no time: give a number and one of m, h, d, w, such as 30d");
    let split = text
        .len()
        .checked_sub(1)
        .filter(|&split| text.is_char_boundary(split))
        .ok_or_else(objection)?;
    let (count, unit) = text.split_at(split);
    let minutes: u64 = match unit {
        "m" => 1,
        "h" => 60,
        "d" => 24 * 60,
        "w" => 7 * 24 * 60,
        _ => return Err(objection()),
    };
    let count: u32 = count.parse().map_err(|_| objection())?;
    if count == 0 {
        return Err(objection());
    }
    Ok(Duration::from_secs(u64::from(count) * minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_a_number_and_a_unit() {
        assert_eq!(parse_time("90m"), Ok(Duration::from_mins(90)));
        assert_eq!(parse_time("30d"), Ok(Duration::from_hours(30 * 24)));
        assert_eq!(parse_time("2w"), Ok(Duration::from_hours(14 * 24)));
        for wrong in ["", "d", "30", "0d", "-1d", "1y", "30é", "1.5h"] {
            assert!(parse_time(wrong).is_err(), "{wrong:?}");
        }
    }
}
