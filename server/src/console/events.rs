//! `GET /api/events`: everything that changes, as it changes.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::stream;
use http::{HeaderName, header};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use worv_store::SessionDigest;

use super::{Console, live::Watcher, session::SignedIn};

/// How often an open stream makes sure that its session still holds.
const SESSION_CHECK: Duration = Duration::from_secs(15);

/// Opens the stream: a snapshot first, then each change. It ends with the session and with the gateway.
pub async fn stream(State(console): State<Arc<Console>>, SignedIn(service): SignedIn) -> Response {
    let (snapshot, watcher) = console.live.watch();
    let mut check = interval_at(Instant::now() + SESSION_CHECK, SESSION_CHECK);
    check.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let open = Open {
        console,
        session: service.session_digest(),
        watcher,
        check,
        first: Some(snapshot),
    };
    let body = stream::unfold(open, |mut open| async move {
        let frame = open.next().await?;
        Some((Ok::<_, Infallible>(frame), open))
    });
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        // Tells nginx in front not to collect the stream.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    (headers, Body::from_stream(body)).into_response()
}

struct Open {
    console: Arc<Console>,
    session: SessionDigest,
    watcher: Watcher,
    check: Interval,
    first: Option<Bytes>,
}

impl Open {
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(snapshot) = self.first.take() {
            return Some(snapshot);
        }
        loop {
            tokio::select! {
                () = self.console.stopping.cancelled() => return None,
                frame = self.watcher.next(&self.console.live) => return frame,
                _ = self.check.tick() => {
                    // Where the database does not answer, the stream goes on: it shows just that.
                    if matches!(self.console.session_holds(&self.session).await, Ok(false)) {
                        return None;
                    }
                }
            }
        }
    }
}
