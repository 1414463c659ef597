//! The demo: a simulated engine, eight simulated GPUs, an administrator and an API key; everything else is real.

use std::{
    io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use tokio::net::TcpListener;
use worv_api::Role;
use worv_core::{Entropy, Secret, key::KeySecret};
use worv_proxy::CounterSnapshot;
use worv_sim::{
    engine::{Sim, SimOptions},
    gpus::DemoGpus,
};
use worv_store::{Actor, NewKey, NewUser, Store};

use super::ready::Credentials;
use crate::{
    command,
    config::Config,
    failure::{Failure, Kind},
    password::Passwords,
};

/// The demo's administrator.
const ADMIN: &str = "admin";

/// The name of the demo's key.
const KEY: &str = "demo";

/// Requests under way at which the simulated GPUs show full load.
const FULL_LOAD: f64 = 16.0;

/// What runs for the demo.
pub struct Demo {
    engine: Option<Sim>,
    built_library: PathBuf,
}

/// What the demo found or made in the data folder.
pub struct Prepared {
    /// The simulated GPUs.
    pub gpus: DemoGpus,
    /// What to try it with.
    pub credentials: Credentials,
}

/// Hands the load of the gateway on to the simulated GPUs.
pub struct LoadMeter {
    gpus: DemoGpus,
    /// Requests under way when the load was last handed on.
    in_flight: AtomicU64,
}

impl Demo {
    /// Starts the simulated engine, unless a real one is configured, and makes sure that the rest can be had.
    pub async fn start(config: &Config) -> Result<Self, Failure> {
        let built_library = worv_sim::gpus::built_library()
            .map_err(|error| Failure::new(Kind::NoInput, format!("the demo's GPU library: {error}")))?;
        let engine = match config.engine.url {
            Some(_) => None,
            None => Some(start_engine().await?),
        };
        Ok(Self { engine, built_library })
    }

    /// The simulated engine's address; none if a real one is configured.
    pub fn engine_url(&self) -> Option<String> {
        self.engine.as_ref().map(Sim::url)
    }

    /// Puts the GPU library into the data folder, gives the administrator a new password and makes a new key.
    pub async fn prepare(
        &self,
        store: &Store,
        config: &Config,
        entropy: &Entropy,
        model: &str,
    ) -> Result<Prepared, Failure> {
        let folder = config.server.data_dir.join("demo");
        let gpus = DemoGpus::install(&self.built_library, &folder).map_err(|error| cannot_write(&folder, &error))?;
        let admin_password = administrator(store, &folder.join("admin-password"), entropy).await?;
        let api_key = replace_key(store, entropy).await?.expose().to_owned();
        let credentials = Credentials {
            admin_name: ADMIN.to_owned(),
            admin_password,
            api_key,
            model: model.to_owned(),
        };
        Ok(Prepared { gpus, credentials })
    }

    /// Stops the simulated engine.
    pub async fn stop(self) {
        if let Some(engine) = self.engine {
            engine.shutdown().await;
        }
    }
}

impl LoadMeter {
    /// A meter that drives `gpus`.
    pub fn new(gpus: DemoGpus) -> Self {
        Self {
            gpus,
            in_flight: AtomicU64::new(0),
        }
    }

    /// Makes the GPUs as busy as the gateway is.
    pub fn pass_on(&self, counters: CounterSnapshot) {
        if self.in_flight.swap(counters.in_flight, Ordering::Relaxed) == counters.in_flight {
            return;
        }
        #[expect(clippy::cast_precision_loss, reason = "a count of open requests is far below 2^52")]
        let load = (counters.in_flight as f64 / FULL_LOAD).min(1.0);
        if let Err(error) = self.gpus.set_load(load) {
            tracing::warn!(%error, "cannot write the load of the simulated GPUs");
        }
    }
}

async fn start_engine() -> Result<Sim, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .map_err(|error| Failure::new(Kind::Unavailable, format!("no port for the simulated engine: {error}")))?;
    Ok(Sim::start(listener, SimOptions::default()))
}

/// Makes sure that there is an administrator, and gives the password. It is kept in `file` from one run to the next,
/// so that a page left open over a restart stays signed in: a new password would end every session.
async fn administrator(store: &Store, file: &Path, entropy: &Entropy) -> Result<String, Failure> {
    let passwords = Passwords::new(entropy.clone());
    let user = store.find_user(ADMIN).await.map_err(command::store_failure)?;
    if let Some(user) = &user
        && let Ok(kept) = std::fs::read_to_string(file)
        && passwords
            .verify(Secret::new(kept.clone()), Some(user.password_hash.clone()))
            .await
    {
        return Ok(kept);
    }
    let password = entropy.alphanumeric(16);
    let hash = passwords.hash(Secret::new(password.clone())).await;
    if let Some(user) = user {
        store
            .set_password_hash(user.id, &hash, &actor())
            .await
            .map_err(command::store_failure)?;
    } else {
        let admin = NewUser {
            name: ADMIN.to_owned(),
            role: Role::Admin,
            password_hash: hash,
        };
        store
            .create_user(admin, &actor())
            .await
            .map_err(command::store_failure)?;
    }
    command::write_privately(file, password.as_bytes()).map_err(|error| cannot_write(file, &error))?;
    Ok(password)
}

fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    Failure::new(
        Kind::CannotCreate,
        format!("cannot write the demo's files to {}: {error}", path.display()),
    )
}

/// A new key in place of the one that the last run made.
async fn replace_key(store: &Store, entropy: &Entropy) -> Result<KeySecret, Failure> {
    for key in store.keys().await.map_err(command::store_failure)? {
        if key.name == KEY && key.revoked_at.is_none() {
            store
                .revoke_key(key.id, &actor())
                .await
                .map_err(command::store_failure)?;
        }
    }
    let secret = KeySecret::generate(entropy);
    let new = NewKey {
        note: "Made by the demo at its start.".to_owned(),
        ..NewKey::new(&secret, KEY)
    };
    store.create_key(new, &actor()).await.map_err(command::store_failure)?;
    Ok(secret)
}

/// As whom the demo changes things.
fn actor() -> Actor {
    Actor::command_line()
}
