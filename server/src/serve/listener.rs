//! Accepting connections, and letting them end.

use std::{io, net::SocketAddr, time::Duration};

use axum::{Router, extract::ConnectInfo};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::failure::{Failure, Kind};

/// How long a connection may take to send a request's head; also how long it may stand idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);

/// How long to wait before accepting again when the system has no more file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Binds the address that the key `key` names.
pub async fn bind(key: &str, address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        let cure = match error.kind() {
            io::ErrorKind::AddrInUse => "another program listens there; stop it or choose another port",
            io::ErrorKind::PermissionDenied => "ports below 1024 need a privilege; choose another port",
            io::ErrorKind::AddrNotAvailable => "this machine does not have that address",
            _ => "choose another address",
        };
        Failure::new(
            Kind::Unavailable,
            format!("{key}: cannot listen on {address} ({error}): {cure}"),
        )
    })
}

/// Serves until `stopping`, then lets open requests finish for at most `drain` and cuts the rest.
pub async fn run(listener: TcpListener, router: Router, stopping: CancellationToken, drain: Duration) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stopping.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    let router = router.clone();
                    let service = service_fn(move |mut request: http::Request<Incoming>| {
                        request.extensions_mut().insert(ConnectInfo(peer));
                        router.clone().oneshot(request)
                    });
                    let connection = http.serve_connection(TokioIo::new(without_delay(stream)), service);
                    let connection = graceful.watch(connection);
                    connections.spawn(async move {
                        if let Err(error) = connection.await {
                            tracing::debug!(%error, client.address = %peer, "connection ended with an error");
                        }
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    if tokio::time::timeout(drain, graceful.shutdown()).await.is_err() {
        tracing::warn!(
            connections = connections.len(),
            "the time to finish is over; cutting what is still open"
        );
    }
    // Dropping a connection drops its request, which settles its usage.
    connections.shutdown().await;
}

/// Sends each write at once: an answer's head and its first event are two, and the second would wait for the
/// acknowledgement of the first.
fn without_delay(stream: TcpStream) -> TcpStream {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot switch off the delay of small writes");
    }
    stream
}
