//! Handing over to a new process, such as a new version: it gets the listeners, so that no connection is refused; this
//! one ends when its own requests have.

use std::{
    env,
    ffi::OsString,
    io,
    os::fd::{AsFd, OwnedFd},
    path::{Path, PathBuf},
    time::Duration,
};

use command_fds::{CommandFdExt, FdMapping};
use tokio::{
    net::UnixDatagram,
    process::{Child, Command},
    signal::unix::{Signal, SignalKind, signal},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::{inherited::HANDED_OVER, notify};
use crate::failure::{Failure, Kind};

/// How long the new process may take until it serves. It opens the same database and asks the same engine.
const START_TIMEOUT: Duration = Duration::from_mins(2);

/// The first descriptor that is passed on (`sd_listen_fds(3)`).
const FIRST: i32 = 3;

/// What the new process sends when it serves (`sd_notify(3)`).
const READY: &[u8] = b"READY=1";

/// Starts new processes in place of this one.
pub struct Handover {
    program: PathBuf,
    arguments: Vec<OsString>,
    listeners: Vec<(&'static str, OwnedFd)>,
    /// Where the new process tells that it serves.
    socket: PathBuf,
}

impl Handover {
    /// `listeners` by the keys of their addresses; `folder` is for a socket that lives while a new process starts.
    pub fn new(listeners: Vec<(&'static str, OwnedFd)>, folder: &Path) -> Result<Self, Failure> {
        let program = env::current_exe()
            .map_err(|error| Failure::new(Kind::Software, format!("cannot tell which program this is: {error}")))?;
        Ok(Self {
            program,
            arguments: env::args_os().skip(1).collect(),
            listeners,
            socket: folder.join("handover.sock"),
        })
    }

    /// At each SIGUSR2 after this call starts a new process; the first that serves ends this one's accepting. One that does
    /// not start is logged, and this one goes on.
    pub fn follow(self, accepting: CancellationToken) -> impl Future<Output = ()> {
        // From here on the signal does not end the program.
        let asked = signal(SignalKind::user_defined2());
        async move {
            match asked {
                Ok(asked) => self.follow_signal(asked, accepting).await,
                Err(error) => tracing::error!(%error, "cannot listen for SIGUSR2"),
            }
        }
    }

    async fn follow_signal(&self, mut asked: Signal, accepting: CancellationToken) {
        while accepting.run_until_cancelled(asked.recv()).await.flatten().is_some() {
            match self.start().await {
                Ok(child) => {
                    tracing::info!(
                        process = child.id(),
                        "a new process serves; this one ends when its requests have"
                    );
                    return accepting.cancel();
                }
                Err(error) => tracing::error!(%error, "the new process does not serve; this one goes on"),
            }
        }
    }

    /// Starts a new process and waits until it serves.
    async fn start(&self) -> io::Result<Child> {
        let _ = std::fs::remove_file(&self.socket);
        let ready = UnixDatagram::bind(&self.socket)?;
        let started = self.start_and_wait(&ready).await;
        let _ = std::fs::remove_file(&self.socket);
        started
    }

    async fn start_and_wait(&self, ready: &UnixDatagram) -> io::Result<Child> {
        let mut mappings = Vec::with_capacity(self.listeners.len());
        for (number, (_, listener)) in (FIRST..).zip(&self.listeners) {
            mappings.push(FdMapping {
                parent_fd: listener.try_clone()?,
                child_fd: number,
            });
        }
        let names: Vec<_> = self.listeners.iter().map(|(name, _)| *name).collect();
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .env("LISTEN_FDS", names.len().to_string())
            .env("LISTEN_FDNAMES", names.join(":"))
            .env_remove("LISTEN_PID")
            .env(HANDED_OVER, std::path::absolute(&self.socket)?)
            .fd_mappings(mappings)
            .map_err(io::Error::other)?;
        let mut child = command.spawn()?;
        let mut message = [0; 64];
        let told = async {
            loop {
                let length = ready.recv(&mut message).await?;
                if message[..length].starts_with(READY) {
                    return io::Result::Ok(());
                }
            }
        };
        tokio::select! {
            told = timeout(START_TIMEOUT, told) => {
                let Ok(told) = told else {
                    child.kill().await?;
                    return Err(io::Error::new(io::ErrorKind::TimedOut, "it did not serve in time and was ended"));
                };
                told?;
            }
            ended = child.wait() => return Err(io::Error::other(format!("it ended with {}", ended?))),
        }
        // The service manager follows the new process from here on.
        if let Some(process) = child.id() {
            notify::succeeded_by(process);
        }
        Ok(child)
    }
}

/// A descriptor of a listener, for a new process.
pub fn descriptor(listener: &impl AsFd) -> Result<OwnedFd, Failure> {
    listener.as_fd().try_clone_to_owned().map_err(|error| {
        Failure::new(
            Kind::Software,
            format!("cannot keep a listener for a new process: {error}"),
        )
    })
}
