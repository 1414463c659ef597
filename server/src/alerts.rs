//! Telling a webhook what is wrong, and when it is well again.

use std::{collections::BTreeMap, time::Duration};

use tokio::time::{Instant, MissedTickBehavior, interval};
use worv_core::Clock;

use crate::{config, failure::Failure};
pub use sources::Sources;
pub use webhook::Webhook;

use book::{Alert, Book, Subject};

mod book;
mod conditions;
mod sources;
mod webhook;

/// How often it is looked whether all is well.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// How long to wait after the first failed attempt to tell somebody, and at most.
const PAUSES: [Duration; 2] = [Duration::from_secs(2), Duration::from_mins(5)];

/// What has not been told yet. Of each subject it is the latest: one that is well again before anybody could be told is
/// told once, as over.
struct Undelivered {
    alerts: BTreeMap<Subject, Alert>,
    /// When the next attempt is due, after one that failed.
    retry: Option<(Instant, Duration)>,
}

/// Looks after everything for as long as it is polled.
pub async fn watch(webhook: Webhook, rules: config::Alerts, mut sources: Sources, clock: Clock) {
    let mut book = Book::new(Duration::from_secs(rules.after_seconds));
    let mut undelivered = Undelivered {
        alerts: BTreeMap::new(),
        retry: None,
    };
    let mut beat = interval(LOOK_EVERY);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        beat.tick().await;
        let now = clock.now();
        let wrong = conditions::of(&sources.read().await, &rules, now);
        for alert in book.compare(wrong, now) {
            tracing::warn!(
                alert = alert.subject.name,
                over = alert.ended_at.is_some(),
                "{}",
                alert.summary
            );
            undelivered.alerts.insert(alert.subject, alert);
        }
        undelivered.deliver(&webhook).await;
    }
}

/// Posts an alert that says that alerts arrive.
pub async fn test(webhook: &Webhook, clock: &Clock) -> Result<String, Failure> {
    webhook.post(&[Alert::test(clock.now())]).await
}

impl Undelivered {
    async fn deliver(&mut self, webhook: &Webhook) {
        let waits = self.retry.is_some_and(|(at, _)| Instant::now() < at);
        if self.alerts.is_empty() || waits {
            return;
        }
        let alerts: Vec<_> = self.alerts.values().cloned().collect();
        match webhook.post(&alerts).await {
            Ok(_) => {
                self.alerts.clear();
                self.retry = None;
            }
            Err(error) => {
                let [first, last] = PAUSES;
                let pause = self.retry.map_or(first, |(_, pause)| (pause * 2).min(last));
                if self.retry.is_none() {
                    tracing::error!(%error, "alerts cannot be delivered; this goes on trying");
                }
                self.retry = Some((Instant::now() + pause, pause));
            }
        }
    }
}
