//! The clocks of one GPU, and what it draws.

use worv_api::{Gpu, ThrottleReason};

use super::{super::card::figure, Fact, unknown};
use crate::components::Tone;

/// Clocks, and what holds them back.
pub(in crate::served::gpus) fn clocks(gpu: &Gpu) -> Vec<Fact> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heat_is_said_in_its_tone() {
        let gpu = Gpu {
            throttle: vec![ThrottleReason::PowerCap, ThrottleReason::Thermal],
            ..Gpu::default()
        };
        assert_eq!(
            clocks(&gpu)[2],
            Fact::new("Held back by", "the power limit, heat").toned(Some(Tone::Warn))
        );
    }
}
