//! One connection: who is at the other end, TLS or not, HTTP/1.1 or HTTP/2, and its requests.

use std::{
    io,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};

use axum::{Router, extract::ConnectInfo};
use bytes::BytesMut;
use hyper::{
    body::Incoming,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    runtime::Handle,
    time::{sleep, timeout},
};
use tokio_rustls::{TlsAcceptor, rustls};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use tower::ServiceExt;
use worv_proxy::{EngineRoutes, Fields, LastRequest};

use super::{key_usage, prefixed::Prefixed};
use crate::edge::{Hosts, TrustedProxies, proxy_header};

/// How long a connection may take to send a request's head; also how long it may stand idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);

/// How long the TLS handshake may take, and the PROXY header before it.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection that has not asked for anything yet may still do so when no more are taken: its request may be on
/// the way.
const FIRST_REQUEST: Duration = Duration::from_secs(1);

/// How often an HTTP/2 connection is asked whether it is still there, and how long it has to answer.
const PING_INTERVAL: Duration = Duration::from_secs(30);

/// Requests that one HTTP/2 connection may have under way.
const MAX_STREAMS: u32 = 256;

/// What is taken of a connection before it is known what it speaks, in bytes.
const FIRST_READ: usize = 4096;

/// The first byte of a TLS handshake (RFC 8446, section 5.1).
const TLS_HANDSHAKE: u8 = 0x16;

/// What an HTTP/2 connection begins with (RFC 9113, section 3.4).
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The answer to plain HTTP where HTTPS is spoken.
const SPEAKS_HTTPS: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\n\
    content-length: 59\r\nconnection: close\r\n\r\nThis port speaks HTTPS: write https:// before the address.\n";

/// What connections of one listener begin with.
#[derive(Clone, Default)]
pub struct Entrance {
    /// TLS, where HTTPS is spoken.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// Those whose connections begin with a PROXY header, which names the client.
    pub proxy_header_from: Option<TrustedProxies>,
}

/// What all connections of one listener share.
pub struct Connections {
    entrance: Entrance,
    tls: Option<TlsAcceptor>,
    router: Router,
    /// What answers the plain requests for the engine on HTTP/1.1; none where all requests are the router's.
    engine: Option<EngineRoutes>,
    /// The names that tell sites apart, if any do.
    hosts: Option<Hosts>,
    /// Where requests are answered that are not of the data path; none where all are answered on the spot.
    aside: Option<Handle>,
    http1: http1::Builder,
    http2: http2::Builder<TokioExecutor>,
}

/// A connection of which something may have been read.
struct Begun<S> {
    stream: S,
    read: BytesMut,
    client: SocketAddr,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    Http1,
    Http2,
}

impl Connections {
    /// Connections that begin as `entrance` says and whose requests `router` answers.
    pub fn new(entrance: Entrance, router: Router) -> Self {
        let mut http1 = http1::Builder::new();
        http1.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
        let mut http2 = http2::Builder::new(TokioExecutor::new());
        http2
            .timer(TokioTimer::new())
            .keep_alive_interval(PING_INTERVAL)
            .max_concurrent_streams(MAX_STREAMS);
        Self {
            tls: entrance.tls.clone().map(TlsAcceptor::from),
            entrance,
            router,
            engine: None,
            hosts: None,
            aside: None,
            http1,
            http2,
        }
    }

    /// The same for connections of workers. Plain requests for the engine are answered by `engine`, where `hosts` lead to
    /// the inference API; what may take long, such as a page, is answered on the runtime that this is called on, so that no
    /// stream waits for it.
    pub fn of_workers(self, engine: EngineRoutes, hosts: Option<Hosts>) -> Self {
        Self {
            engine: Some(engine),
            hosts,
            aside: Some(Handle::current()),
            ..self
        }
    }

    /// Serves one connection to its end. At `stopping` it takes no more requests, but for the first one; those under way
    /// go on.
    pub async fn serve(&self, stream: TcpStream, peer: SocketAddr, stopping: &CancellationToken) -> io::Result<()> {
        let first_bytes = while_it_may_ask(stopping, self.begin(without_delay(stream), peer));
        let Some(begun) = first_bytes.await.transpose()?.flatten() else {
            return Ok(());
        };
        // What a connection may need for a moment is not held for as long as it is open: each part has its own memory.
        match &self.tls {
            Some(tls) => Box::pin(self.serve_secure(tls, begun, stopping)).await,
            None => self.serve_plain(begun, stopping).await,
        }
    }

