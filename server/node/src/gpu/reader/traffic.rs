//! What passes over a GPU's links, through NVML's performance monitoring (GPM, from Hopper on).
//!
//! The older calls for PCIe throughput block for 20 ms each, and those for NVLink know single links only.

use nvml_wrapper::{Device, GpmSample, enums::gpm::GpmMetricId, gpm::gpm_metrics_get};
use worv_api::Traffic;

const METRICS: [GpmMetricId; 4] = [
    GpmMetricId::PcieRxPerSec,
    GpmMetricId::PcieTxPerSec,
    GpmMetricId::NvlinkTotalRxPerSec,
    GpmMetricId::NvlinkTotalTxPerSec,
];

/// What passes over both kinds of links; none where it is not measured.
#[derive(Clone, Copy, Default)]
pub(super) struct LinkTraffic {
    pub(super) pcie: Option<Traffic>,
    pub(super) nvlink: Option<Traffic>,
}

/// Measures from one reading to the next.
#[derive(Default)]
pub(super) struct TrafficMeter<'nvml> {
    /// None before the GPU was first asked.
    supported: Option<bool>,
    previous: Option<GpmSample<'nvml>>,
}

impl<'nvml> TrafficMeter<'nvml> {
    /// The traffic since the last reading. Nothing where the GPU or the rights of this process do not allow it: by
    /// default the driver shows these figures to administrators only.
    pub(super) fn measure(&mut self, device: &Device<'nvml>) -> LinkTraffic {
        let supported = *self
            .supported
            .get_or_insert_with(|| device.gpm_support().unwrap_or(false));
        if !supported {
            return LinkTraffic::default();
        }
        let current = device.gpm_sample().ok();
        let traffic = self
            .previous
            .as_ref()
            .zip(current.as_ref())
            .and_then(|(from, to)| between(device, from, to));
        self.previous = current;
        traffic.unwrap_or_default()
    }
}

fn between<'nvml>(device: &Device<'nvml>, from: &GpmSample<'nvml>, to: &GpmSample<'nvml>) -> Option<LinkTraffic> {
    let metrics = gpm_metrics_get(device.nvml(), from, to, &METRICS).ok()?;
    let mut rates = metrics
        .into_iter()
        .map(|metric| metric.ok().map(|metric| bytes(metric.value)));
    let mut pair = || {
        let (received, sent) = (rates.next()??, rates.next()??);
        Some(Traffic { received, sent })
    };
    Some(LinkTraffic {
        pcie: pair(),
        nvlink: pair(),
    })
}

/// Bytes of MiB, which is what GPM counts in.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float's conversion saturates, and a rate is never negative"
)]
fn bytes(mebibytes: f64) -> u64 {
    (mebibytes * 1_048_576.0) as u64
}
