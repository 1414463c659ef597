//! `GET /api/events`: everything that changes, as it changes.

use std::{convert::Infallible, pin::pin, sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};
use bytes::{Bytes, BytesMut};
use futures::stream;
use http::{HeaderName, header};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep};

use worv_api::{ApiError, LiveEvent};
use worv_store::{SessionDigest, usage::RequestFilter};

use super::{
    Console,
    api::Refusal,
    live::{Watcher, frame},
    session::SignedIn,
    tail::{Batch, TailWatcher},
};
use crate::reports::{self, RequestQuestion};

/// How often an open stream makes sure that its session still holds.
const SESSION_CHECK: Duration = Duration::from_secs(15);

/// How long what changes is gathered before it is sent: what comes together costs the browser one frame, not one each.
const GATHERING: Duration = Duration::from_millis(600);

/// Rows that one event adds to a list, at most.
const ROWS: usize = 25;

/// Opens the stream: a snapshot first, then each change. It ends with the session and with the gateway. `?requests=1` asks for
/// the requests that end as well, those that the rest of the query lets through.
pub async fn stream(
    State(console): State<Arc<Console>>,
    SignedIn(service): SignedIn,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let tail = Asked::read(&console, &query.unwrap_or_default()).map_err(Refusal)?;
    let (snapshot, watcher) = console.live.watch();
    let mut check = interval_at(Instant::now() + SESSION_CHECK, SESSION_CHECK);
    check.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let open = Open {
        console,
        session: service.session_digest(),
        watcher,
        tail,
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
    Ok((headers, Body::from_stream(body)).into_response())
}

/// The requests that a list asks for.
struct Asked {
    watcher: TailWatcher,
    filter: RequestFilter,
    query: String,
}

struct Open {
    console: Arc<Console>,
    session: SessionDigest,
    watcher: Watcher,
    tail: Option<Asked>,
    check: Interval,
    first: Option<Bytes>,
}

impl Open {
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(snapshot) = self.first.take() {
            return Some(snapshot);
        }
        let mut gathered = BytesMut::new();
        let mut end = pin!(sleep(GATHERING));
        loop {
            tokio::select! {
                () = self.console.stopping.cancelled() => return None,
                frame = self.watcher.next(&self.console.live) => {
                    if gathered.is_empty() {
                        end.as_mut().reset(Instant::now() + GATHERING);
                    }
                    gathered.extend_from_slice(&frame?);
                }
                batch = ended(&mut self.tail) => {
                    // A pause is behind them already.
                    if let Some(frame) = self.rows(&batch).await {
                        gathered.extend_from_slice(&frame);
                        return Some(gathered.freeze());
                    }
                }
                () = &mut end, if !gathered.is_empty() => return Some(gathered.freeze()),
                _ = self.check.tick() => {
                    // Where the database does not answer, the stream goes on: it shows just that.
                    if matches!(self.console.session_holds(&self.session).await, Ok(false)) {
                        return None;
                    }
                }
            }
        }
    }

    /// The requests of a batch that the list asks for, as an event; none where there are none.
    async fn rows(&self, batch: &Batch) -> Option<Bytes> {
        let asked = self.tail.as_ref()?;
        let shown: Vec<_> = batch
            .iter()
            .filter(|request| asked.filter.matches(request))
            .take(ROWS)
            .collect();
        if shown.is_empty() {
            return None;
        }
        // Where the database does not answer, keys are named by their numbers.
        let keys = self.console.store.keys().await.unwrap_or_default();
        let names = keys.into_iter().map(|key| (key.id, key.name)).collect();
        let requests: Vec<_> = shown
            .into_iter()
            .map(|request| reports::summary(request, &names))
            .collect();
        let now = self.console.clock.now().0;
        Some(frame(&LiveEvent::Requests(app::request_rows(
            &requests,
            &asked.query,
            now,
        ))))
    }
}

impl Asked {
    /// What the query asks for; none where it does not ask for requests.
    fn read(console: &Console, query: &str) -> Result<Option<Self>, ApiError> {
        let pieces: Vec<_> = query.split('&').collect();
        if !pieces.contains(&"requests=1") {
            return Ok(None);
        }
        let rest: Vec<_> = pieces.into_iter().filter(|piece| *piece != "requests=1").collect();
        // The list's own address also says which request is open beside it.
        let filters = rest.iter().copied().filter(|piece| !piece.starts_with("request="));
        let question = RequestQuestion::read(&filters.collect::<Vec<_>>().join("&"))?;
        Ok(Some(Self {
            watcher: console.tail.watch(),
            filter: question.0.filter,
            query: rest.join("&"),
        }))
    }
}

/// The next batch; never where no list asks for one.
async fn ended(tail: &mut Option<Asked>) -> Batch {
    match tail {
        Some(asked) => asked.watcher.next().await,
        None => std::future::pending().await,
    }
}
