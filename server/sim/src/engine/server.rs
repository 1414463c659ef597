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

/// Serves until told to stop, being up and down as the knob says.
pub(super) async fn serve(listener: TcpListener, engine: Engine, knobs: KnobsHandle, stop: CancellationToken) {
    let served = stop.run_until_cancelled(up_and_down(listener, &engine, &knobs)).await;
    if let Some(Err(error)) = served {
        debug!(%error, "the simulated engine lost its port");
    }
}

async fn up_and_down(mut listener: TcpListener, engine: &Engine, knobs: &KnobsHandle) -> io::Result<Infallible> {
    let address = listener.local_addr()?;
    let router = TowerToHyperService::new(routes::router(engine.clone()));
    let mut knobs = knobs.watch();
    loop {
        let connections = Connections::default();
        tokio::select! {
            _ = knobs.wait_for(|knobs| knobs.down) => {}
            _ = connections.accept(&listener, engine, &router) => {}
        }
        drop(listener);
        let held = hold(address)?;
        connections.close().await;
        if knobs.wait_for(|knobs| !knobs.down).await.is_err() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        listener = held.listen(BACKLOG)?;
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

/// The open connections.
struct Connections {
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Default for Connections {
    fn default() -> Self {
        Self {
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        }
    }
}

impl Drop for Connections {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Connections {
    async fn accept(
        &self,
        listener: &TcpListener,
        engine: &Engine,
        router: &TowerToHyperService<Router>,
    ) -> Infallible {
        loop {
            match listener.accept().await {
                Ok((stream, _peer)) => {
                    engine.count_connection();
                    let connection = connection(stream, router.clone());
                    self.tasks
                        .spawn(self.stop.clone().run_until_cancelled_owned(connection));
                }
                // Out of file descriptors: one is free again when a connection ends.
                Err(error) => {
                    debug!(%error, "a connection could not be accepted");
                    tokio::task::yield_now().await;
                }
            }
        }
    }

    async fn close(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
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
