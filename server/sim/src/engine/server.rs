//! Accepts connections, and breaks them when the engine is down.

use std::{convert::Infallible, io, net::SocketAddr, time::Duration};

use axum::{Router, extract::Request, response::Response};
use hyper::{
    body::Incoming,
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::debug;

use super::{KnobsHandle, answer::BreakConnection, routes, service::Engine};

/// vLLM closes a connection that has been idle this long (`VLLM_HTTP_TIMEOUT_KEEP_ALIVE`).
const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// Connections that the kernel holds until they are accepted; uvicorn's default.
const BACKLOG: u32 = 2048;

/// How long to wait where a connection cannot be accepted for want of file descriptors: nothing tells when one is free.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What accepts and answers.
struct Server {
    engine: Engine,
    router: TowerToHyperService<Router>,
    connections: TaskTracker,
}

/// Serves until told to stop, being up and down as the knob says; ends when the last connection has.
pub(super) async fn serve(listener: TcpListener, engine: Engine, knobs: KnobsHandle, stop: CancellationToken) {
    let server = Server {
        router: TowerToHyperService::new(routes::router(engine.clone())),
        engine,
        connections: TaskTracker::new(),
    };
    let ended = stop
        .run_until_cancelled(server.up_and_down(listener, &knobs, &stop))
        .await;
    if let Some(Err(error)) = ended {
        debug!(%error, "the simulated engine lost its port");
    }
    stop.cancel();
    server.connections.close();
    server.connections.wait().await;
}

impl Server {
    async fn up_and_down(
        &self,
        mut listener: TcpListener,
        knobs: &KnobsHandle,
        stop: &CancellationToken,
    ) -> io::Result<Infallible> {
        let address = listener.local_addr()?;
        let mut knobs = knobs.watch();
        loop {
            let up = stop.child_token();
            tokio::select! {
                _ = knobs.wait_for(|knobs| knobs.down) => {}
                _ = self.accept(&listener, &up) => {}
            }
            drop(listener);
            let held = hold(address)?;
            up.cancel();
            self.connections.close();
            self.connections.wait().await;
            self.connections.reopen();
            if knobs.wait_for(|knobs| !knobs.down).await.is_err() {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            listener = held.listen(BACKLOG)?;
        }
    }

    async fn accept(&self, listener: &TcpListener, up: &CancellationToken) -> Infallible {
        loop {
            match listener.accept().await {
                Ok((stream, _peer)) => {
                    self.engine.count_connection();
                    let connection = connection(stream, self.router.clone());
                    self.connections.spawn(up.clone().run_until_cancelled_owned(connection));
                }
                Err(error) => {
                    debug!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

/// Keeps the port for us without listening on it, so that connections are refused and nobody else takes it.
fn hold(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

async fn connection(stream: TcpStream, router: TowerToHyperService<Router>) {
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%error, "a connection keeps Nagle's algorithm");
    }
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(KEEP_ALIVE)
        .serve_connection(TokioIo::new(stream), service_fn(|request| answer(&router, request)))
        .await;
    if let Err(error) = served {
        debug!(%error, "a connection ended early");
    }
}

/// Answers a request, or fails, which breaks the connection.
async fn answer(router: &TowerToHyperService<Router>, request: Request<Incoming>) -> io::Result<Response> {
    let mut response = router.call(request).await.unwrap_or_else(|never| match never {});
    routes::dress(response.headers_mut());
    match response.extensions().get::<BreakConnection>() {
        Some(BreakConnection) => Err(io::ErrorKind::ConnectionAborted.into()),
        None => Ok(response),
    }
}