    /// HTTPS: the handshake tells which.
    async fn serve_secure(
        &self,
        tls: &TlsAcceptor,
        begun: Begun<TcpStream>,
        stopping: &CancellationToken,
    ) -> io::Result<()> {
        let Begun { stream, read, client } = begun;
        let handshake = timeout(HANDSHAKE_TIMEOUT, tls.accept(Prefixed::new(read.freeze(), stream)));
        let Some(handshake) = while_it_may_ask(stopping, handshake).await else {
            return Ok(());
        };
        let stream = handshake??;
        let version = match stream.get_ref().1.alpn_protocol() {
            Some(b"h2") => Version::Http2,
            _ => Version::Http1,
        };
        let begun = Begun {
            stream,
            read: BytesMut::new(),
            client,
        };
        Box::pin(self.serve_requests(begun, version, stopping)).await
    }

    /// Finds out who the client is, and that it speaks TLS where that is asked for. `None` where it is done already.
    async fn begin(&self, mut stream: TcpStream, peer: SocketAddr) -> io::Result<Option<Begun<TcpStream>>> {
        let mut start = BytesMut::new();
        let mut client = peer;
        if let Some(trusted) = &self.entrance.proxy_header_from
            && trusted.contains(peer.ip())
        {
            let header = timeout(HANDSHAKE_TIMEOUT, proxy_header(&mut stream, &mut start)).await??;
            client = header.unwrap_or(peer);
        }
        if self.tls.is_some() {
            while start.is_empty() {
                if timeout(HEAD_TIMEOUT, read_more(&mut stream, &mut start)).await?? == 0 {
                    return Ok(None);
                }
            }
            if start[0] != TLS_HANDSHAKE {
                stream.write_all(SPEAKS_HTTPS).await?;
                stream.shutdown().await?;
                return Ok(None);
            }
        }
        Ok(Some(Begun {
            stream,
            read: start,
            client,
        }))
    }

    /// Plain HTTP: the first bytes tell which.
    async fn serve_plain(&self, mut begun: Begun<TcpStream>, stopping: &CancellationToken) -> io::Result<()> {
        let read = async {
            loop {
                // There may be some behind a PROXY header.
                if !begun.read.is_empty()
                    && let Some(version) = version(&begun.read)
                {
                    return io::Result::Ok(Some(version));
                }
                if read_more(&mut begun.stream, &mut begun.read).await? == 0 {
                    return Ok(None);
                }
            }
        };
        let read = while_it_may_ask(stopping, timeout(HEAD_TIMEOUT, read)).await;
        let Some(version) = read.transpose()?.transpose()?.flatten() else {
            return Ok(());
        };
        Box::pin(self.serve_requests(begun, version, stopping)).await
    }

    async fn serve_requests<S>(&self, begun: Begun<S>, version: Version, stopping: &CancellationToken) -> io::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let asked = CancellationToken::new();
        let mut last_request = pin!(last_request(stopping, &asked));
        let Begun { stream, read, client } = begun;
        let rest = match &self.engine {
            Some(engine) if version == Version::Http1 => {
                let last = LastRequest {
                    stopping,
                    asked: &asked,
                    now: last_request.as_mut(),
                };
                let is_ours = |headers: &Fields| Hosts::lead_to_api(self.hosts.as_ref(), headers);
                engine.serve(stream, read, is_ours, last).await?
            }
            _ => Some((stream, read)),
        };
        let Some((stream, read)) = rest else {
            return Ok(());
        };
        let stream = Prefixed::new(read.freeze(), stream);
        Box::pin(self.serve_any(stream, version, client, (last_request, &asked))).await
    }

    /// Serves whatever comes.
    async fn serve_any(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        version: Version,
        client: SocketAddr,
        (last_request, asked): (Pin<&mut impl Future<Output = ()>>, &CancellationToken),
    ) -> io::Result<()> {
        let (router, aside, first) = (self.router.clone(), self.aside.clone(), asked.clone());
        let service = service_fn(move |mut request: http::Request<Incoming>| {
            first.cancel();
            request.extensions_mut().insert(ConnectInfo(client));
            let path = request.uri().path();
            let on_the_spot = worv_proxy::is_data_path(path) && path != key_usage::PATH;
            let aside = aside.clone().filter(|_| !on_the_spot);
            let answer = router.clone().oneshot(request);
            async move {
                let answered = match aside {
                    // A client that leaves ends its request there, too.
                    Some(aside) => AbortOnDropHandle::new(aside.spawn(answer)).await,
                    None => Ok(answer.await),
                };
                answered.map(|Ok(response)| response)
            }
        });
        let stream = TokioIo::new(stream);
        let ended = match version {
            Version::Http1 => {
                let mut connection = pin!(self.http1.serve_connection(stream, service).with_upgrades());
                tokio::select! {
                    ended = connection.as_mut() => ended,
                    () = last_request => {
                        connection.as_mut().graceful_shutdown();
                        connection.await
                    }
                }
            }
            Version::Http2 => {
                let mut connection = Box::pin(self.http2.serve_connection(stream, service));
                tokio::select! {
                    ended = connection.as_mut() => ended,
                    () = last_request => {
                        connection.as_mut().graceful_shutdown();
                        connection.await
                    }
                }
            }
        };
        ended.map_err(io::Error::other)
    }
}

