//! The demo: a simulated engine, eight simulated GPUs, an administrator and an API key; everything else is real.

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use tokio::net::TcpSocket;
use worv_api::Role;
use worv_core::{Clock, Entropy, Secret, key::KeySecret};
use worv_node::{
    machine::NodeHandle,
    supervisor::{Launch, Stage},
};
use worv_proxy::CounterSnapshot;
use worv_sim::gpus::DemoGpus;
use worv_store::{Actor, NewKey, NewUser, Store};

use super::ready::Credentials;
use crate::{
    command,
    config::{Config, Profile},
    failure::{Failure, Kind},
    password::Passwords,
};

/// The demo's administrator.
const ADMIN: &str = "admin";

/// The name of the demo's key.
const KEY: &str = "demo";

/// Requests under way at which the simulated GPUs show full load.
const FULL_LOAD: f64 = 16.0;

/// How long the simulated engines load, in milliseconds: long enough to be seen.
const LOAD_MS: u32 = 6_000;

/// The share of the GPUs' memory that a loaded model takes.
const LOADED: f64 = 0.9;

/// What runs for the demo.
pub struct Demo {
    /// Where the simulated engines listen, one after the other; none if a real one is configured.
    engine: Option<Place>,
    built_library: PathBuf,
}

/// A port that is kept for the simulated engines.
struct Place {
    address: SocketAddr,
    program: PathBuf,
    /// Bound and not listening, so that nobody else is given the port.
    _held: TcpSocket,
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
    /// What runs the engine, if that is simulated too.
    node: Option<NodeHandle>,
    /// Load and memory as they were last handed on.
    last: Mutex<(f64, f64)>,
}

impl Demo {
    /// Finds a place for the simulated engines, unless a real one is configured, and makes sure that the rest can be had.
    /// The profiles of `config` become simulated engines that start at once.
    pub fn start(config: &mut Config) -> Result<Self, Failure> {
        let built_library = worv_sim::gpus::built_library()
            .map_err(|error| Failure::new(Kind::NoInput, format!("the demo's GPU library: {error}")))?;
        let engine = match config.engine.url {
            Some(_) => None,
            None => Some(Place::find().map_err(|error| {
                Failure::new(Kind::Unavailable, format!("no place for the simulated engine: {error}"))
            })?),
        };
        if let Some(place) = &engine {
            for profile in &mut config.profile {
                profile.launch = Some(place.launch(profile, 0));
            }
        }
        Ok(Self { engine, built_library })
    }

    /// The profiles as simulated engines that take a moment to load, as one would see it.
    pub fn profiles_to_switch_to(&self, config: &Config) -> Vec<Profile> {
        let mut profiles = config.profile.clone();
        if let Some(place) = &self.engine {
            for profile in &mut profiles {
                profile.launch = Some(place.launch(profile, LOAD_MS));
            }
        }
        profiles
    }

    /// The simulated engines' address; none if a real one is configured.
    pub fn engine_url(&self) -> Option<String> {
        self.engine.as_ref().map(|place| format!("http://{}", place.address))
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
        // The engines of the last run ended with it.
        let _ = std::fs::remove_file(config.server.data_dir.join("node/engine.json"));
        let api_key = replace_key(store, entropy).await?.expose().to_owned();
        let credentials = Credentials {
            admin_name: ADMIN.to_owned(),
            admin_password,
            api_key,
            model: model.to_owned(),
        };
        Ok(Prepared { gpus, credentials })
    }
}

impl Place {
    fn find() -> io::Result<Self> {
        let held = TcpSocket::new_v4()?;
        held.set_reuseaddr(true)?;
        held.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        Ok(Self {
            address: held.local_addr()?,
            program: std::env::current_exe()?,
            _held: held,
        })
    }

    /// How a simulated engine is started here: this program again, which ends with this process.
    fn launch(&self, profile: &Profile, load_ms: u32) -> Launch {
        let arguments = [
            ("--listen", self.address.to_string()),
            ("--model", profile.name.clone()),
            ("--load-ms", load_ms.to_string()),
            ("--until-process", std::process::id().to_string()),
        ];
        let mut argv = vec![self.program.display().to_string(), "sim".to_owned()];
        for (name, value) in arguments {
            argv.extend([name.to_owned(), value]);
        }
        Launch {
            drain_seconds: 60,
            stop_seconds: 5,
            load_seconds: u64::from(LOAD_MS / 1_000),
            start_timeout_seconds: 60,
            ..Launch::new(argv)
        }
    }
}

impl LoadMeter {
    /// A meter that drives `gpus`, whose memory is in use as far as the engine of `node` is loaded.
    pub fn new(gpus: DemoGpus, node: Option<NodeHandle>) -> Self {
        Self {
            gpus,
            node,
            last: Mutex::new((0.0, LOADED)),
        }
    }

    /// Makes the GPUs as busy as the gateway is.
    pub fn pass_on(&self, counters: CounterSnapshot) {
        #[expect(clippy::cast_precision_loss, reason = "a count of open requests is far below 2^52")]
        let load = (counters.in_flight as f64 / FULL_LOAD).min(1.0);
        let now = (load, self.memory());
        let before = std::mem::replace(&mut *self.last.lock().unwrap_or_else(PoisonError::into_inner), now);
        if before == now {
            return;
        }
        if let Err(error) = self.gpus.set(now.0, now.1) {
            tracing::warn!(%error, "cannot write the load of the simulated GPUs");
        }
    }

    /// The share of memory that the model takes now.
    fn memory(&self) -> f64 {
        let Some(node) = &self.node else { return LOADED };
        let report = node.report.borrow();
        let supervision = &report.supervision;
        match (supervision.stage, supervision.loading) {
            (Stage::Serving, _) => LOADED,
            (Stage::Loading, Some(loading)) => LOADED * f64::from(loading.done) / f64::from(loading.total.max(1)),
            _ => 0.0,
        }
    }
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
        ..NewKey::new(&secret, KEY, Clock::System.now())
    };
    store.create_key(new, &actor()).await.map_err(command::store_failure)?;
    Ok(secret)
}

/// As whom the demo changes things.
fn actor() -> Actor {
    Actor::command_line()
}
