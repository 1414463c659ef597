//! A certificate from an ACME server (RFC 8555): asked for at the start, kept in the data folder, renewed in time.

use std::{
    fs::DirBuilder,
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use instant_acme::Account;
use tokio::time::{sleep, timeout};
use worv_core::{Clock, Entropy};

use super::{Certificate, CertificateError, Challenges, Files};
use crate::{
    command::write_privately,
    config,
    edge::{HostName, Hosts},
    failure::{Failure, root_cause},
};

use backoff::Backoff;
use server::Server;

mod account;
mod backoff;
mod order;
mod renewal;
mod server;

/// The folder in the data folder, for the owner only.
const FOLDER: &str = "acme";

/// Holds the private key and the certificates, so that both are replaced at one moment.
const CERTIFICATE: &str = "certificate.pem";

/// How long one attempt may take: an account, an order, and a challenge for each name.
const ATTEMPT: Duration = Duration::from_mins(5);

/// What asks for certificates, and keeps them.
pub struct Acme {
    server: Server,
    hosts: Vec<HostName>,
    folder: PathBuf,
    challenges: Challenges,
    retry: Duration,
    failures: AtomicU64,
    clock: Clock,
    entropy: Entropy,
}

/// Why there is no new certificate. Each is one line.
#[derive(Debug, thiserror::Error)]
enum AcmeError {
    #[error("{doing}: {}", root_cause(.error))]
    Server {
        doing: &'static str,
        error: instant_acme::Error,
    },
    #[error("{name}: {why}")]
    Name { name: String, why: String },
    #[error("cannot keep {path}: {error}")]
    Disk { path: String, error: io::Error },
    #[error("what the ACME server gave cannot be used: {0}")]
    Unusable(CertificateError),
    #[error("what the ACME server gave is not for {0}")]
    MissingName(HostName),
    #[error("the ACME server did not finish within 5 minutes")]
    TooSlow,
}

/// What a look at the certificate came to.
enum Outcome {
    /// There is a new one.
    Renewed(Arc<Certificate>),
    /// The one that there is will do for so long.
    NotYet(Duration),
}

impl Acme {
    /// What the configuration asks for, if it names an ACME server. Nothing is written yet, nor is the server asked.
    pub fn of(
        config: &config::Acme,
        hosts: Option<&Hosts>,
        data_dir: &Path,
        (clock, entropy): (&Clock, &Entropy),
    ) -> Result<Option<Self>, Failure> {
        let (Some(server), Some(hosts)) = (Server::of(config)?, hosts) else {
            return Ok(None);
        };
        Ok(Some(Self {
            server,
            hosts: hosts.all().cloned().collect(),
            folder: data_dir.join(FOLDER),
            challenges: Challenges::default(),
            retry: Duration::from_secs(config.retry_seconds),
            failures: AtomicU64::new(0),
            clock: clock.clone(),
            entropy: entropy.clone(),
        }))
    }

    /// Where the certificate is kept: one file.
    pub fn files(&self) -> Files {
        let file = self.folder.join(CERTIFICATE);
        Files {
            cert: file.clone(),
            key: file,
        }
    }

    /// What the ACME server is answered that asks over plain HTTP whether the names are ours.
    pub fn challenges(&self) -> Challenges {
        self.challenges.clone()
    }

    /// How many attempts have failed since the start.
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// Sees to it that there is a certificate for every name, and a new one in time; `current` is the one that there is.
    /// Does not end. Putting the file's content in force is left to whoever watches it.
    pub async fn keep(&self, mut current: Option<Arc<Certificate>>) {
        let mut backoff = Backoff::new(self.retry);
        let moment = renewal::Moment::draw(&self.entropy);
        loop {
            let look = timeout(ATTEMPT, self.look(current.as_deref(), moment));
            let wait = match look.await.unwrap_or(Err(AcmeError::TooSlow)) {
                Ok(Outcome::Renewed(certificate)) => {
                    let rest = renewal::rest(&certificate);
                    current = Some(certificate);
                    backoff = Backoff::new(self.retry);
                    rest
                }
                Ok(Outcome::NotYet(wait)) => {
                    backoff = Backoff::new(self.retry);
                    wait
                }
                Err(error) => {
                    self.failures.fetch_add(1, Ordering::Relaxed);
                    let wait = backoff.next();
                    self.complain(&error, wait, current.is_some());
                    wait
                }
            };
            sleep(wait).await;
        }
    }

    fn complain(&self, error: &AcmeError, wait: Duration, has_one: bool) {
        let (next_attempt_in_seconds, directory) = (wait.as_secs(), self.server.directory());
        if has_one {
            tracing::error!(%error, next_attempt_in_seconds, directory, "the ACME server is of no use; the certificate that there is stays in force");
        } else {
            tracing::error!(%error, next_attempt_in_seconds, directory, "no certificate from the ACME server; HTTPS is refused until there is one");
        }
    }

    async fn look(&self, current: Option<&Certificate>, moment: renewal::Moment) -> Result<Outcome, AcmeError> {
        let Some(current) = current.filter(|current| self.hosts.iter().all(|host| current.names(host))) else {
            let account = self.account().await?;
            return self.renew(&account, None).await;
        };
        let account = self.account().await?;
        let now = self.clock.now();
        let advice = match renewal::advice(&account, current).await {
            // It is too late to wait for advice.
            Err(_) if current.old_at() <= now => None,
            advice => advice?,
        };
        let due = advice.map_or_else(|| current.old_at(), |advice| moment.due(&advice));
        if due <= now {
            return self.renew(&account, advice.map(|_| current)).await;
        }
        Ok(Outcome::NotYet(renewal::next_look(due.since(now), advice.as_ref())))
    }

    async fn account(&self) -> Result<Account, AcmeError> {
        self.prepare_folder()?;
        account::open(&self.server, &self.folder).await
    }

    /// Asks for a certificate, and keeps it if it is one for us. `replaced` is named where the server plans by that.
    async fn renew(&self, account: &Account, replaced: Option<&Certificate>) -> Result<Outcome, AcmeError> {
        let ordered = order::fulfil(account, &self.hosts, replaced, &self.challenges).await;
        let pem = ordered.inspect_err(|error| account::forget_unknown(&self.folder, error))?;
        let file = self.folder.join(CERTIFICATE);
        let certificate = Certificate::parse(&pem, &file, self.clock.now()).map_err(AcmeError::Unusable)?;
        if let Some(missing) = self.hosts.iter().find(|host| !certificate.names(host)) {
            return Err(AcmeError::MissingName(missing.clone()));
        }
        write_privately(&file, &pem).map_err(|error| disk(&file, error))?;
        let names = self.hosts.len();
        tracing::info!(
            names,
            directory = self.server.directory(),
            "the ACME server gave a certificate"
        );
        Ok(Outcome::Renewed(Arc::new(certificate)))
    }

    fn prepare_folder(&self) -> Result<(), AcmeError> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&self.folder);
        made.map_err(|error| disk(&self.folder, error))
    }
}

impl AcmeError {
    /// Makes an error of what went wrong with the server while we were `doing` something.
    fn server(doing: &'static str) -> impl Fn(instant_acme::Error) -> Self {
        move |error| Self::Server { doing, error }
    }
}

fn disk(path: &Path, error: io::Error) -> AcmeError {
    AcmeError::Disk {
        path: path.display().to_string(),
        error,
    }
}
