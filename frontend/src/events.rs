//! The live event stream: opened, watched and opened again.

use std::time::Duration;

use app::{
    api::{Api, LiveEvent},
    backoff,
    live::{Connection, LiveFeed},
};
use futures::{
    StreamExt,
    channel::mpsc,
    future::{Either, select},
    stream::select_all,
};
use gloo_net::eventsource::futures::EventSource;
use gloo_timers::future::{IntervalStream, sleep};
use leptos::{prelude::*, task::spawn_local};

/// An event is due every second. A browser that has lost the server says nothing, so silence is how a break is noticed: it is
/// listened for so often, in milliseconds, and one timer for all events costs less than one for each.
const LISTENING: u32 = 2000;

/// So many times in a row nothing may have come.
const LONGEST_SILENCE: u32 = 2;

/// Attempts that may fail before the page calls itself offline.
const FAILURES_UNTIL_OFFLINE: u32 = 3;

/// Keeps the feed up to date for as long as the page lives, which is from that `build` of the server.
pub(crate) fn follow(feed: LiveFeed, api: Api, build: String) {
    let (asked, mut asking) = mpsc::unbounded();
    Effect::new(move |before: Option<Option<String>>| {
        let tail = feed.tail.get();
        if before.unwrap_or_default() != tail {
            // The other end lives as long as the page.
            drop(asked.unbounded_send(()));
        }
        tail
    });
    spawn_local(async move {
        let mut failures = 0;
        let mut last_live = js_sys::Date::now();
        loop {
            match receive(feed, &mut asking).await {
                End::Other => continue,
                End::Broken => {
                    failures = 0;
                    last_live = js_sys::Date::now();
                }
                End::Silent => {}
            }
            failures += 1;
            wait(feed, failures, last_live).await;
            // A stream that ends does not say why. This answer does, and leads to the sign-in page if that is the cure.
            if let Ok(session) = api.session().await
                && session.build != build
            {
                feed.outdated.set(true);
            }
        }
    });
}

/// Why a stream was left.
enum End {
    /// It brought nothing.
    Silent,
    /// It broke after it had brought something.
    Broken,
    /// Another one is wanted.
    Other,
}

/// Passes events on until the stream ends or falls silent, or is to bring something else.
async fn receive(feed: LiveFeed, asking: &mut mpsc::UnboundedReceiver<()>) -> End {
    let mut end = End::Silent;
    let tail = feed.tail.get_untracked();
    let brings_requests = tail.is_some();
    let address = tail.map_or_else(
        || "/api/events".to_owned(),
        |query| format!("/api/events?requests=1&{query}"),
    );
    let Ok(mut source) = EventSource::new(&address) else {
        return end;
    };
    let Ok(subscriptions) = LiveEvent::NAMES
        .iter()
        .map(|name| source.subscribe(*name))
        .collect::<Result<Vec<_>, _>>()
    else {
        return end;
    };
    let mut messages = select_all(subscriptions);
    let mut listening = IntervalStream::new(LISTENING);
    let mut silence = 0;
    loop {
        let message = match select(asking.next(), select(messages.next(), listening.next())).await {
            Either::Left(_) => return End::Other,
            Either::Right((Either::Left((Some(Ok((_, message))), _)), _)) => message,
            Either::Right((Either::Right(_), _)) if silence < LONGEST_SILENCE => {
                silence += 1;
                continue;
            }
            Either::Right(_) => return end,
        };
        silence = 0;
        let Some(event) = message
            .data()
            .as_string()
            .and_then(|data| serde_json::from_str(&data).ok())
        else {
            // Another version of the server: its snapshot may still be readable after a reload of the page.
            return end;
        };
        feed.apply(event);
        if matches!(end, End::Silent) && brings_requests {
            feed.tail_opened.update(|count| *count += 1);
        }
        if feed.connection.get_untracked() != Connection::Live {
            feed.connection.set(Connection::Live);
        }
        end = End::Broken;
    }
}

/// Waits before the next attempt and counts the seconds down where everyone can see them.
async fn wait(feed: LiveFeed, failures: u32, last_live: f64) {
    let delay = backoff::delay(failures, js_sys::Math::random());
    for retry_in in (0..=delay).rev() {
        feed.connection.set(if failures > FAILURES_UNTIL_OFFLINE {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "milliseconds since 1970 are whole and far below 2^53"
            )]
            let since = last_live as i64;
            Connection::Offline { since }
        } else {
            Connection::Reconnecting { retry_in }
        });
        if retry_in > 0 {
            sleep(Duration::from_secs(1)).await;
        }
    }
}
