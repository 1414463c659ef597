//! HTTPS: every host over both versions of HTTP, certificates that change, and what goes wrong.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
};

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use tokio::net::TcpListener;
use worv_sim::engine::{Fault, FaultKind, Sim, SimOptions};

use crate::{
    certificates::{self, NAMES, Pair},
    client::{Answer, BOTH, Connection, Http},
    gateway::Gateway,
};

const SETTINGS: [(&str, &str); 8] = [
    ("WORV_HOSTS__PROXY", "proxy.test"),
    ("WORV_HOSTS__ADMIN", "admin.proxy.test"),
    ("WORV_HOSTS__DOCS", "docs.proxy.test"),
    ("WORV_HOSTS__CHAT", "chat.proxy.test"),
    ("WORV_CHAT__UPSTREAM", "http://127.0.0.1:1"),
    ("WORV_TLS__LISTEN", "127.0.0.1:0"),
    ("WORV_TLS__CERT", "cert.pem"),
    ("WORV_TLS__KEY", "key.pem"),
];

fn start(pair: &Pair, more: &[(&str, &str)]) -> Gateway {
    let folder = tempfile::tempdir().unwrap();
    pair.write(folder.path());
    Gateway::start_in(folder, &[&SETTINGS, more].concat())
}

async fn connect(gateway: &Gateway, host: &str, http: Http, pair: &Pair) -> Connection {
    let connection = Connection::secure(gateway.address, host, http, &pair.cert).await;
    connection.expect("the server shows the certificate")
}

#[tokio::test]
async fn all_four_hosts_answer_over_http_1_1_and_http_2() {
    let pair = certificates::valid();
    let gateway = start(&pair, &[]);
    let bearer = format!("Bearer {}", gateway.key);
    for http in BOTH {
        let mut api = connect(&gateway, "proxy.test", http, &pair).await;
        let models = api.get("/v1/models", &[("authorization", &bearer)]).await;
        assert_eq!(models.status, StatusCode::OK, "{http:?}");
        assert!(models.body.contains("DeepSeek-V4-Pro"), "{}", models.body);
        assert_eq!(api.get("/login", &[]).await.status, StatusCode::NOT_FOUND);

        let mut console = connect(&gateway, "admin.proxy.test", http, &pair).await;
        let login = console.get("/login", &[]).await;
        assert_eq!(login.status, StatusCode::OK, "{http:?}");
        let cookie = login.header("set-cookie");
        assert!(
            cookie.starts_with("__Host-worv_login=") && cookie.contains("Secure"),
            "{cookie}"
        );

        let mut docs = connect(&gateway, "docs.proxy.test", http, &pair).await;
        let start = docs.get("/", &[]).await;
        assert_eq!(start.status, StatusCode::OK, "{http:?}");
        assert!(start.body.contains("https://proxy.test"), "{}", start.body);

        let mut chat = connect(&gateway, "chat.proxy.test", http, &pair).await;
        let down = chat.get("/", &[("accept", "text/html")]).await;
        assert_eq!(down.status, StatusCode::SERVICE_UNAVAILABLE, "{http:?}");
        assert!(down.body.contains("The chat is not available"), "{}", down.body);

        let mut stranger = connect(&gateway, "proxy.test", http, &pair).await;
        stranger.host("elsewhere.test");
        let refused = stranger.get("/v1/models", &[]).await;
        assert_eq!(refused.status, StatusCode::MISDIRECTED_REQUEST, "{http:?}");

        for answer in [models, login, start, down, refused] {
            assert_eq!(answer.header("strict-transport-security"), "max-age=31536000");
        }
    }
}

#[tokio::test]
async fn plain_http_leads_to_https_and_nowhere_else() {
    let gateway = start(&certificates::valid(), &[]);
    let plain = gateway.serving.ready["redirect_url"].as_str().unwrap();
    let plain = plain.strip_prefix("http://").unwrap().parse().unwrap();
    let port = gateway.address.port();
    for http in BOTH {
        for name in NAMES {
            let answer = Connection::plain(plain, name, http)
                .await
                .get("/v1/models?limit=1", &[])
                .await;
            assert_eq!(answer.status, StatusCode::MOVED_PERMANENTLY);
            assert_eq!(
                answer.header("location"),
                format!("https://{name}:{port}/v1/models?limit=1")
            );
            // RFC 6797, section 7.2: not over plain HTTP.
            assert_eq!(answer.header("strict-transport-security"), "");
        }
        let answer = Connection::plain(plain, "elsewhere.test", http)
            .await
            .get("/", &[])
            .await;
        assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST);
    }
}

