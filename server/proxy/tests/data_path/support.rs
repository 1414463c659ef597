//! The real router on a real socket, in front of an engine that a test plays by hand.

#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use std::{io::Cursor, pin::pin, sync::Arc};

use bytes::BytesMut;
use http::{HeaderMap, HeaderName, StatusCode};
use hyper::server::conn::http1;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::{mpsc, watch},
};
use tokio_util::sync::CancellationToken;
use worv_core::{
    Clock, Entropy, UnixMillis,
    key::{KeyDigest, KeyGrant, KeyId, KeySettings},
    usage::{Durable, UsageRecord, UsageSink},
};
use worv_proxy::{EngineRoutes, EngineSnapshot, Gateway, GatewayConfig, KeyTable, LastRequest, router};

/// A key that every gateway under test knows.
pub(crate) const KEY: &str = "sk-worv-known";

/// When every test takes place.
pub(crate) const NOW: UnixMillis = UnixMillis(1_800_000_000_000);

/// A gateway, its address, and the usage records that come out of it.
pub(crate) struct Running {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) url: String,
    pub(crate) client: reqwest::Client,
    pub(crate) clock: Clock,
    pub(crate) safe: watch::Sender<bool>,
    /// Has connections take no more requests.
    pub(crate) stopping: CancellationToken,
    records: mpsc::UnboundedReceiver<UsageRecord>,
}

/// An engine's socket.
pub(crate) struct Engine {
    listener: TcpListener,
}

/// One request as the engine received it, and the connection to answer it on.
pub(crate) struct Exchange {
    pub(crate) head: String,
    pub(crate) body: String,
    connection: BufReader<TcpStream>,
}

/// An answer that has been read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

struct Sink {
    records: mpsc::UnboundedSender<UsageRecord>,
    safe: watch::Receiver<bool>,
}

impl UsageSink for Sink {
    fn record(&self, usage: UsageRecord) -> Durable {
        // A test that has ended no longer reads records.
        let _unread = self.records.send(usage);
        let mut safe = self.safe.clone();
        Box::pin(async move { drop(safe.wait_for(|safe| *safe).await) })
    }
}

impl Running {
    /// A gateway in front of `engine_url` that knows [`KEY`].
    pub(crate) async fn start(engine_url: String) -> Self {
        let config = GatewayConfig {
            engine_url,
            ..GatewayConfig::default()
        };
        let running = Self::start_without_keys(config).await;
        running.gateway.replace_keys(keys([(KEY, grant(1))]));
        running
    }

    pub(crate) async fn start_without_keys(config: GatewayConfig) -> Self {
        let (sender, records) = mpsc::unbounded_channel();
        let safe = watch::Sender::new(true);
        let sink = Arc::new(Sink {
            records: sender,
            safe: safe.subscribe(),
        });
        let clock = Clock::manual(NOW);
        let gateway = Gateway::new(config, sink, clock.clone(), Entropy::counted(0)).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let stopping = CancellationToken::new();
        tokio::spawn(serve(listener, Arc::clone(&gateway), stopping.clone()));
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self {
            gateway,
            url,
            client,
            clock,
            safe,
            stopping,
            records,
        }
    }

    /// A POST of JSON with [`KEY`].
    pub(crate) fn post(&self, path: &str, body: &Value) -> reqwest::RequestBuilder {
        self.client
            .post(format!("{}{path}", self.url))
            .bearer_auth(KEY)
            .header("content-type", "application/json")
            .body(body.to_string())
    }

    /// Tells the gateway what the engine serves.
    pub(crate) fn serve(&self, model: &str, max_model_len: u64) {
        self.gateway.replace_engine(EngineSnapshot {
            model: Some(model.to_owned()),
            max_model_len: Some(max_model_len),
        });
    }

    /// What the engine receives for a request.
    pub(crate) async fn received(&self, engine: &Engine, path: &str, request: &Value) -> Value {
        let answer = tokio::spawn(Answer::of(self.post(path, request)));
        let mut exchange = engine.accept().await;
        exchange.answer("200 OK", "application/json", "{}").await;
        answer.await.unwrap();
        serde_json::from_str(&exchange.body).unwrap()
    }

    /// The next usage record.
    pub(crate) async fn record(&mut self) -> UsageRecord {
        self.records.recv().await.unwrap()
    }

    /// The record of a request that has been settled, if it left one.
    pub(crate) fn next_record(&mut self) -> Option<UsageRecord> {
        self.records.try_recv().ok()
    }

