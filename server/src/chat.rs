//! The chat host: Open WebUI behind the gateway, on an origin of its own.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request, State},
    response::{IntoResponse, Response},
    routing::any,
};
use http::{
    HeaderMap, HeaderValue, StatusCode, Uri, Version,
    header::{CONNECTION, HOST, UPGRADE},
    uri::{Authority, PathAndQuery, Scheme},
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::failure::root_cause;

mod cookies;
mod headers;
mod pages;
mod websocket;

/// How long Open WebUI may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Open WebUI's server gives idle connections up after 5 s; ours are given up before that.
const IDLE_TIMEOUT: Duration = Duration::from_secs(4);

/// What the requests of the chat host share.
struct Chat {
    client: Client<HttpConnector, Body>,
    upstream: Authority,
    /// `https` where browsers reach the chat over HTTPS.
    scheme: &'static str,
    stopping: CancellationToken,
    tasks: TaskTracker,
}

/// Hands every request on to Open WebUI at `upstream` (`http://HOST:PORT`): bodies and streams piece by piece, a `WebSocket`
/// as the tunnel it is. Tunnels end at `stopping`; `tasks` has them.
pub fn router(upstream: Option<&str>, https: bool, stopping: CancellationToken, tasks: TaskTracker) -> Router {
    let upstream = upstream.and_then(|url| url.parse::<Uri>().ok()?.into_parts().authority);
    let Some(upstream) = upstream else {
        return note();
    };
    let mut connector = HttpConnector::new();
    connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
    connector.set_nodelay(true);
    let client = Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_TIMEOUT)
        .build(connector);
    let chat = Arc::new(Chat {
        client,
        upstream,
        scheme: if https { "https" } else { "http" },
        stopping,
        tasks,
    });
    Router::new().fallback(any(forward)).with_state(chat)
}

/// What stands at `/chat` where the sites share one origin: Open WebUI cannot be served below a path.
pub fn note() -> Router {
    Router::new()
        .route("/chat", any(async || pages::note()))
        .route("/chat/{*path}", any(async || pages::note()))
}

async fn forward(State(chat): State<Arc<Chat>>, mut request: Request) -> Response {
    let websocket = websocket::is_asked_for(request.headers()).then(|| hyper::upgrade::on(&mut request));
    let wants_html = pages::wants_html(request.headers());
    let outgoing = chat.outgoing(request, websocket.is_some());
    let mut response = match chat.client.request(outgoing).await {
        Ok(response) => response,
        Err(error) => {
            tracing::warn!(error = %root_cause(&error), upstream = %chat.upstream, "the chat's upstream does not answer");
            return pages::down(wants_html);
        }
    };
    let switches = response.status() == StatusCode::SWITCHING_PROTOCOLS;
    let headers = headers::for_browser(response.headers());
    match websocket {
        Some(browser) if switches => {
            websocket::connect(browser, hyper::upgrade::on(&mut response), &chat.stopping, &chat.tasks);
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
            *response.headers_mut() = headers;
            mark_as_websocket(response.headers_mut());
            response
        }
        // Nobody asked for another protocol.
        None if switches => pages::down(wants_html),
        _ => {
            *response.headers_mut() = headers;
            response.map(Body::new).into_response()
        }
    }
}

impl Chat {
    /// The request as Open WebUI gets it.
    fn outgoing(&self, request: Request, websocket: bool) -> Request {
        let (mut parts, body) = request.into_parts();
        let client = parts
            .extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map(|info| info.0.ip());
        let mut headers = headers::for_upstream(&parts.headers, client, self.scheme);
        if websocket {
            mark_as_websocket(&mut headers);
        }
        headers.entry(HOST).or_insert_with(|| {
            HeaderValue::from_str(self.upstream.as_str()).unwrap_or(HeaderValue::from_static("localhost"))
        });
        let mut uri = http::uri::Parts::default();
        uri.scheme = Some(Scheme::HTTP);
        uri.authority = Some(self.upstream.clone());
        let path = parts.uri.path_and_query().cloned();
        uri.path_and_query = Some(path.unwrap_or_else(|| PathAndQuery::from_static("/")));
        parts.uri = Uri::from_parts(uri).unwrap_or_default();
        parts.version = Version::HTTP_11;
        parts.headers = headers;
        parts.extensions = http::Extensions::new();
        Request::from_parts(parts, body)
    }
}

fn mark_as_websocket(headers: &mut HeaderMap) {
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
}
