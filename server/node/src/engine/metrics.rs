//! The engine's own measurements, scraped from vLLM's `/metrics`.
//!
//! Counters and histograms say what happened since the engine started; what is shown is what happened lately, which is
//! the difference between two scrapes.

use std::sync::Arc;

use reqwest::Url;
use tokio::{
    sync::watch,
    time::{Instant, MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;
use worv_api::{EngineMetrics, EnginePoint};
use worv_core::Clock;

use self::{scrape::Scrape, window::Window};
use super::{EngineConfig, NAME};
use crate::{
    history::{self, History},
    http::{Neighbour, Trouble, join},
};

mod histogram;
mod scrape;
mod window;

/// Scrapes the engine until `cancel`, once an interval, and publishes its figures. Must be called inside a Tokio
/// runtime.
pub fn watch(config: EngineConfig, clock: Clock, cancel: CancellationToken) -> watch::Receiver<Arc<EngineMetrics>> {
    let (metrics, receiver) = watch::channel(Arc::default());
    tokio::spawn(async move { cancel.run_until_cancelled(run(config, clock, metrics)).await });
    receiver
}

/// Keeps the last 15 minutes of what [`watch()`] publishes. Must be called inside a Tokio runtime.
pub fn record(metrics: watch::Receiver<Arc<EngineMetrics>>, cancel: CancellationToken) -> History<EnginePoint> {
    history::follow(metrics, cancel, |metrics: &EngineMetrics| {
        let point = EnginePoint {
            at: metrics.sampled_at,
            figures: metrics.total,
        };
        (metrics.sampled_at, point)
    })
}

async fn run(config: EngineConfig, clock: Clock, metrics: watch::Sender<Arc<EngineMetrics>>) {
    let client = match Neighbour::new(NAME, config.timeout) {
        Ok(client) => client.with_api_key(config.api_key),
        Err(error) => return publish_trouble(&metrics, format!("The engine cannot be asked: {error}.")),
    };
    let url = join(&config.url, &["metrics"]);
    let mut window = Window::default();
    let mut ticks = interval(config.interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match scrape(&client, &url).await {
            Ok(scrape) => {
                let next = window.take(Instant::now(), clock.now(), scrape);
                metrics.send_replace(Arc::new(next));
            }
            Err(trouble) => publish_trouble(&metrics, trouble.words),
        }
    }
}

async fn scrape(client: &Neighbour, url: &Url) -> Result<Scrape, Trouble> {
    let text = client.text(url).await?;
    Scrape::read(&text).ok_or_else(|| Trouble {
        words: format!("The engine's answer to GET {} has no figures of vLLM.", url.path()),
        timed_out: false,
    })
}

/// Says why there are no new figures. The last ones stay, with their time.
fn publish_trouble(metrics: &watch::Sender<Arc<EngineMetrics>>, detail: String) {
    metrics.send_if_modified(|current| {
        let changed = current.detail != detail;
        if changed {
            let next = EngineMetrics {
                detail,
                ..EngineMetrics::clone(current)
            };
            *current = Arc::new(next);
        }
        changed
    });
}
