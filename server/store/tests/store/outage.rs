//! A PostgreSQL server that goes away and comes back.

use std::{net::SocketAddr, time::Duration};

use tempfile::TempDir;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
    time::timeout,
};
use worv_core::{key::KeyId, usage::UsageSink};
use worv_store::{
    Store,
    usage::{Durability, RequestQuery, Writer},
};

use crate::{
    support::{TestDatabase, create_key},
    usage::record,
    writer::until,
};

/// Long enough for a contended machine; nothing here waits for it to pass.
const AMPLE: Duration = Duration::from_mins(1);

/// The way to a server, which can be cut.
struct Link {
    server: String,
    address: SocketAddr,
    forwarding: JoinHandle<()>,
}

impl Link {
    /// A way to the server of a database, and the database's URL by that way.
    async fn to(database: &TestDatabase) -> (Self, String) {
        let (before, after) = database.url.split_once('@').unwrap();
        let (server, name) = after.split_once('/').unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let link = Self {
            server: server.to_owned(),
            address,
            forwarding: tokio::spawn(forward(listener, server.to_owned())),
        };
        (link, format!("{before}@{address}/{name}"))
    }

    /// Closes every connection and takes no new ones.
    async fn cut(&mut self) {
        self.forwarding.abort();
        assert!((&mut self.forwarding).await.unwrap_err().is_cancelled());
    }

    async fn restore(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.forwarding = tokio::spawn(forward(listener, self.server.clone()));
    }
}

async fn forward(listener: TcpListener, server: String) {
    let mut connections = JoinSet::new();
    loop {
        let (mut client, _) = listener.accept().await.unwrap();
        let mut upstream = TcpStream::connect(&server).await.unwrap();
        connections.spawn(async move { copy_bidirectional(&mut client, &mut upstream).await });
    }
}

#[tokio::test]
async fn keys_that_changed_while_the_server_was_away_are_noticed_when_it_is_back() {
    let database = TestDatabase::postgres();
    let (mut link, url) = Link::to(&database).await;
    let cut_off = Store::open(&url, database.clock.clone()).await.unwrap();
    let mut changes = cut_off.changes().await.unwrap();
    changes.changed().await;

    link.cut().await;
    let key = create_key(&database.open().await, "made meanwhile").await;
    timeout(AMPLE, changes.changed())
        .await
        .expect("that the connection was lost was not noticed");
    assert!(cut_off.keys().await.unwrap_err().is_unavailable());
    // Given up by whoever waited, and asked again: nothing is forgotten.
    assert!(timeout(Duration::from_millis(300), changes.changed()).await.is_err());

    link.restore().await;
    timeout(AMPLE, changes.changed())
        .await
        .expect("the way back was not noticed");
    assert_eq!(cut_off.key_grants().await.unwrap()[0].1.id, key.id);

    create_key(&database.open().await, "made afterwards").await;
    timeout(AMPLE, changes.changed())
        .await
        .expect("the new connection does not listen");
}

#[tokio::test]
async fn usage_is_safe_while_the_server_is_away_and_written_when_it_is_back() {
    let database = TestDatabase::postgres();
    let (mut link, url) = Link::to(&database).await;
    let store = Store::open(&url, database.clock.clone()).await.unwrap();
    let home = TempDir::new().unwrap();
    let path = home.path().join("usage.journal");
    let writer = Writer::start_in(store.clone(), Durability::Strict, home.path()).unwrap();
    writer.record(record(KeyId(1), 0)).await;
    // A reader waits until it is written.
    assert_eq!(store.requests(&RequestQuery::latest(100)).await.unwrap().len(), 1);

    link.cut().await;
    for second in 1..=50 {
        timeout(AMPLE, writer.record(record(KeyId(1), second)))
            .await
            .expect("a response waits for the server");
    }
    until(|| writer.status().failing).await;

    link.restore().await;
    let direct = database.open().await;
    let recovered = until(|| !writer.status().failing);
    timeout(AMPLE, recovered).await.expect("the journal was not written");
    // Some may have come after those that failed first.
    writer.close().await;
    assert_eq!(direct.requests(&RequestQuery::latest(100)).await.unwrap().len(), 51);
    assert_eq!(std::fs::metadata(&path).unwrap().len(), 0);
}