#[tokio::test]
async fn plain_http_on_the_port_of_https_is_told_so() {
    let pair = certificates::valid();
    let gateway = start(&pair, &[]);
    let answer = gateway.get("/v1/models", "proxy.test");
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains("This port speaks HTTPS"), "{answer}");
    // Nor does what is neither of the two do any harm.
    let mut stream = TcpStream::connect(gateway.address).unwrap();
    stream.write_all(&[0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0]).unwrap();
    let mut alert = Vec::new();
    stream.read_to_end(&mut alert).unwrap();
    assert_eq!(alert.first(), Some(&0x15), "an alert of TLS");
    let mut api = connect(&gateway, "proxy.test", Http::Two, &pair).await;
    assert_eq!(api.get("/health", &[]).await.status, StatusCode::OK);
}

/// Reads a stream until it has said its first words.
async fn until_begun(body: &mut Incoming) -> String {
    let mut read = String::new();
    while !read.contains("\"content\":") {
        let frame = body.frame().await.expect("the stream goes on").unwrap();
        read += std::str::from_utf8(&frame.into_data().unwrap()).unwrap();
    }
    read
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_certificate_breaks_none_of_100_open_streams() {
    let sim = Sim::start(TcpListener::bind("127.0.0.1:0").await.unwrap(), SimOptions::instant());
    // Each answer stands still until it is let go on.
    let fault = Fault {
        after_tokens: 8,
        kind: FaultKind::Stall,
    };
    sim.knobs().turn(|knobs| knobs.fault = Some(fault));
    let (old, new) = (certificates::valid(), certificates::valid());
    let gateway = start(&old, &[("WORV_ENGINE__URL", &sim.url())]);
    let body =
        r#"{"model":"live-nonthinking","stream":true,"max_tokens":64,"messages":[{"role":"user","content":"Count."}]}"#;
    let request = || {
        let request = Request::post("/v1/chat/completions").header("authorization", format!("Bearer {}", gateway.key));
        let request = request.header("content-type", "application/json");
        request.body(Full::new(Bytes::from_static(body.as_bytes()))).unwrap()
    };
    let mut streams = Vec::new();
    let mut connections = Vec::new();
    let mut shared = connect(&gateway, "proxy.test", Http::Two, &old).await;
    for _ in 0..50 {
        streams.push(shared.send(request()).await.into_body());
        let mut own = connect(&gateway, "proxy.test", Http::One, &old).await;
        streams.push(own.send(request()).await.into_body());
        connections.push(own);
    }
    for stream in &mut streams {
        until_begun(stream).await;
    }

    new.write(gateway.folder.path());
    gateway.until_it_says("a new certificate is in force");
    let mut renewed = connect(&gateway, "proxy.test", Http::Two, &new).await;
    assert_eq!(renewed.get("/health", &[]).await.status, StatusCode::OK);
    assert_ne!(renewed.certificate, shared.certificate);
    assert!(
        Connection::secure(gateway.address, "proxy.test", Http::One, &old.cert)
            .await
            .is_none()
    );

    sim.knobs().turn(|knobs| knobs.fault = None);
    for stream in streams {
        let rest = stream.collect().await.unwrap().to_bytes();
        assert!(
            rest.ends_with(b"data: [DONE]\n\n"),
            "{}",
            String::from_utf8_lossy(&rest)
        );
    }
    // And the connection that began with the old one goes on.
    let answer: Answer = shared.get("/health", &[]).await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_is_named_and_the_one_before_stays() {
    let (pair, other) = (certificates::valid(), certificates::valid());
    let gateway = start(&pair, &[]);
    let folder = gateway.folder.path().to_owned();
    let wrong_pair = Pair {
        cert: other.cert.clone(),
        key: pair.key.clone(),
    };
    let no_key = Pair {
        cert: other.cert.clone(),
        key: "nothing".to_owned(),
    };
    for (change, words) in [
        (
            wrong_pair,
            "tls.key: key.pem is not the private key of the certificate in cert.pem",
        ),
        (
            certificates::expired(),
            "tls.cert: the certificate in cert.pem expired on Jan  1",
        ),
        (no_key, "tls.key: key.pem has no private key in PEM form"),
    ] {
        change.write(&folder);
        gateway.until_it_says(words);
        let mut api = connect(&gateway, "proxy.test", Http::Two, &pair).await;
        assert_eq!(api.get("/health", &[]).await.status, StatusCode::OK);
    }
    fs::remove_file(folder.join("key.pem")).unwrap();
    gateway.until_it_says("tls.key: cannot read key.pem (No such file");
    let mut api = connect(&gateway, "proxy.test", Http::One, &pair).await;
    assert_eq!(api.get("/health", &[]).await.status, StatusCode::OK);
    assert_eq!(
        gateway.log().matches("the one before stays in force").count(),
        4,
        "{}",
        gateway.log()
    );
}
