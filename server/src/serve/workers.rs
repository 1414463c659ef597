//! The threads that connections are served on.
//!
//! Each has an event loop of its own, and all that a request needs from one end to the other: its connection, the
//! engine's connection, its timers. So nothing of the data path wakes another thread, which on a busy machine costs more
//! than all the rest of carrying a request. What takes long is done elsewhere, by the threads that the program has for it.

use std::{io, thread};

use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
    task::JoinHandle,
};

use crate::STACK;

/// Most threads: each keeps connections to the engine.
const MOST: usize = 16;

/// Threads that serve. They end when this is dropped, and what they do with them.
pub struct Workers(Vec<Worker>);

/// One thread.
pub struct Worker {
    runtime: Handle,
    _ends: oneshot::Sender<()>,
}

/// What a worker was given to do.
pub type OnWorker = JoinHandle<()>;

impl Workers {
    /// As many as there are processors, up to 16.
    ///
    /// # Errors
    /// Where the system has no room for another thread.
    pub fn start() -> io::Result<Self> {
        let count = thread::available_parallelism().map_or(1, usize::from).min(MOST);
        (0..count).map(Worker::start).collect::<io::Result<_>>().map(Self)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Worker> {
        self.0.iter()
    }
}

impl Worker {
    fn start(number: usize) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (ends, ended) = oneshot::channel::<()>();
        thread::Builder::new()
            .name(format!("worker-{number}"))
            .stack_size(STACK)
            .spawn(move || {
                // It is never sent; it ends with the sender.
                let _ = runtime.block_on(ended);
            })?;
        Ok(Self {
            runtime: handle,
            _ends: ends,
        })
    }

    /// Has the thread do something beside what it does already.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) -> OnWorker {
        self.runtime.spawn(work)
    }
}
