//! Accepting connections, dealing them out, and letting them end.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use super::{
    connection::Connections,
    inherited::Inherited,
    workers::{OnWorker, Workers},
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
pub async fn run(listener: TcpListener, server: Connections, ends: Ends) {
    let (dealer, hand) = deal();
    tokio::join!(
        accept(listener, vec![dealer], ends.accepting.clone()),
        serve(Arc::new(server), hand, ends)
    );
}

/// As [`run`], on `workers`: each connection stays with one of them.
pub async fn run_on(workers: &Workers, listener: TcpListener, server: Connections, ends: Ends) {
    let server = Arc::new(server);
    let (mut dealers, mut at_work): (Vec<_>, Vec<OnWorker>) = (Vec::new(), Vec::new());
    for worker in workers.iter() {
        let (dealer, hand) = deal();
        dealers.push(dealer);
        at_work.push(worker.spawn(serve(Arc::clone(&server), hand, ends.clone())));
    }
    accept(listener, dealers, ends.accepting).await;
    for work in at_work {
        if let Err(error) = work.await {
            tracing::error!(%error, "a worker did not end in order");
        }
    }
}

/// Where one of those who serve gets its connections.
struct Dealer {
    connections: mpsc::UnboundedSender<Dealt>,
    open: Arc<AtomicUsize>,
}

/// A connection, not known to any event loop yet.
type Dealt = (std::net::TcpStream, SocketAddr);

/// What was dealt to one of those who serve.
struct Hand {
    connections: mpsc::UnboundedReceiver<Dealt>,
    open: Arc<AtomicUsize>,
}

fn deal() -> (Dealer, Hand) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let open = Arc::new(AtomicUsize::new(0));
    let dealer = Dealer {
        connections: sender,
        open: Arc::clone(&open),
    };
    let hand = Hand {
        connections: receiver,
        open,
    };
    (dealer, hand)
}

/// Accepts until it is told not to, and deals each connection to whoever has the fewest.
async fn accept(listener: TcpListener, dealers: Vec<Dealer>, accepting: CancellationToken) {
    while let Some(accepted) = accepting.run_until_cancelled(listener.accept()).await {
        match accepted.and_then(|(stream, peer)| Ok((stream.into_std()?, peer))) {
            Ok(connection) => {
                let least = dealers.iter().min_by_key(|dealer| dealer.open.load(Ordering::Relaxed));
                if let Some(dealer) = least {
                    dealer.open.fetch_add(1, Ordering::Relaxed);
                    // Whoever serves does so until all dealers are gone.
                    let _ = dealer.connections.send(connection);
                }
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Serves what is dealt until no more comes, and then until all has ended or the time is over.
async fn serve(server: Arc<Connections>, mut hand: Hand, ends: Ends) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            connection = hand.connections.recv() => {
                let Some((stream, peer)) = connection else { break };
                let (server, accepting) = (Arc::clone(&server), ends.accepting.clone());
                let open = Open(Arc::clone(&hand.open));
                connections.spawn(async move {
                    let _open = open;
                    let ended = match TcpStream::from_std(stream) {
                        Ok(stream) => server.serve(stream, peer, &accepting).await,
                        Err(error) => Err(error),
                    };
                    if let Err(error) = ended {
                        tracing::debug!(%error, client.address = %peer, "connection ended with an error");
                    }
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
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

/// One connection among those that are open.
struct Open(Arc<AtomicUsize>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
