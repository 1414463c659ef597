//! The engine's processes: started, waited for, and ended to the last one.

use std::{
    fs::File,
    io,
    os::fd::OwnedFd,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use tokio::{
    io::{Interest, unix::AsyncFd},
    process::{Child, Command},
    time::{Instant, timeout_at},
};

use super::{
    launch::Launch,
    process_table::{Identity, RUN_VARIABLE, exists},
};

/// How long killed processes may take to be gone. The kernel needs seconds to take back hundreds of gigabytes.
const KILL_PATIENCE: Duration = Duration::from_mins(1);

/// How long the command that cleans up may take.
const CLEANUP_PATIENCE: Duration = Duration::from_mins(1);

/// The first of the engine's processes: a child of ours, or one that a program before us has started.
pub(super) struct Process {
    pub(super) identity: Identity,
    /// None for one that is not our child: nobody tells us how it ends.
    child: Option<Child>,
}

/// Starts the engine's first process, in a group of its own, with its output in `log`.
pub(super) fn start(launch: &Launch, run: String, log: &File) -> io::Result<Process> {
    let mut command = command(&launch.argv, launch);
    command
        .env(RUN_VARIABLE, &run)
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log.try_clone()?);
    let child = command.spawn()?;
    let identity = child.id().and_then(|pid| Identity::of(pid, run));
    // A child that nobody has waited for yet is in the table, if only as one that has ended.
    let identity = identity.ok_or_else(|| io::Error::other("it is not in the table of processes"))?;
    Ok(Process {
        identity,
        child: Some(child),
    })
}

/// Takes over a process that runs already.
pub(super) fn adopt(identity: Identity) -> Process {
    Process { identity, child: None }
}

/// Resolves when process `pid` has ended, be it a child of ours or not; at once if there is none.
pub async fn ended(pid: u32) {
    if let Some(watched) = open(pid) {
        let _ = watched.readable().await;
    }
}

/// Ends every process of `identity`: asks them to, and kills them after `grace`.
///
/// # Errors
/// The processes that are still there a minute after they were killed.
pub(super) async fn end_all(identity: &Identity, grace: Duration) -> Result<(), Vec<u32>> {
    send(&identity.members(), Signal::TERM);
    if gone(identity, Instant::now() + grace, None).await {
        return Ok(());
    }
    if gone(identity, Instant::now() + KILL_PATIENCE, Some(Signal::KILL)).await {
        return Ok(());
    }
    Err(identity.members())
}

/// Runs the command that removes what outlives the engine's processes, if there is one.
pub(super) async fn clean_up(launch: &Launch) {
    if launch.cleanup.is_empty() {
        return;
    }
    let mut command = command(&launch.cleanup, launch);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    match tokio::time::timeout(CLEANUP_PATIENCE, command.status()).await {
        Ok(Ok(status)) => tracing::debug!(%status, "cleaned up after the engine"),
        Ok(Err(error)) => tracing::warn!(%error, command = launch.cleanup[0], "cannot clean up after the engine"),
        Err(_) => tracing::warn!(command = launch.cleanup[0], "cleaning up after the engine does not end"),
    }
}

impl Process {
    /// Resolves when it has ended, with how it did where that is known. Safe to drop and to call again.
    pub(super) async fn ended(&mut self) -> Option<ExitStatus> {
        if let Some(child) = &mut self.child {
            return child.wait().await.ok();
        }
        ended(self.identity.pid).await;
        None
    }
}

/// Whether nothing of it is left by the deadline. With a signal, whatever turns up meanwhile gets it as well.
async fn gone(identity: &Identity, deadline: Instant, signal: Option<Signal>) -> bool {
    loop {
        let members = identity.members();
        if let Some(signal) = signal {
            send(&members, signal);
        }
        let Some(first) = members.first() else { return true };
        if timeout_at(deadline, ended(*first)).await.is_err() || Instant::now() >= deadline {
            return false;
        }
        // An end may be told a moment before the table shows it.
        tokio::task::yield_now().await;
    }
}

fn send(pids: &[u32], signal: Signal) {
    for pid in pids {
        if let Some(process) = open(*pid)
            && let Err(error) = pidfd_send_signal(process.get_ref(), signal)
        {
            tracing::debug!(%error, pid, "a process could not be signalled");
        }
    }
}

/// A handle that stays with this process, also when its number is given to another.
fn open(pid: u32) -> Option<AsyncFd<OwnedFd>> {
    if !exists(pid) {
        return None;
    }
    let pid = Pid::from_raw(i32::try_from(pid).ok()?)?;
    let handle = pidfd_open(pid, PidfdFlags::empty()).ok()?;
    #[expect(
        deprecated,
        reason = "an OwnedFd keeps its descriptor while it lives, which is all that the newer, unsafe constructor asks for"
    )]
    AsyncFd::with_interest(handle, Interest::READABLE).ok()
}

/// A command of the configuration. The gateway's own settings, secrets among them, are none of its business.
fn command(argv: &[String], launch: &Launch) -> Command {
    let mut command = Command::new(&argv[0]);
    command.args(&argv[1..]);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("WORV_") {
            command.env_remove(name);
        }
    }
    for (name, value) in &launch.environment {
        command.env(name, value.expose());
    }
    if let Some(folder) = &launch.working_dir {
        command.current_dir(folder);
    }
    command
}
