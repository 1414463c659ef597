//! Connections that wait for their next request.

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

use super::connection::Connection;

/// vLLM closes idle connections after 5 s (`VLLM_HTTP_TIMEOUT_KEEP_ALIVE`); ours are given up before that,
/// so that a request rarely meets a closing one.
const IDLE_TIMEOUT: Duration = Duration::from_secs(4);

/// Connections to one address.
#[derive(Debug)]
pub(super) struct Pool {
    host: String,
    port: u16,
    connect_timeout: Duration,
    /// Held for a push or a pop only, never across a wait.
    idle: Mutex<Idle>,
}

/// The connections, the one that waits longest first.
#[derive(Debug, Default)]
struct Idle {
    connections: VecDeque<(Connection, Instant)>,
    /// Whether a task waits to give up the first one.
    watched: bool,
}

impl Pool {
    pub(super) fn new(host: &str, port: u16, connect_timeout: Duration) -> Arc<Self> {
        Arc::new(Self {
            host: host.to_owned(),
            port,
            connect_timeout,
            idle: Mutex::default(),
        })
    }

    /// A new connection.
    pub(super) async fn connect(&self) -> io::Result<Connection> {
        Connection::open(&self.host, self.port, self.connect_timeout).await
    }

    /// The connection that was used last and is still open.
    pub(super) fn take(&self) -> Option<Connection> {
        loop {
            let (connection, _) = self.idle().connections.pop_back()?;
            if connection.is_usable() {
                return Some(connection);
            }
        }
    }

    /// Keeps a connection for the next request.
    pub(super) fn put(self: Arc<Self>, connection: Connection) {
        let mut idle = self.idle();
        idle.connections.push_back((connection, Instant::now()));
        let watched = std::mem::replace(&mut idle.watched, true);
        drop(idle);
        if !watched {
            tokio::spawn(self.give_up_idle());
        }
    }

    /// Closes connections that have waited for too long, until none is left.
    async fn give_up_idle(self: Arc<Self>) {
        while let Some(due) = self.close_overdue() {
            sleep_until(due).await;
        }
    }

    /// Closes what is overdue, and tells when the next one will be.
    fn close_overdue(&self) -> Option<Instant> {
        let now = Instant::now();
        let mut idle = self.idle();
        while let Some((_, since)) = idle.connections.front() {
            let due = *since + IDLE_TIMEOUT;
            if due > now {
                return Some(due);
            }
            idle.connections.pop_front();
        }
        idle.watched = false;
        None
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
