//! What callers do with a connection: several requests on it, of any kind, and leaving.

#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use worv_core::usage::Outcome;

use crate::support::{Engine, KEY, Running};

const BODY: &str = r#"{"model":"m","max_tokens":5,"messages":[]}"#;

/// A plain request, with further header lines.
fn plain(headers: &str) -> String {
    let length = BODY.len();
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {KEY}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n{headers}\r\n{BODY}"
    )
}

async fn connect(running: &Running) -> TcpStream {
    let address = running.url.strip_prefix("http://").unwrap();
    TcpStream::connect(address).await.unwrap()
}

/// The next answer that has a length.
async fn answer(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    loop {
        let text = String::from_utf8(all.clone()).unwrap();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.unwrap().parse().unwrap() {
                return text;
            }
        }
        all.push(stream.read_u8().await.unwrap());
    }
}

#[tokio::test]
async fn requests_that_come_together_are_answered_one_after_the_other() {
    let engine = Engine::start().await;
    let running = Running::start(engine.url()).await;
    let mut stream = connect(&running).await;
    stream.write_all(plain("").repeat(3).as_bytes()).await.unwrap();
    let mut exchange = engine.accept().await;
    for number in 0..3 {
        let body = format!("{{\"number\":{number}}}");
        exchange.answer("200 OK", "application/json", &body).await;
        assert!(answer(&mut stream).await.ends_with(&body));
        if number < 2 {
            exchange = exchange.next().await;
        }
    }
}

#[tokio::test]
async fn a_connection_goes_on_whatever_kind_of_request_comes() {
    let engine = Engine::start().await;
    let running = Running::start(engine.url()).await;
    running.serve("m", 4_096);
    let mut stream = connect(&running).await;
    let models = format!("GET /v1/models HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {KEY}\r\n\r\n");
    let chunked = plain("transfer-encoding: chunked\r\n")
        .replace(&format!("content-length: {}\r\n", BODY.len()), "")
        .replace(BODY, &format!("{:x}\r\n{BODY}\r\n0\r\n\r\n", BODY.len()));
    stream.write_all(plain("").as_bytes()).await.unwrap();
    let mut exchange = engine.accept().await;
    exchange.answer("200 OK", "application/json", "{\"a\":1}").await;
    assert!(answer(&mut stream).await.ends_with("{\"a\":1}"));

    // The next one begins to come in the middle of another.
    stream.write_all(format!("{models}{chunked}").as_bytes()).await.unwrap();
    assert!(answer(&mut stream).await.contains("\"id\":\"m\""));
    let mut exchange = exchange.next().await;
    assert_eq!(exchange.body, BODY);
    exchange.answer("200 OK", "application/json", "{\"b\":1}").await;
    assert!(answer(&mut stream).await.ends_with("{\"b\":1}"));

    stream.write_all(plain("").as_bytes()).await.unwrap();
    let mut exchange = exchange.next().await;
    exchange.answer("200 OK", "application/json", "{\"c\":1}").await;
    assert!(answer(&mut stream).await.ends_with("{\"c\":1}"));
}

#[tokio::test]
async fn a_key_that_is_refused_spoils_nothing_for_the_next_request() {
    let engine = Engine::start().await;
    let running = Running::start(engine.url()).await;
    let mut stream = connect(&running).await;
    let refused = plain("").replace(KEY, "sk-worv-unknown");
    stream
        .write_all(format!("{refused}{}", plain("")).as_bytes())
        .await
        .unwrap();
    assert!(answer(&mut stream).await.starts_with("HTTP/1.1 401 "));
    let mut exchange = engine.accept().await;
    exchange.answer("200 OK", "application/json", "{\"a\":1}").await;
    assert!(answer(&mut stream).await.ends_with("{\"a\":1}"));
}

#[tokio::test]
async fn a_connection_ends_with_the_request_that_asks_for_it_and_with_the_last_one() {
    for asks in [true, false] {
        let engine = Engine::start().await;
        let running = Running::start(engine.url()).await;
        let mut stream = connect(&running).await;
        let header = if asks { "connection: close\r\n" } else { "" };
        stream.write_all(plain(header).as_bytes()).await.unwrap();
        let mut exchange = engine.accept().await;
        if !asks {
            running.stopping.cancel();
        }
        exchange.answer("200 OK", "application/json", "{\"a\":1}").await;
        let mut all = String::new();
        stream.read_to_string(&mut all).await.unwrap();
        assert!(all.contains("\r\nconnection: close\r\n"), "{all}");
        assert!(all.ends_with("{\"a\":1}"), "{all}");
    }
}

#[tokio::test]
async fn a_caller_who_leaves_before_the_body_is_whole_leaves_nothing_behind() {
    let engine = Engine::start().await;
    let mut running = Running::start(engine.url()).await;
    let mut stream = connect(&running).await;
    let whole = plain("");
    stream.write_all(&whole.as_bytes()[..whole.len() - 1]).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut all = Vec::new();
    stream.read_to_end(&mut all).await.unwrap();
    assert!(all.is_empty(), "{}", all.escape_ascii());
    assert!(running.has_no_more_records());
    assert_eq!(running.gateway.counters().in_flight, 0);
}

#[tokio::test]
async fn a_caller_who_leaves_a_silent_engine_is_noticed_behind_what_it_sent_ahead() {
    let engine = Engine::start().await;
    let mut running = Running::start(engine.url()).await;
    let mut stream = connect(&running).await;
    stream.write_all(plain("").repeat(2).as_bytes()).await.unwrap();
    let exchange = engine.accept().await;
    drop(stream);
    exchange.closed().await;
    assert_eq!(running.record().await.outcome, Outcome::ClientLeft);
}
