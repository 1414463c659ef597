//! Certificates from a real ACME server: issued, kept, renewed, swapped; and a server that fails.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use axum::Router;
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use tokio::net::TcpListener;
use worv_sim::engine::{Fault, FaultKind, Sim, SimOptions};

use crate::{
    acme_server::{AcmeServer, EXTERNAL_ACCOUNT},
    certificates::NAMES,
    client::{BOTH, Connection, Http},
    gateway::Gateway,
};

/// Streams that are open while the certificate is swapped, half of them over each version of HTTP.
const STREAMS: usize = 20;

fn start(folder: tempfile::TempDir, acme: &AcmeServer, engine: &Sim) -> Gateway {
    let (directory, engine) = (acme.directory(), engine.url());
    let authority = acme.authority_file();
    let mut settings = vec![
        ("WORV_HOSTS__PROXY", "proxy.test"),
        ("WORV_HOSTS__ADMIN", "admin.proxy.test"),
        ("WORV_HOSTS__DOCS", "docs.proxy.test"),
        ("WORV_HOSTS__CHAT", "chat.proxy.test"),
        ("WORV_CHAT__UPSTREAM", "http://127.0.0.1:1"),
        ("WORV_TLS__LISTEN", "127.0.0.1:0"),
        ("WORV_ACME__DIRECTORY", &directory),
        ("WORV_ACME__CONTACT", "ops@proxy.test"),
        ("WORV_ACME__CA_FILE", authority.to_str().unwrap()),
        ("WORV_ACME__RETRY_SECONDS", "1"),
        ("WORV_ENGINE__URL", &engine),
    ];
    if acme.binds {
        settings.push(("WORV_ACME__EXTERNAL_ACCOUNT", EXTERNAL_ACCOUNT.0));
        settings.push(("WORV_ACME__EXTERNAL_ACCOUNT_KEY", EXTERNAL_ACCOUNT.1));
    }
    Gateway::start_in(folder, &settings)
}

