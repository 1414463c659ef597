//! The GPUs of another machine, through NVIDIA's `dcgm-exporter` there.
//!
//! Names and units: `etc/default-counters.csv` of the exporter. It collects every 30 seconds unless it is told
//! otherwise, so what is read each second changes as seldom as that.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use reqwest::Url;
use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;
use worv_api::{Gpu, GpuReport, GpuSource};
use worv_core::{Clock, UnixMillis};

use self::fields::Fields;
use super::xid;
use crate::http::{Neighbour, Trouble};

mod fields;

/// How the exporter is called in a sentence.
const NAME: &str = "dcgm-exporter";

/// Where and how often the exporter is asked.
#[derive(Clone, Debug)]
pub struct ExporterConfig {
    /// The address of its figures, such as `http://gpu-machine:9400/metrics`.
    pub url: Url,
    /// The time from one scrape to the next; not zero.
    pub interval: Duration,
    /// How long one scrape may take.
    pub timeout: Duration,
}

/// Watches the GPUs that an exporter reports until `cancel`. Must be called inside a Tokio runtime.
pub fn watch(config: ExporterConfig, clock: Clock, cancel: CancellationToken) -> watch::Receiver<Arc<GpuReport>> {
    let (reports, receiver) = watch::channel(Arc::new(GpuReport::starting()));
    tokio::spawn(async move { cancel.run_until_cancelled(run(config, clock, reports)).await });
    receiver
}

async fn run(config: ExporterConfig, clock: Clock, reports: watch::Sender<Arc<GpuReport>>) {
    let exporter = match Neighbour::new(NAME, config.timeout) {
        Ok(exporter) => exporter,
        Err(error) => return publish_trouble(&reports, format!("{NAME} cannot be asked: {error}.")),
    };
    let mut ticks = interval(config.interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match scrape(&exporter, &config.url).await {
            Ok(read) => {
                let gpus = successors(&reports.borrow().gpus, read, clock.now());
                reports.send_replace(Arc::new(GpuReport {
                    source: GpuSource::DcgmExporter {
                        url: config.url.to_string(),
                    },
                    sampled_at: clock.now().0,
                    gpus,
                }));
            }
            Err(trouble) => publish_trouble(&reports, trouble.words),
        }
    }
}

async fn scrape(exporter: &Neighbour, url: &Url) -> Result<BTreeMap<u32, Fields>, Trouble> {
    let fields = Fields::read(&exporter.text(url).await?);
    if fields.is_empty() {
        return Err(Trouble {
            words: format!("{NAME}'s answer to GET {} has no figures of a GPU.", url.path()),
            timed_out: false,
        });
    }
    Ok(fields)
}

/// The GPUs that were read, and those that were read before and are reported no more.
fn successors(known: &[Gpu], read: BTreeMap<u32, Fields>, now: UnixMillis) -> Vec<Gpu> {
    let mut gpus: BTreeMap<u32, Gpu> = known.iter().map(|gpu| (gpu.index, gpu.clone())).collect();
    for gpu in gpus.values_mut() {
        gpu.fault = Some(format!("{NAME} no longer reports this GPU."));
    }
    for (index, fields) in read {
        let mut xids = gpus.remove(&index).map(|gpu| gpu.xids).unwrap_or_default();
        // The exporter shows the last error for ever and not its time; it is an event when it is another one.
        let last = fields
            .xid()
            .filter(|&last| xids.last().is_none_or(|event| event.xid != last));
        xid::remember(&mut xids, last.map(|last| xid::event(last, now)));
        let gpu = Gpu {
            xids,
            ..fields.into_gpu(index, now)
        };
        gpus.insert(index, gpu);
    }
    gpus.into_values().collect()
}

/// Says why there are no new figures. The last ones stay, with their time.
fn publish_trouble(reports: &watch::Sender<Arc<GpuReport>>, reason: String) {
    let source = GpuSource::Failing { reason };
    reports.send_if_modified(|current| {
        let changed = current.source != source;
        if changed {
            let next = GpuReport {
                source,
                ..GpuReport::clone(current)
            };
            *current = Arc::new(next);
        }
        changed
    });
}

impl ExporterConfig {
    /// Asks the exporter at `url` once a second and gives it two seconds to answer.
    pub fn new(url: Url) -> Self {
        Self {
            url,
            interval: Duration::from_secs(1),
            timeout: Duration::from_secs(2),
        }
    }
}
