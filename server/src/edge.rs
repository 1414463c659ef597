//! What stands between a connection and the routes: which host is meant, and who is really asking.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    extract::{ConnectInfo, Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use tower::ServiceExt;

pub use forwarded::TrustedProxies;
pub use host::HostName;

use host::requested_host;

mod forwarded;
mod host;

/// What each host answers.
pub struct Sites {
    /// The inference API, and nothing else.
    pub api: Router,
    /// The console.
    pub console: Router,
}

/// The names of the hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hosts {
    /// The inference API's.
    pub api: HostName,
    /// The console's.
    pub console: HostName,
}

/// Each site under its own host name, and 421 for every other name. No host answers another's routes.
pub fn by_host(hosts: Hosts, sites: Sites, trusted: TrustedProxies) -> Router {
    let split = Arc::new((hosts, sites));
    let routes = Router::new().fallback(move |request: Request| {
        let split = Arc::clone(&split);
        async move {
            let (hosts, sites) = &*split;
            let asked = requested_host(&request).ok().flatten();
            let site = match asked {
                Some(name) if hosts.api.is(name) => sites.api.clone(),
                Some(name) if hosts.console.is(name) => sites.console.clone(),
                _ => return misdirected(),
            };
            site.oneshot(request).await.into_response()
        }
    });
    guarded(routes, trusted)
}

/// One origin for everything; `routes` tells the sites apart by path.
pub fn by_path(routes: Router, trusted: TrustedProxies) -> Router {
    guarded(routes, trusted)
}

fn guarded(routes: Router, trusted: TrustedProxies) -> Router {
    routes.layer(middleware::from_fn_with_state(Arc::new(trusted), guard))
}

/// Refuses what names its host in an ambiguous way, and puts the client's own address in place of a trusted proxy's.
async fn guard(State(trusted): State<Arc<TrustedProxies>>, mut request: Request, next: Next) -> Response {
    if requested_host(&request).is_err() {
        let message = "The request must name its host exactly once, as RFC 9112, section 3.2, asks.\n";
        return (StatusCode::BAD_REQUEST, message).into_response();
    }
    if let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<SocketAddr>>().copied()
        && let Some(client) = trusted.client_behind(peer.ip(), request.headers())
    {
        // Its port is not told.
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(client, 0)));
    }
    next.run(request).await
}

/// 421 (RFC 9110, section 15.5.20).
fn misdirected() -> Response {
    let message = "This server does not answer for the host that the request names.\n";
    (StatusCode::MISDIRECTED_REQUEST, message).into_response()
}
