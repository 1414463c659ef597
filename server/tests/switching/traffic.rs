//! Clients that stream, and clients that ask, all the while; each failure of theirs is kept.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::StreamExt;
use reqwest::Client;
use serde_json::{Value, json};
use tokio::{task::JoinSet, time::interval};
use tokio_util::sync::CancellationToken;

use super::gateway::Gateway;

/// What clients have seen.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) streams: u32,
    pub(crate) answers: u32,
    pub(crate) failures: Vec<String>,
}

/// Clients under way.
pub(crate) struct Traffic {
    seen: Arc<Mutex<Seen>>,
    stop: CancellationToken,
    clients: JoinSet<()>,
}

#[derive(Clone)]
struct Caller {
    client: Client,
    url: String,
    key: String,
    seen: Arc<Mutex<Seen>>,
}

impl Traffic {
    /// `streaming` clients, each with one stream after the other, and one that asks `asks_a_second` times a second,
    /// whether it has its answers or not.
    pub(crate) fn start(gateway: &Gateway, streaming: usize, asks_a_second: u64) -> Self {
        let (seen, stop) = (Arc::default(), CancellationToken::new());
        let caller = Caller {
            client: gateway.client.clone(),
            url: format!("{}/v1/chat/completions", gateway.url),
            key: gateway.key.clone(),
            seen: Arc::clone(&seen),
        };
        let mut clients = JoinSet::new();
        for _ in 0..streaming {
            let (caller, stop) = (caller.clone(), stop.clone());
            clients.spawn(async move {
                while !stop.is_cancelled() {
                    caller.stream().await;
                }
            });
        }
        let asking = stop.clone();
        clients.spawn(async move {
            let mut questions = JoinSet::new();
            let mut beat = interval(Duration::from_millis(1_000 / asks_a_second));
            while asking.run_until_cancelled(beat.tick()).await.is_some() {
                let caller = caller.clone();
                questions.spawn(async move { caller.ask().await });
            }
            questions.join_all().await;
        });
        Self { seen, stop, clients }
    }

    /// How many streams have been read to their end.
    pub(crate) fn streams(&self) -> u32 {
        self.seen.lock().unwrap().streams
    }

    /// Lets every client finish what it has begun.
    pub(crate) async fn finish(self) -> Seen {
        self.stop.cancel();
        self.clients.join_all().await;
        std::mem::take(&mut *self.seen.lock().unwrap())
    }
}

impl Caller {
    async fn stream(&self) {
        match self.read_stream().await {
            Ok(()) => self.seen.lock().unwrap().streams += 1,
            Err(failure) => self.seen.lock().unwrap().failures.push(failure),
        }
    }

    async fn read_stream(&self) -> Result<(), String> {
        let answer = self.request(true, 60).await?;
        let mut body = answer.bytes_stream();
        let mut text = Vec::new();
        while let Some(piece) = body.next().await {
            text.extend_from_slice(&piece.map_err(|error| format!("a stream broke off: {error}"))?);
        }
        let text = String::from_utf8_lossy(&text);
        let is_whole = text.trim_end().ends_with("data: [DONE]")
            && text.contains("\"finish_reason\":\"")
            && !text.contains("\"error\"");
        is_whole
            .then_some(())
            .ok_or_else(|| format!("a stream has no end: {text}"))
    }

    async fn ask(&self) {
        let answered = match self.request(false, 1).await {
            Ok(answer) => answer.json::<Value>().await.map_err(|error| error.to_string()),
            Err(failure) => Err(failure),
        };
        match answered {
            Ok(_) => self.seen.lock().unwrap().answers += 1,
            Err(failure) => self.seen.lock().unwrap().failures.push(failure),
        }
    }

    async fn request(&self, stream: bool, max_tokens: u32) -> Result<reqwest::Response, String> {
        let body = json!({
            "model": "live", "stream": stream, "max_tokens": max_tokens,
            "messages": [{"role": "user", "content": "Tell me about switching."}],
        });
        let sent = self
            .client
            .post(&self.url)
            .bearer_auth(&self.key)
            .json(&body)
            .send()
            .await;
        let answer = sent.map_err(|error| format!("not sent: {error:?}"))?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        Err(format!(
            "{}: {}",
            answer.status(),
            answer.text().await.unwrap_or_default()
        ))
    }
}