/// Ends it, and gives back its folder.
fn stop(mut gateway: Gateway) -> tempfile::TempDir {
    std::mem::replace(&mut gateway.folder, tempfile::tempdir().unwrap())
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// A stream that has said its first words and stands still.
async fn open_stream(connection: &mut Connection, key: &str) -> hyper::body::Incoming {
    let body =
        r#"{"model":"live-nonthinking","stream":true,"max_tokens":64,"messages":[{"role":"user","content":"Count."}]}"#;
    let request = Request::post("/v1/chat/completions")
        .header("authorization", format!("Bearer {key}"))
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from_static(body.as_bytes())));
    let mut stream = connection.send(request.unwrap()).await.into_body();
    stream.frame().await.unwrap().unwrap();
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_issued_kept_and_renewed_under_open_streams_whatever_the_server_does() {
    let sim = Sim::start(TcpListener::bind("127.0.0.1:0").await.unwrap(), SimOptions::instant());
    let folder = tempfile::tempdir().unwrap();
    let mut acme = AcmeServer::new(folder.path());
    let trusted = acme.authority.clone();

    // With nobody there to ask, the gateway serves all the same, and refuses HTTPS.
    let gateway = start(folder, &acme, &sim);
    gateway.until_it_says("HTTPS is refused until there is one");
    assert!(gateway.log().contains("Connection refused"), "{}", gateway.log());
    let refused = Connection::secure(gateway.address, "proxy.test", Http::Two, &trusted).await;
    assert!(refused.is_none());
    assert_eq!(gateway.metric("worv_certificate_expires_timestamp_seconds"), 0);
    assert!(gateway.metric("worv_acme_failures_total") >= 1);

    // Once the server is there, the certificate comes by itself, with all four names.
    acme.start(false);
    gateway.until_it_says("a new certificate is in force");
    let mut first = None;
    for (name, http) in NAMES.iter().flat_map(|name| BOTH.map(|http| (name, http))) {
        let connection = Connection::secure(gateway.address, name, http, &trusted).await;
        first = connection.unwrap_or_else(|| panic!("{name} over {http:?}")).certificate;
    }
    assert!(gateway.metric("worv_certificate_expires_timestamp_seconds") > 1_700_000_000);
    let kept = gateway.folder.path().join("data/acme");
    assert_eq!(mode(&kept), 0o700);
    for file in ["account.json", "certificate.pem"] {
        assert_eq!(mode(&kept.join(file)), 0o600, "{file}");
    }

    // The next start takes the one that is kept, and goes on with it while the server is away.
    acme.stop();
    let gateway = start(stop(gateway), &acme, &sim);
    gateway.until_it_says("the certificate that there is stays in force");
    // Each answer stands still until it is let go on.
    let fault = Fault {
        after_tokens: 8,
        kind: FaultKind::Stall,
    };
    sim.knobs().turn(|knobs| knobs.fault = Some(fault));
    let (mut connections, mut streams) = (Vec::new(), Vec::new());
    for number in 0..STREAMS {
        let http = BOTH[number % 2];
        let connection = Connection::secure(gateway.address, "proxy.test", http, &trusted).await;
        let mut connection = connection.expect("the certificate that is kept");
        assert_eq!(connection.certificate, first);
        streams.push(open_stream(&mut connection, &gateway.key).await);
        connections.push(connection);
    }

    // It comes back and would have the certificate renewed: new connections get the new one, no stream ends.
    acme.start(true);
    gateway.until_it_says("a new certificate is in force");
    let renewed = Connection::secure(gateway.address, "proxy.test", Http::Two, &trusted).await;
    let mut renewed = renewed.expect("the new certificate");
    assert_ne!(renewed.certificate, first);
    assert_eq!(renewed.get("/health", &[]).await.status, StatusCode::OK);
    sim.knobs().turn(|knobs| knobs.fault = None);
    for stream in streams {
        let rest = stream.collect().await.unwrap().to_bytes();
        let text = String::from_utf8_lossy(&rest);
        assert!(text.ends_with("data: [DONE]\n\n"), "{text}");
    }

    // A server that has lost its accounts gets a new one.
    acme.stop();
    acme.forget();
    let account = fs::read(gateway.folder.path().join("data/acme/account.json")).unwrap();
    let folder = stop(gateway);
    fs::remove_file(folder.path().join("data/acme/certificate.pem")).unwrap();
    acme.start(false);
    let gateway = start(folder, &acme, &sim);
    gateway.until_it_says("a new certificate is in force");
    let new = fs::read(gateway.folder.path().join("data/acme/account.json")).unwrap();
    assert_ne!(account, new);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_bound_to_another_and_a_name_that_leads_to_somebody_else_is_told() {
    let sim = Sim::start(TcpListener::bind("127.0.0.1:0").await.unwrap(), SimOptions::instant());
    // For this server, the names lead to somebody else.
    let elsewhere = tempfile::tempdir().unwrap();
    let stranger = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let ready = serde_json::json!({"redirect_url": format!("http://{}", stranger.local_addr().unwrap())});
    fs::write(elsewhere.path().join("ready.json"), ready.to_string()).unwrap();
    let answers = Router::new().fallback(async || "somebody else's answer");
    tokio::spawn(axum::serve(stranger, answers).into_future());
    let mut acme = AcmeServer::new(elsewhere.path());
    acme.binds = true;
    acme.start(false);

    let gateway = start(tempfile::tempdir().unwrap(), &acme, &sim);
    gateway.until_it_says("proxy.test: the ACME server has not seen that it is ours");
    let log = gateway.log();
    let line = log.lines().find(|line| line.contains("has not seen")).unwrap();
    for words in [&acme.directory(), "next_attempt_in_seconds=1", "server.listen"] {
        assert!(line.contains(words), "{line}");
    }
    assert!(!gateway.folder.path().join("data/acme/certificate.pem").exists());
}
