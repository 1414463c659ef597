//! Clients that remember what they saw of each request, and go on when the gateway does not.

use std::{net::SocketAddr, sync::Arc};

use futures::StreamExt;
use serde_json::{Value, json};
use tokio::{
    sync::{Semaphore, watch},
    task::JoinSet,
};
use worv_core::Entropy;

use crate::gateway::{MODEL, client};

/// What a client saw of one request.
#[derive(Debug)]
pub(crate) struct Seen {
    /// The id in the answer's head, if there was one.
    pub(crate) id: Option<String>,
    /// Completion tokens by the engine's count, where the client saw the end.
    pub(crate) completed: Option<u64>,
    /// The status, if there was one.
    pub(crate) status: Option<u16>,
}

/// Clients at work.
pub(crate) struct Clients {
    tasks: JoinSet<Vec<Seen>>,
    address: watch::Sender<Option<SocketAddr>>,
    /// One permit for each piece of an answer that a client has seen.
    pieces: Arc<Semaphore>,
    wanted: watch::Sender<bool>,
}

/// One of them.
struct Client {
    http: reqwest::Client,
    key: String,
    entropy: Entropy,
    address: watch::Receiver<Option<SocketAddr>>,
    wanted: watch::Receiver<bool>,
    pieces: Arc<Semaphore>,
}

impl Clients {
    /// Starts them; they begin when there is a gateway. All choices follow from `seed`.
    pub(crate) fn start(count: u64, key: &str, seed: u64) -> Self {
        let (address, wanted) = (watch::Sender::new(None), watch::Sender::new(true));
        let (mut tasks, pieces) = (JoinSet::new(), Arc::new(Semaphore::new(0)));
        for number in 0..count {
            let client = Client {
                http: client(),
                key: key.to_owned(),
                entropy: Entropy::counted(seed ^ (number << 32)),
                address: address.subscribe(),
                wanted: wanted.subscribe(),
                pieces: Arc::clone(&pieces),
            };
            tasks.spawn(client.run());
        }
        Self {
            tasks,
            address,
            pieces,
            wanted,
        }
    }

    /// Where the gateway is now.
    pub(crate) fn send_to(&self, address: SocketAddr) {
        self.address.send_replace(Some(address));
    }

    /// Returns when they have seen so many more pieces of answers.
    pub(crate) async fn have_seen(&self, pieces: u32) {
        self.pieces.acquire_many(pieces).await.unwrap().forget();
    }

    /// Lets each finish its request, and returns all that they have seen.
    pub(crate) async fn finish(self) -> Vec<Seen> {
        self.wanted.send_replace(false);
        self.tasks.join_all().await.into_iter().flatten().collect()
    }
}

impl Client {
    async fn run(mut self) -> Vec<Seen> {
        let mut seen = Vec::new();
        while *self.wanted.borrow() {
            let Some(address) = *self.address.borrow_and_update() else {
                if self.address.changed().await.is_err() {
                    break;
                }
                continue;
            };
            let request = self.request(address).await;
            let cut = request.status.is_none();
            seen.push(request);
            if cut {
                // That gateway is gone; the next one will be told of, or nobody wants any more.
                tokio::select! {
                    _ = self.address.changed() => {}
                    _ = self.wanted.wait_for(|wanted| !wanted) => {}
                }
            }
        }
        seen
    }

    async fn request(&self, address: SocketAddr) -> Seen {
        let [stream, leaves, length, leaves_after] = self.entropy.bytes::<4>();
        let (stream, leaves) = (stream % 4 != 0, leaves % 8 == 0);
        let mut body = json!({
            "model": MODEL,
            "max_tokens": 4 + length % 60,
            "stream": stream,
            "messages": [{"role": "user", "content": "Tell me about the sea."}],
        });
        if stream {
            body["stream_options"] = json!({"include_usage": true});
        }
        let mut seen = Seen {
            id: None,
            completed: None,
            status: None,
        };
        let sent = self
            .http
            .post(format!("http://{address}/v1/chat/completions"))
            .bearer_auth(&self.key)
            .header("content-type", "application/json")
            .body(body.to_string());
        let Ok(answer) = sent.send().await else { return seen };
        let id = answer.headers().get("x-request-id").unwrap();
        seen.id = Some(id.to_str().unwrap().to_owned());
        seen.status = Some(answer.status().as_u16());
        let (mut text, mut pieces) = (Vec::new(), answer.bytes_stream());
        let mut left = leaves_after % 16;
        while let Some(Ok(piece)) = pieces.next().await {
            text.extend_from_slice(&piece);
            self.pieces.add_permits(1);
            left = left.saturating_sub(1);
            if leaves && left == 0 {
                return seen;
            }
        }
        seen.completed = if stream { streamed(&text) } else { whole(&text) };
        if seen.completed.is_none() {
            // It broke: with the gateway, as far as this client can tell.
            seen.status = None;
        }
        seen
    }
}

/// The completion tokens of a stream that came to its end.
fn streamed(text: &[u8]) -> Option<u64> {
    let text = str::from_utf8(text).ok()?;
    let mut events = text.strip_suffix("data: [DONE]\n\n")?.lines();
    let usage = events.rfind(|line| line.starts_with("data: "))?;
    tokens(usage.strip_prefix("data: ")?)
}

/// The completion tokens of an answer that came whole.
fn whole(text: &[u8]) -> Option<u64> {
    tokens(str::from_utf8(text).ok()?)
}

fn tokens(json: &str) -> Option<u64> {
    let answer: Value = serde_json::from_str(json).ok()?;
    answer["usage"]["completion_tokens"].as_u64()
}