/// Runs what comes before the first request of a connection, unless it takes too long after `stopping`.
async fn while_it_may_ask<T>(stopping: &CancellationToken, beginning: impl Future<Output = T>) -> Option<T> {
    let too_late = async {
        stopping.cancelled().await;
        sleep(FIRST_REQUEST).await;
    };
    tokio::select! {
        begun = beginning => Some(begun),
        () = too_late => None,
    }
}

/// Resolves when a connection may make no more requests: at `stopping`, or a little later if it has made none.
async fn last_request(stopping: &CancellationToken, asked: &CancellationToken) {
    stopping.cancelled().await;
    // In time or not, it was the last one.
    let _in_time = timeout(FIRST_REQUEST, asked.cancelled()).await;
}

/// What the first bytes of a connection say; `None` while they leave it open.
fn version(start: &[u8]) -> Option<Version> {
    let common = start.len().min(HTTP2_PREFACE.len());
    if start[..common] != HTTP2_PREFACE[..common] {
        return Some(Version::Http1);
    }
    (common == HTTP2_PREFACE.len()).then_some(Version::Http2)
}

async fn read_more(stream: &mut (impl AsyncRead + Unpin), start: &mut BytesMut) -> io::Result<usize> {
    start.reserve(FIRST_READ);
    stream.read_buf(start).await
}

/// Sends each write at once: an answer's head and its first event are two, and the second would wait for the
/// acknowledgement of the first.
fn without_delay(stream: TcpStream) -> TcpStream {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot switch off the delay of small writes");
    }
    stream
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_2_is_known_by_its_whole_preface() {
        assert_eq!(version(b"GET / HTTP/1.1\r\n"), Some(Version::Http1));
        assert_eq!(version(b"POST"), Some(Version::Http1));
        assert_eq!(version(b"P"), None);
        assert_eq!(version(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r"), None);
        assert_eq!(version(b"PRI * HTTP/1.1\r\n"), Some(Version::Http1));
        assert_eq!(version(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0"), Some(Version::Http2));
    }

    /// Thousands of streams are open at a time, each on a connection.
    #[tokio::test]
    async fn a_connection_takes_little_memory_over_plain_http() {
        let connections = Connections::new(Entrance::default(), Router::new());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let peer = listener.local_addr().unwrap();
        let open = async || TcpStream::connect(peer).await.unwrap();
        let (first, second, stopping) = (open().await, open().await, CancellationToken::new());
        let whole = size_of_val(&connections.serve(first, peer, &stopping));
        let begun = Begun {
            stream: second,
            read: BytesMut::new(),
            client: peer,
        };
        let requests = size_of_val(&connections.serve_requests(begun, Version::Http1, &stopping));
        assert!(whole < 1_200 && requests < 1_600, "{whole} and {requests} bytes");
    }

    #[test]
    fn the_refusal_of_plain_http_is_as_long_as_it_says() {
        let text = std::str::from_utf8(SPEAKS_HTTPS).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(
            head.contains(&format!("content-length: {}", body.len())),
            "{}",
            body.len()
        );
    }
}
