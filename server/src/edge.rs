//! What stands between a connection and the routes: which host is meant, and who is really asking.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    extract::{ConnectInfo, Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header::HOST};
use tower::ServiceExt;
use worv_proxy::Fields;

pub use forwarded::TrustedProxies;
pub use host::HostName;
pub use proxy_protocol::proxy_header;
pub use to_https::to_https;

use host::{host_in, requested_host};

mod forwarded;
mod host;
mod proxy_protocol;
mod to_https;

/// What each host answers.
pub struct Sites {
    /// The inference API, and nothing else.
    pub api: Router,
    /// The console.
    pub console: Router,
    /// The documentation.
    pub docs: Router,
    /// The chat front end.
    pub chat: Router,
}

/// The names of the hosts. Those of the documentation and the chat may be absent: then nothing answers for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hosts {
    /// The inference API's.
    pub api: HostName,
    /// The console's.
    pub console: HostName,
    /// The documentation's.
    pub docs: Option<HostName>,
    /// The chat front end's.
    pub chat: Option<HostName>,
}

impl Hosts {
    /// Whether a request of HTTP/1.1 with these headers, whose target is a path, is for the inference API. Without names,
    /// every request is that names its host once.
    pub fn lead_to_api(hosts: Option<&Self>, fields: &Fields) -> bool {
        let asked = host_in(fields);
        asked.is_ok_and(|asked| hosts.is_none_or(|hosts| hosts.api.is(asked)))
    }

    /// Every name.
    pub fn all(&self) -> impl Iterator<Item = &HostName> {
        [&self.api, &self.console]
            .into_iter()
            .chain(&self.docs)
            .chain(&self.chat)
    }
}

/// Each site under its own host name, and 421 for every other name. No host answers another's routes.
pub fn by_host(hosts: Hosts, sites: Sites, trusted: TrustedProxies) -> Router {
    let split = Arc::new((hosts, sites));
    let routes = Router::new().fallback(move |request: Request| {
        let split = Arc::clone(&split);
        async move {
            let (hosts, sites) = &*split;
            let asked = requested_host(&request).ok().flatten();
            let is = |name: &Option<HostName>| name.as_ref().zip(asked).is_some_and(|(name, asked)| name.is(asked));
            let site = match asked {
                Some(name) if hosts.api.is(name) => sites.api.clone(),
                Some(name) if hosts.console.is(name) => sites.console.clone(),
                _ if is(&hosts.docs) => sites.docs.clone(),
                _ if is(&hosts.chat) => sites.chat.clone(),
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
    let Ok(host) = requested_host(&request) else {
        return ambiguous();
    };
    if host.is_some() && !request.headers().contains_key(HOST) {
        // HTTP/2 has it in `:authority` alone; whoever asks for the host finds it in one place (RFC 9113, section 8.3.1).
        let authority = request.uri().authority().map(|authority| authority.as_str().to_owned());
        if let Some(authority) = authority.and_then(|text| HeaderValue::try_from(text).ok()) {
            request.headers_mut().insert(HOST, authority);
        }
    }
    if let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<SocketAddr>>().copied()
        && let Some(client) = trusted.client_behind(peer.ip(), request.headers())
    {
        // Its port is not told.
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(client, 0)));
    }
    next.run(request).await
}

/// 400 (RFC 9112, section 3.2).
fn ambiguous() -> Response {
    let message = "The request must name its host exactly once, as RFC 9112, section 3.2, asks.\n";
    (StatusCode::BAD_REQUEST, message).into_response()
}

/// 421 (RFC 9110, section 15.5.20).
fn misdirected() -> Response {
    let message = "This server does not answer for the host that the request names.\n";
    (StatusCode::MISDIRECTED_REQUEST, message).into_response()
}
