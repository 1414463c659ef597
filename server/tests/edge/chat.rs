//! The chat host hands everything on to Open WebUI; here, to a small server that does what Open WebUI does.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::State,
    response::{AppendHeaders, IntoResponse, Response},
    routing::{any, get, post},
};
use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use tokio::{net::TcpListener, sync::Notify};
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest};

use crate::{
    client::{Answer, BOTH, Connection, Http},
    gateway::Gateway,
};

/// An upstream that streams, takes uploads, sets cookies and speaks over a socket.
struct Upstream {
    address: SocketAddr,
    /// Lets the second event of a stream go.
    go_on: Arc<Notify>,
}

impl Upstream {
    async fn start() -> Self {
        let go_on = Arc::new(Notify::new());
        let router = Router::new()
            .route("/events", get(events))
            .route("/upload", post(upload))
            .route("/echo", any(echo))
            .with_state(Arc::clone(&go_on));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(axum::serve(listener, router).into_future());
        Self { address, go_on }
    }
}

async fn events(State(go_on): State<Arc<Notify>>) -> Response {
    let first = futures::stream::iter(["data: 1\n\n"]);
    let second = futures::stream::once(async move {
        go_on.notified().await;
        "data: 2\n\n"
    });
    let events = first.chain(second).map(Ok::<_, std::convert::Infallible>);
    ([("content-type", "text/event-stream")], Body::from_stream(events)).into_response()
}

async fn upload(body: Body) -> String {
    let mut length = 0;
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        length += piece.unwrap().len();
    }
    length.to_string()
}

/// What arrived, in the body; cookies as a careless program sets them.
async fn echo(headers: HeaderMap) -> impl IntoResponse {
    let mut lines: Vec<_> = headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    lines.sort();
    let cookies = AppendHeaders([
        ("set-cookie", "token=abc; Domain=proxy.test; Path=/; HttpOnly"),
        ("set-cookie", "worv_session=mine; Path=/"),
        ("keep-alive", "timeout=5"),
    ]);
    (cookies, lines.join("\n"))
}

fn start(upstream: SocketAddr) -> Gateway {
    let url = format!("http://{upstream}");
    Gateway::start(&[
        ("WORV_HOSTS__PROXY", "proxy.test"),
        ("WORV_HOSTS__ADMIN", "admin.proxy.test"),
        ("WORV_HOSTS__CHAT", "chat.proxy.test"),
        ("WORV_CHAT__UPSTREAM", &url),
    ])
}

#[tokio::test]
async fn events_are_handed_on_one_by_one() {
    let upstream = Upstream::start().await;
    let gateway = start(upstream.address);
    for http in BOTH {
        let mut chat = Connection::plain(gateway.address, "chat.proxy.test", http).await;
        let response = chat.send(Request::get("/events").body(Full::default()).unwrap()).await;
        let mut events = response.into_body();
        let first = events.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(first, "data: 1\n\n");
        // The first was seen before the second was allowed.
        upstream.go_on.notify_one();
        let rest = events.collect().await.unwrap().to_bytes();
        assert_eq!(rest, "data: 2\n\n");
    }
}

#[tokio::test]
async fn a_large_upload_passes() {
    let upstream = Upstream::start().await;
    let gateway = start(upstream.address);
    // Larger than what the API takes.
    let upload = Bytes::from(vec![7; 48 << 20]);
    for http in BOTH {
        let mut chat = Connection::plain(gateway.address, "chat.proxy.test", http).await;
        let request = Request::post("/upload").body(Full::new(upload.clone())).unwrap();
        let answer = Answer::of(chat.send(request).await).await;
        assert_eq!((answer.status, &*answer.body), (StatusCode::OK, "50331648"));
    }
}

#[tokio::test]
async fn cookies_are_kept_apart_and_the_client_is_told_truly() {
    let upstream = Upstream::start().await;
    let gateway = start(upstream.address);
    for http in BOTH {
        let mut chat = Connection::plain(gateway.address, "chat.proxy.test", http).await;
        let sent = [
            ("cookie", "token=abc; worv_session=secret"),
            ("x-forwarded-for", "192.0.2.1"),
            ("x-forwarded-proto", "https"),
            ("x-real-ip", "192.0.2.1"),
            ("accept", "text/html"),
        ];
        let answer = chat.get("/echo", &sent).await;
        let expected = "accept: text/html\ncookie: token=abc\nhost: chat.proxy.test\nx-forwarded-for: 127.0.0.1\n\
                        x-forwarded-host: chat.proxy.test\nx-forwarded-proto: http";
        assert_eq!(answer.body, expected, "{http:?}");
        let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().collect();
        assert_eq!(cookies, ["token=abc; Path=/; HttpOnly"]);
        assert_eq!(answer.header("keep-alive"), "");
    }
}

#[tokio::test]
async fn a_websocket_is_carried_both_ways() {
    // The handshake, and every message back.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut out, mut back) = tokio_tungstenite::accept_async(stream).await.unwrap().split();
                while let Some(Ok(message)) = back.next().await {
                    if message.is_text() || message.is_binary() {
                        out.send(message).await.unwrap();
                    }
                }
            });
        }
    });
    let gateway = start(address);
    let mut request = format!("ws://{}/ws/socket.io/?EIO=4&transport=websocket", gateway.address)
        .into_client_request()
        .unwrap();
    request.headers_mut().insert("host", "chat.proxy.test".parse().unwrap());
    let (mut socket, response) = tokio_tungstenite::connect_async(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
    let long = "x".repeat(1 << 20);
    for text in ["0", "42[\"message\"]", &long] {
        socket.send(Message::text(text)).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), Message::text(text));
    }
    // Stopping does not wait for a socket that nobody closes.
    drop(gateway);
    assert!(!matches!(socket.next().await, Some(Ok(Message::Text(_)))));
}

#[tokio::test]
async fn a_chat_that_is_down_is_said_to_be() {
    // A port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let gateway = start(free);
    let mut chat = Connection::plain(gateway.address, "chat.proxy.test", Http::One).await;
    let page = chat.get("/", &[("accept", "text/html,*/*")]).await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(
        page.body.contains("The chat is not available") && page.body.contains("refresh"),
        "{}",
        page.body
    );
    let plain = chat.get("/api/config", &[("accept", "application/json")]).await;
    assert_eq!(
        (plain.status, plain.header("retry-after")),
        (StatusCode::SERVICE_UNAVAILABLE, "5")
    );
    assert!(!plain.body.contains('<'), "{}", plain.body);
    // The other hosts do not mind.
    let mut api = Connection::plain(gateway.address, "proxy.test", Http::One).await;
    assert_eq!(api.get("/health", &[]).await.status, StatusCode::OK);
}