    /// Whether all records have been read.
    pub(crate) fn has_no_more_records(&mut self) -> bool {
        self.records.try_recv().is_err()
    }
}

/// Serves connections as the server does: what is plain on the spot, and the rest by the router.
async fn serve(listener: TcpListener, gateway: Arc<Gateway>, stopping: CancellationToken) {
    let router = TowerToHyperService::new(router(Arc::clone(&gateway)));
    let engine = Arc::new(EngineRoutes::new(gateway, Vec::new()));
    while let Ok((stream, _)) = listener.accept().await {
        let (router, engine, stopping) = (router.clone(), Arc::clone(&engine), stopping.clone());
        tokio::spawn(async move {
            let asked = CancellationToken::new();
            let last = LastRequest {
                stopping: &stopping,
                asked: &asked,
                now: pin!(stopping.cancelled()),
            };
            let served = engine.serve(stream, BytesMut::new(), |_| true, last).await;
            if let Ok(Some((stream, read))) = served {
                let (reader, writer) = tokio::io::split(stream);
                let stream = tokio::io::join(Cursor::new(read).chain(reader), writer);
                let served = http1::Builder::new().serve_connection(TokioIo::new(stream), router);
                // Tests break connections off.
                let _ = served.await;
            }
        });
    }
}

impl Engine {
    pub(crate) async fn start() -> Self {
        Self {
            listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.listener.local_addr().unwrap())
    }

    /// The next request, on a new connection.
    pub(crate) async fn accept(&self) -> Exchange {
        let (connection, _) = self.listener.accept().await.unwrap();
        Exchange::read(BufReader::new(connection)).await
    }
}

impl Exchange {
    /// The next request on the same connection.
    pub(crate) async fn next(self) -> Self {
        Self::read(self.connection).await
    }

    async fn read(mut connection: BufReader<TcpStream>) -> Self {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(
                connection.read_line(&mut head).await.unwrap(),
                0,
                "closed in the middle of {head:?}"
            );
        }
        let length = header(&head, "content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        connection.read_exact(&mut body).await.unwrap();
        Self {
            head,
            body: String::from_utf8(body).unwrap(),
            connection,
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }

    pub(crate) async fn send(&mut self, bytes: &str) {
        self.connection.get_mut().write_all(bytes.as_bytes()).await.unwrap();
    }

    /// A whole answer.
    pub(crate) async fn answer(&mut self, status: &str, content_type: &str, body: &str) {
        let length = body.len();
        self.send(&format!(
            "HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\nserver: uvicorn\r\n\r\n{body}"
        ))
        .await;
    }

    /// The head of a stream.
    pub(crate) async fn begin_stream(&mut self) {
        self.send(
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n",
        )
        .await;
    }

    /// A piece of a stream.
    pub(crate) async fn chunk(&mut self, text: &str) {
        self.chunk_of_bytes(text.as_bytes()).await;
    }

    /// A piece of a stream that need not end where a character does.
    pub(crate) async fn chunk_of_bytes(&mut self, bytes: &[u8]) {
        let chunk = [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat();
        self.connection.get_mut().write_all(&chunk).await.unwrap();
    }

    /// Waits until the gateway closes the connection.
    pub(crate) async fn closed(mut self) {
        let rest = self.connection.read(&mut [0; 64]).await;
        assert!(matches!(rest, Ok(0) | Err(_)), "more was sent");
    }
}

impl Answer {
    pub(crate) async fn of(request: reqwest::RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        Self {
            status,
            headers,
            body: response.text().await.unwrap(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &'static str) -> Option<&str> {
        self.headers
            .get(HeaderName::from_static(name))
            .map(|value| value.to_str().unwrap())
    }
}

/// A grant without limits.
pub(crate) fn grant(id: i64) -> KeyGrant {
    KeyGrant {
        id: KeyId(id),
        name: format!("key {id}"),
        expires_at: None,
        revoked_at: None,
        suspended_at: None,
        settings: KeySettings::default(),
    }
}

/// A table of keys.
pub(crate) fn keys<const N: usize>(keys: [(&str, KeyGrant); N]) -> KeyTable {
    keys.into_iter()
        .map(|(key, grant)| (KeyDigest::of(key), grant))
        .collect()
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = head.lines().filter_map(|line| line.split_once(':'));
    fields
        .find(|(field, _)| field.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
}
