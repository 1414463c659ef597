//! Connections that wait for their next request.

use std::{
    collections::VecDeque,
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

use super::connection::Connection;

/// vLLM closes idle connections after 5 s (`VLLM_HTTP_TIMEOUT_KEEP_ALIVE`); ours are given up before that,
/// so that a request rarely meets a closing one.
const IDLE_TIMEOUT: Duration = Duration::from_secs(4);

/// Shelves of a pool: threads beyond as many share theirs with others.
const SHELVES: usize = 32;

static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Which shelf is this thread's.
    static SHELF: usize = THREADS.fetch_add(1, Ordering::Relaxed) % SHELVES;
}

/// Connections to one address. Each thread has its own, since what a connection reads wakes the thread that opened it.
#[derive(Debug)]
pub(super) struct Pool {
    host: String,
    port: u16,
    connect_timeout: Duration,
    /// Held for a push or a pop only, never across a wait.
    shelves: [Mutex<Idle>; SHELVES],
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
            shelves: Default::default(),
        })
    }

    /// A new connection.
    pub(super) async fn connect(&self) -> io::Result<Connection> {
        Connection::open(&self.host, self.port, self.connect_timeout).await
    }

    /// The connection that was used last on this thread and is still open.
    pub(super) fn take(&self) -> Option<Connection> {
        let own = SHELF.with(|own| *own);
        loop {
            let (connection, _) = self.idle(own).connections.pop_back()?;
            if connection.is_usable() {
                return Some(connection);
            }
        }
    }

    /// Keeps a connection for the next request.
    pub(super) fn put(self: Arc<Self>, connection: Connection) {
        let own = SHELF.with(|own| *own);
        let mut idle = self.idle(own);
        idle.connections.push_back((connection, Instant::now()));
        let watched = std::mem::replace(&mut idle.watched, true);
        drop(idle);
        if !watched {
            tokio::spawn(self.give_up_idle(own));
        }
    }

    /// Closes connections that have waited for too long, until none is left.
    async fn give_up_idle(self: Arc<Self>, of: usize) {
        while let Some(due) = self.close_overdue(of) {
            sleep_until(due).await;
        }
    }

    /// Closes what is overdue, and tells when the next one will be.
    fn close_overdue(&self, of: usize) -> Option<Instant> {
        let now = Instant::now();
        let mut idle = self.idle(of);
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

    fn idle(&self, of: usize) -> MutexGuard<'_, Idle> {
        self.shelves[of].lock().unwrap_or_else(PoisonError::into_inner)
    }
}
