//! What the tests call the simulator with.

use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use worv_sim::engine::{Sim, SimOptions};

/// A simulator, and a client for it.
pub(crate) struct Fixture {
    pub sim: Sim,
    client: Client,
}

/// What was said over a stream or in one piece.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    pub text: String,
    pub events: usize,
    pub usage: Value,
}

impl Fixture {
    pub(crate) async fn start(options: SimOptions) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self {
            sim: Sim::start(listener, options),
            client: Client::builder().no_proxy().build().unwrap(),
        }
    }

    /// A request with a JSON body.
    pub(crate) fn request(&self, path: &str, body: &Value) -> RequestBuilder {
        let request = self.client.post(format!("{}{path}", self.sim.url()));
        request
            .header("content-type", "application/json")
            .body(body.to_string())
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Response {
        self.request(path, body).send().await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.client
            .get(format!("{}{path}", self.sim.url()))
            .send()
            .await
            .unwrap()
    }

    /// Turns knobs from outside.
    pub(crate) async fn turn(&self, knobs: &Value) -> Response {
        let request = self.client.patch(format!("{}/sim/knobs", self.sim.url()));
        request.body(knobs.to_string()).send().await.unwrap()
    }

    /// The status and the body of an answer.
    pub(crate) async fn answer(&self, path: &str, body: &Value) -> (u16, Value) {
        let response = self.post(path, body).await;
        let status = response.status().as_u16();
        (status, serde_json::from_str(&response.text().await.unwrap()).unwrap())
    }

    /// What a chat request is answered with, streamed or whole.
    pub(crate) async fn chat(&self, body: &Value) -> Said {
        let text = self.post("/v1/chat/completions", body).await.text().await.unwrap();
        let mut said = Said::default();
        for event in events(&text) {
            said.events += 1;
            said.text += event
                .pointer("/choices/0/delta/content")
                .and_then(Value::as_str)
                .unwrap_or_default();
            said.usage = event.get("usage").cloned().unwrap_or_default();
        }
        if said.events == 0 {
            let whole: Value = serde_json::from_str(&text).unwrap();
            said.text = whole
                .pointer("/choices/0/message/content")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .into();
            said.usage = whole["usage"].clone();
        }
        said
    }
}

/// The JSON of a stream's events.
pub(crate) fn events(text: &str) -> Vec<Value> {
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    data.filter(|data| *data != "[DONE]")
        .map(|data| serde_json::from_str(data).unwrap())
        .collect()
}

/// A chat request with some fields of its own.
pub(crate) fn chat(content: &str, more: &Value) -> Value {
    merge(
        json!({"model": "DeepSeek-V4-Pro", "messages": [{"role": "user", "content": content}]}),
        more,
    )
}

/// A Messages request with some fields of its own.
pub(crate) fn message(content: &str, more: &Value) -> Value {
    merge(chat(content, &json!({"max_tokens": 256})), more)
}

fn merge(mut body: Value, more: &Value) -> Value {
    let fields = more.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(fields);
    body
}
