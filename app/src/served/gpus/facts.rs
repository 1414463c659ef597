//! What there is to say about one GPU, in words.

use worv_api::{Gpu, ThrottleReason, Traffic};

use super::card::figure;
use crate::{components::Tone, format};

/// A name and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fact {
    pub(super) name: &'static str,
    pub(super) text: String,
    /// Where it is something to look at.
    pub(super) tone: Option<Tone>,
}

impl Fact {
    fn new(name: &'static str, text: impl Into<String>) -> Self {
        Self {
            name,
            text: text.into(),
            tone: None,
        }
    }

    fn toned(self, tone: Option<Tone>) -> Self {
        Self { tone, ..self }
    }
}

/// Clocks, and what holds them back.
pub(super) fn clocks(gpu: &Gpu) -> Vec<Fact> {
    let reasons: Vec<_> = gpu.throttle.iter().map(|reason| throttle(*reason)).collect();
    let serious = gpu
        .throttle
        .iter()
        .any(|reason| !matches!(reason, ThrottleReason::PowerCap | ThrottleReason::ClockSetting));
    let held = if reasons.is_empty() {
        "nothing".to_owned()
    } else {
        reasons.join(", ")
    };
    vec![
        Fact::new("Multiprocessors", figure(gpu.sm_clock_mhz, "MHz")),
        Fact::new("Memory", figure(gpu.memory_clock_mhz, "MHz")),
        Fact::new("Held back by", held).toned(serious.then_some(Tone::Warn)),
        Fact::new("Energy since the driver was loaded", energy(gpu.energy_joules)),
    ]
}

/// Memory, and how sound it is.
pub(super) fn memory(gpu: &Gpu) -> Vec<Fact> {
    let mut facts = vec![
        Fact::new(
            "Kept by the driver",
            gpu.memory_reserved.map_or_else(unknown, gibibytes),
        ),
        Fact::new(
            "Read or written",
            figure(gpu.memory_utilization_percent, "% of the time"),
        ),
        Fact::new(
            "Temperature of the memory",
            figure(gpu.memory_temperature_celsius, "°C"),
        ),
    ];
    if let Some(ecc) = gpu.ecc {
        facts.push(Fact::new("Errors corrected", format::thousands(ecc.corrected)));
        let tone = (ecc.uncorrected > 0).then_some(Tone::Bad);
        facts.push(Fact::new("Errors not corrected", format::thousands(ecc.uncorrected)).toned(tone));
    }
    if let Some(remaps) = gpu.row_remaps {
        let (state, tone) = match (remaps.failed, remaps.pending) {
            (true, _) => (", and one failed", Some(Tone::Bad)),
            (false, true) => (", and one waits for a reset", Some(Tone::Warn)),
            (false, false) => ("", None),
        };
        let replaced = remaps.correctable + remaps.uncorrectable;
        facts.push(Fact::new("Rows replaced", format!("{replaced}{state}")).toned(tone));
    }
    facts
}

/// The links to the host and to the other GPUs.
pub(super) fn links(gpu: &Gpu) -> Vec<Fact> {
    let mut facts = Vec::new();
    if let Some(pcie) = gpu.pcie {
        let text = format!("generation {}, {} lanes", pcie.generation, pcie.width);
        let best = pcie.generation >= pcie.generation_max && pcie.width >= pcie.width_max;
        let text = if best {
            text
        } else {
            format!(
                "{text} (can do generation {}, {} lanes)",
                pcie.generation_max, pcie.width_max
            )
        };
        facts.push(Fact::new("PCIe", text));
        facts.extend(pcie.traffic.map(|passes| Fact::new("PCIe traffic", traffic(passes))));
        facts.extend(
            pcie.replays
                .map(|replays| Fact::new("PCIe packets sent again", replays.to_string())),
        );
    }
    if let Some(links) = gpu.nvlink {
        let tone = (links.active < links.total).then_some(Tone::Warn);
        facts.push(Fact::new("NVLink", format!("{} of {} links up", links.active, links.total)).toned(tone));
        facts.extend(links.traffic.map(|passes| Fact::new("NVLink traffic", traffic(passes))));
    }
    facts
}

fn throttle(reason: ThrottleReason) -> &'static str {
    match reason {
        ThrottleReason::PowerCap => "the power limit",
        ThrottleReason::Thermal => "heat",
        ThrottleReason::PowerBrake => "the power supply",
        ThrottleReason::Hardware => "the hardware",
        ThrottleReason::SyncBoost => "a slower GPU of its group",
        ThrottleReason::ClockSetting => "clocks that somebody has set",
    }
}

fn energy(joules: Option<f64>) -> String {
    joules.map_or_else(unknown, |joules| format!("{:.1} kWh", joules / 3.6e6))
}

#[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
fn traffic(traffic: Traffic) -> String {
    let gigabytes = |bytes: u64| bytes as f64 / 1e9;
    format!(
        "{:.1} GB/s in, {:.1} GB/s out",
        gigabytes(traffic.received),
        gigabytes(traffic.sent)
    )
}

fn gibibytes(bytes: u64) -> String {
    format!("{} GiB", format::gibibytes(bytes))
}

fn unknown() -> String {
    "–".to_owned()
}

#[cfg(test)]
mod tests {
    use worv_api::{PcieLink, RowRemaps};

    use super::*;

    #[test]
    fn what_is_wrong_has_its_tone() {
        let gpu = Gpu {
            throttle: vec![ThrottleReason::PowerCap, ThrottleReason::Thermal],
            row_remaps: Some(RowRemaps {
                correctable: 2,
                pending: true,
                ..RowRemaps::default()
            }),
            ..Gpu::default()
        };
        assert_eq!(
            clocks(&gpu)[2],
            Fact::new("Held back by", "the power limit, heat").toned(Some(Tone::Warn))
        );
        assert_eq!(
            memory(&gpu)[3],
            Fact::new("Rows replaced", "2, and one waits for a reset").toned(Some(Tone::Warn))
        );
    }

    #[test]
    fn a_link_below_its_best_says_what_it_could_do() {
        let gpu = Gpu {
            pcie: Some(PcieLink {
                generation: 4,
                generation_max: 5,
                width: 16,
                width_max: 16,
                ..PcieLink::default()
            }),
            ..Gpu::default()
        };
        assert_eq!(
            links(&gpu),
            [Fact::new(
                "PCIe",
                "generation 4, 16 lanes (can do generation 5, 16 lanes)"
            )]
        );
    }
}
