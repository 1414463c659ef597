//! Traces of requests, for an OpenTelemetry collector. The data path hands each traced request over without waiting; what
//! the collector does not take in time is dropped and counted.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use http::{HeaderValue, Method, Request, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use tokio::{
    sync::mpsc::{self, error::TryRecvError},
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use worv_core::Entropy;
use worv_proxy::{TraceSink, TracedRequest, Tracing};

use crate::{
    config,
    failure::{Failure, Kind, root_cause},
    https::{self, HttpsClient},
};

mod otlp;

/// Requests that wait to be posted, at most.
const WAITING: usize = 2_048;

/// Requests that are posted at once, at most.
const BATCH: usize = 256;

/// How long the first of a batch waits for others.
const PAUSE: Duration = Duration::from_secs(1);

/// How long the collector may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is read of its answer, in bytes.
const ANSWER: usize = 64 << 10;

/// What has become of traced requests.
#[derive(Debug, Default)]
pub struct Counts {
    /// The collector has them.
    pub exported: AtomicU64,
    /// They were given up: too many waited, or the collector did not take them.
    pub dropped: AtomicU64,
}

/// Where traced requests come in.
#[derive(Debug)]
struct Queue {
    requests: mpsc::Sender<TracedRequest>,
    counts: Arc<Counts>,
}

/// What posts them.
pub struct Exporter {
    client: HttpsClient,
    uri: Uri,
    authorization: Option<HeaderValue>,
    incoming: mpsc::Receiver<TracedRequest>,
    counts: Arc<Counts>,
    entropy: Entropy,
}

/// What the configuration asks for, if it names a collector: what the data path is told, and what posts.
pub fn of(config: &config::Traces, entropy: &Entropy) -> Result<Option<(Tracing, Exporter)>, Failure> {
    let Some(endpoint) = &config.otlp_endpoint else {
        return Ok(None);
    };
    let wrong = |key: &str| Failure::new(Kind::Config, format!("traces.{key} cannot be sent in an HTTP request"));
    let authorization = config.authorization.as_ref().map(|value| {
        let mut value = HeaderValue::from_str(value.expose()).map_err(|_| wrong("authorization"))?;
        value.set_sensitive(true);
        Ok(value)
    });
    let (requests, incoming) = mpsc::channel(WAITING);
    let counts = Arc::new(Counts::default());
    let exporter = Exporter {
        client: https::client()?,
        uri: format!("{}/v1/traces", endpoint.trim_end_matches('/'))
            .parse()
            .map_err(|_| wrong("otlp_endpoint"))?,
        authorization: authorization.transpose()?,
        incoming,
        counts: Arc::clone(&counts),
        entropy: entropy.clone(),
    };
    let tracing = Tracing {
        sink: Arc::new(Queue { requests, counts }),
        ratio: config.sample_ratio,
    };
    Ok(Some((tracing, exporter)))
}

impl TraceSink for Queue {
    fn ended(&self, request: TracedRequest) {
        if self.requests.try_send(request).is_err() {
            self.counts.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Exporter {
    /// Begins to post, until `stopping`. What comes back counts.
    pub fn start(self, tasks: &TaskTracker, stopping: &CancellationToken) -> Arc<Counts> {
        let counts = Arc::clone(&self.counts);
        tasks.spawn(self.run(stopping.clone()));
        counts
    }

    /// Posts what comes in until `stopping`, and then once what is there.
    async fn run(mut self, stopping: CancellationToken) {
        let mut failing = false;
        let mut batch = Vec::with_capacity(BATCH);
        while let Some(Some(first)) = stopping.run_until_cancelled(self.incoming.recv()).await {
            batch.push(first);
            // Others come meanwhile.
            stopping.run_until_cancelled(sleep(PAUSE)).await;
            self.fill(&mut batch);
            self.post(&mut batch, &mut failing).await;
        }
        self.fill(&mut batch);
        if !batch.is_empty() {
            self.post(&mut batch, &mut failing).await;
        }
    }

    fn fill(&mut self, batch: &mut Vec<TracedRequest>) {
        while batch.len() < BATCH {
            match self.incoming.try_recv() {
                Ok(request) => batch.push(request),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => return,
            }
        }
    }

    /// Says in the log when the collector begins to fail, and when it is well again.
    async fn post(&self, batch: &mut Vec<TracedRequest>, failing: &mut bool) {
        let requests = batch.len() as u64;
        let posted = self.try_post(&otlp::message(batch, &self.entropy)).await;
        batch.clear();
        match posted {
            Ok(()) => {
                self.counts.exported.fetch_add(requests, Ordering::Relaxed);
                if std::mem::take(failing) {
                    tracing::info!("the collector takes traces again");
                }
            }
            Err(error) => {
                self.counts.dropped.fetch_add(requests, Ordering::Relaxed);
                if !std::mem::replace(failing, true) {
                    tracing::warn!(%error, endpoint = %self.uri, "the collector does not take traces; they are dropped until it does");
                }
            }
        }
    }

    async fn try_post(&self, message: &serde_json::Value) -> Result<(), String> {
        let mut request = Request::new(Full::from(message.to_string()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.clone();
        let headers = request.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(authorization) = &self.authorization {
            headers.insert(header::AUTHORIZATION, authorization.clone());
        }
        let exchange = async {
            let answer = self.client.request(request).await.map_err(|error| root_cause(&error))?;
            let status = answer.status();
            // Read to its end, so that the connection can be used again.
            let _ = Limited::new(answer.into_body(), ANSWER).collect().await;
            if status.is_success() {
                Ok(())
            } else {
                Err(format!("it answered {status}"))
            }
        };
        timeout(PATIENCE, exchange)
            .await
            .unwrap_or_else(|_| Err("no answer within 10 seconds".to_owned()))
    }
}
