//! A simulated vLLM server.
//!
//! It listens on a real socket and speaks the wire format of a chosen vLLM version: routes, validation, error bodies,
//! event grammar, usage and metrics. Its answers are canned paragraphs; its pace and its faults are set by [`Knobs`],
//! which can be turned while it runs.
//!
//! An answer is the same for the same prompt. `Reply with one word: pong` and `Repeat: any text` are obeyed; a tool is
//! called when the user's words and its name have a word in common; Chinese is answered in Chinese; a recording says what
//! the request's `prompt` asks for. Not simulated are log probabilities, images and sound in prompts, structured outputs, stored responses and everything that only an operator calls.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use worv_sim::engine::{Sim, SimOptions};
//!
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! let sim = Sim::start(listener, SimOptions::instant());
//! println!("serving on {}", sim.url());
//! let stats = sim.until(|stats| stats.aborted == 1).await;
//! assert_eq!(stats.running, 0);
//! sim.shutdown().await;
//! # Ok(())
//! # }
//! ```

mod answer;
mod canned;
mod chat;
mod completions;
mod control;
mod errors;
mod field;
mod fields;
mod generation;
mod knobs;
mod loading;
mod messages;
mod metrics;
mod models;
mod openai_stream;
mod options;
mod prompt;
mod python_json;
mod quirks;
mod responses;
mod routes;
mod script;
mod server;
mod service;
mod speech;
mod stats;
mod ticket;
mod tokenize;
mod tokens;
mod usage;

use std::{net::SocketAddr, sync::Arc};

use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use tokio_util::sync::{CancellationToken, DropGuard};

pub use self::{
    knobs::{Fault, FaultKind, Knobs, KnobsHandle, Refusal},
    loading::Loading,
    options::{SimOptions, UnknownVersion, Version},
    stats::{SeenRequest, SimStats},
};
use self::{service::Engine, stats::Board};

/// A running simulated vLLM. It stops when this is dropped.
#[derive(Debug)]
pub struct Sim {
    address: SocketAddr,
    board: Arc<Board>,
    knobs: KnobsHandle,
    stop: DropGuard,
    server: JoinHandle<()>,
}

impl Sim {
    /// Serves on a listener, in tasks of the current runtime.
    ///
    /// # Panics
    /// Outside a tokio runtime, or with a listener that has no address.
    pub fn start(listener: TcpListener, options: SimOptions) -> Self {
        let address = listener.local_addr().expect("a bound listener has an address");
        let knobs = KnobsHandle::new(options.knobs.clone());
        let board = Arc::new(Board::new(options.keep_requests));
        let stop = CancellationToken::new();
        let engine = Engine::new(options, knobs.clone(), Arc::clone(&board));
        let server = tokio::spawn(server::serve(listener, engine, knobs.clone(), stop.clone()));
        Self {
            address,
            board,
            knobs,
            stop: stop.drop_guard(),
            server,
        }
    }

    /// Where it serves, without a slash at the end: `http://127.0.0.1:8000`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The counts at this moment.
    pub fn stats(&self) -> SimStats {
        *self.board.watch().borrow()
    }

    /// The counts as a channel that tells of every change.
    pub fn watch_stats(&self) -> watch::Receiver<SimStats> {
        self.board.watch()
    }

    /// Waits until the counts satisfy `condition`, and returns the first that did.
    ///
    /// # Panics
    /// Never: the channel lives as long as `self`.
    pub async fn until(&self, condition: impl FnMut(&SimStats) -> bool) -> SimStats {
        let mut stats = self.board.watch();
        *stats.wait_for(condition).await.expect("the board outlives its watcher")
    }

    /// The last requests it received, oldest first, at most [`SimOptions::keep_requests`] of them.
    pub fn requests(&self) -> Vec<SeenRequest> {
        self.board.requests()
    }

    /// Pace and faults, to be changed while it runs.
    pub fn knobs(&self) -> &KnobsHandle {
        &self.knobs
    }

    /// Closes the listener and every connection, and waits until they are gone.
    pub async fn shutdown(self) {
        drop(self.stop);
        // The task ends by itself once told to; a panic in it has been reported by the runtime already.
        let _ended = self.server.await;
    }
}
