use http_body_util::BodyExt;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::*;
use worv_core::id::RequestId;

use crate::headers::for_engine;

/// A whole answer with a body of two bytes.
const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

async fn engine() -> (Engine, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = GatewayConfig {
        engine_url: format!("http://{}", listener.local_addr().unwrap()),
        ..GatewayConfig::default()
    };
    (Engine::new(&config).unwrap(), listener)
}

async fn ask(engine: &Engine) -> Result<EngineAnswer, EngineError> {
    let url = engine.url("/v1/completions");
    engine.post(&url, &Fields::default(), Bytes::from_static(b"{}")).await
}

async fn whole(answer: Result<EngineAnswer, EngineError>) -> io::Result<Bytes> {
    Ok(answer.unwrap().body.collect().await?.to_bytes())
}

/// Reads the one request that [`ask`] sends.
async fn hear(connection: &mut TcpStream) {
    let mut heard = Vec::new();
    while !heard.ends_with(b"content-length: 2\r\n\r\n{}") {
        assert_ne!(connection.read_buf(&mut heard).await.unwrap(), 0);
    }
    assert!(heard.starts_with(b"POST /v1/completions HTTP/1.1\r\nhost: 127.0.0.1:"));
}

#[tokio::test]
async fn the_engine_gets_its_own_key_and_never_the_caller_s() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = GatewayConfig {
        engine_url: format!("http://{}", listener.local_addr().unwrap()),
        engine_api_key: Some(worv_core::Secret::new("the-engine-s")),
        ..GatewayConfig::default()
    };
    let engine = Engine::new(&config).unwrap();
    let serve = async {
        let (mut connection, _) = listener.accept().await.unwrap();
        let mut heard = Vec::new();
        while !heard.ends_with(b"{}") {
            assert_ne!(connection.read_buf(&mut heard).await.unwrap(), 0);
        }
        connection.write_all(OK).await.unwrap();
        String::from_utf8(heard).unwrap()
    };
    let from_caller = Fields::from_iter([(AUTHORIZATION, HeaderValue::from_static("Bearer the-caller-s"))]);
    let fields = for_engine(from_caller, RequestId::from_bytes([0; 16]), []);
    let url = engine.url("/v1/completions");
    let (heard, answer) = tokio::join!(serve, engine.post(&url, &fields, Bytes::from_static(b"{}")));
    assert_eq!(whole(answer).await.unwrap(), "ok");
    let keys: Vec<_> = heard.lines().filter(|line| line.starts_with("authorization")).collect();
    assert_eq!(keys, ["authorization: Bearer the-engine-s"]);
}

#[tokio::test]
async fn a_connection_serves_one_request_after_another() {
    let (engine, listener) = engine().await;
    let serve = async {
        let (mut connection, _) = listener.accept().await.unwrap();
        for answer in [
            OK,
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
            OK,
        ] {
            hear(&mut connection).await;
            connection.write_all(answer).await.unwrap();
        }
    };
    let call = async {
        for _ in 0..3 {
            assert_eq!(whole(ask(&engine).await).await.unwrap(), "ok");
        }
    };
    tokio::join!(serve, call);
}

#[tokio::test]
async fn a_request_is_repeated_only_while_not_a_byte_of_an_answer_came() {
    let (engine, listener) = engine().await;
    let serve = async {
        for answer in [&b""[..], OK, b"HTTP/1.1 200"] {
            let (mut connection, _) = listener.accept().await.unwrap();
            hear(&mut connection).await;
            connection.write_all(answer).await.unwrap();
        }
    };
    let call = async {
        assert_eq!(whole(ask(&engine).await).await.unwrap(), "ok");
        let broken = ask(&engine).await.err().unwrap();
        assert!(matches!(broken, EngineError::BrokeOff(_)), "{broken}");
    };
    tokio::join!(serve, call);
}

#[tokio::test]
async fn an_answer_may_come_before_the_request_has_been_taken() {
    let (engine, listener) = engine().await;
    let serve = async {
        let (mut connection, _) = listener.accept().await.unwrap();
        let mut byte = [0];
        connection.read_exact(&mut byte).await.unwrap();
        connection.write_all(OK).await.unwrap();
        connection
    };
    let url = engine.url("/v1/completions");
    let body = Bytes::from(vec![b' '; 64 << 20]);
    let headers = Fields::default();
    let (_connection, answer) = tokio::join!(serve, engine.post(&url, &headers, body));
    assert_eq!(whole(answer).await.unwrap(), "ok");
    assert!(
        engine.pool.take().is_none(),
        "the rest of the request is still owed on it"
    );
}

#[tokio::test]
async fn how_an_answer_ends_is_what_its_head_says() {
    let cases: [(&[u8], Result<&str, io::ErrorKind>); 7] = [
        (b"HTTP/1.1 200 OK\r\n\r\nto the end", Ok("to the end")),
        (b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok", Ok("ok")),
        (b"HTTP/1.1 204 No Content\r\n\r\n", Ok("")),
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nok",
            Err(io::ErrorKind::UnexpectedEof),
        ),
        (
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n",
            Err(io::ErrorKind::UnexpectedEof),
        ),
        (
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nno\r\n",
            Err(io::ErrorKind::InvalidData),
        ),
        (
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 9\r\n\r\n2\r\nok\r\n0\r\n\r\n",
            Ok("ok"),
        ),
    ];
    for (answer, expected) in cases {
        let (engine, listener) = engine().await;
        let serve = async {
            let (mut connection, _) = listener.accept().await.unwrap();
            hear(&mut connection).await;
            connection.write_all(answer).await.unwrap();
        };
        let ((), got) = tokio::join!(serve, async { whole(ask(&engine).await).await });
        let got = got.map_err(|error| error.kind());
        assert_eq!(got, expected.map(Bytes::from), "{}", answer.escape_ascii());
    }
}

#[tokio::test]
async fn heads_that_could_be_read_in_two_ways_are_refused() {
    for head in [
        &b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n"[..],
        b"HTTP/1.1 200 OK\r\ncontent-length: +2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n",
        b"SSH-2.0-OpenSSH\r\n\r\n",
    ] {
        let (engine, listener) = engine().await;
        let serve = async {
            let (mut connection, _) = listener.accept().await.unwrap();
            hear(&mut connection).await;
            connection.write_all(head).await.unwrap();
        };
        let ((), answer) = tokio::join!(serve, ask(&engine));
        assert!(
            matches!(answer, Err(EngineError::BrokeOff(_))),
            "{}",
            head.escape_ascii()
        );
    }
}

#[tokio::test]
async fn nobody_there_is_told_from_broken_off() {
    let (engine, listener) = engine().await;
    drop(listener);
    assert!(matches!(ask(&engine).await, Err(EngineError::Unreachable(_))));
}

#[test]
fn only_a_bare_http_address_is_an_engine() {
    for good in ["http://127.0.0.1:8000", "http://engine:8000/", "http://[::1]:8000"] {
        assert!(base_url(good).is_ok(), "{good}");
    }
    for bad in [
        "",
        "127.0.0.1:8000",
        "https://engine",
        "http://engine/v1",
        "http://u:p@engine",
        "http://engine/?q",
    ] {
        assert!(base_url(bad).is_err(), "{bad}");
    }
}
