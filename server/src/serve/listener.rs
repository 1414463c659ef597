//! Accepting connections, and letting them end.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

use super::{
    connection::{Connections, Entrance},
    inherited::Inherited,
};
use crate::failure::{Failure, Kind};

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

/// When the work of a listener ends.
#[derive(Clone)]
pub struct Ends {
    /// No more connections from here on, nor requests on those that are open. Requests under way go on.
    pub accepting: CancellationToken,
    /// Requests under way have `drain` left from here on; `accepting` is a child of this one.
    pub stopping: CancellationToken,
    /// How long requests under way may take to finish.
    pub drain: Duration,
}

impl Ends {
    /// `drain` is in seconds.
    pub fn new(accepting: CancellationToken, stopping: &CancellationToken, drain: u64) -> Self {
        Self {
            accepting,
            stopping: stopping.clone(),
            drain: Duration::from_secs(drain),
        }
    }
}

/// Takes the listener that the key `key` names from those that are there already, or binds its address.
pub async fn inherit_or_bind(
    inherited: &mut Inherited,
    key: &str,
    address: SocketAddr,
) -> Result<TcpListener, Failure> {
    let Some(listener) = inherited.take(key, address) else {
        return bind(key, address).await;
    };
    let listener = listener
        .set_nonblocking(true)
        .and_then(|()| TcpListener::from_std(listener));
    listener.map_err(|error| Failure::new(Kind::Config, format!("{key}: the socket that was given: {error}")))
}

/// Serves until it is to end, then lets open requests finish and cuts what takes too long.
pub async fn run(listener: TcpListener, entrance: Entrance, router: Router, ends: Ends) {
    let server = Arc::new(Connections::new(entrance, router));
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = ends.accepting.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    let (server, accepting) = (Arc::clone(&server), ends.accepting.clone());
                    connections.spawn(async move {
                        if let Err(error) = server.serve(stream, peer, &accepting).await {
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
    let finish = async { while connections.join_next().await.is_some() {} };
    let time_is_over = async {
        ends.stopping.cancelled().await;
        tokio::time::sleep(ends.drain).await;
    };
    let finished = tokio::select! {
        () = finish => true,
        () = time_is_over => false,
    };
    if !finished {
        tracing::warn!(
            connections = connections.len(),
            "the time to finish is over; cutting what is still open"
        );
    }
    // Dropping a connection drops its request, which settles its usage.
    connections.shutdown().await;
}
