//! The memory of one GPU.

use worv_api::Gpu;

use super::{super::card::figure, Fact, unknown};
use crate::{components::Tone, format};

/// Memory, and how sound it is.
pub(in crate::served::gpus) fn memory(gpu: &Gpu) -> Vec<Fact> {
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

fn gibibytes(bytes: u64) -> String {
    format!("{} GiB", format::gibibytes(bytes))
}

#[cfg(test)]
mod tests {
    use worv_api::RowRemaps;

    use super::*;

    #[test]
    fn rows_that_wait_for_a_reset_are_said_in_their_tone() {
        let gpu = Gpu {
            row_remaps: Some(RowRemaps {
                correctable: 2,
                pending: true,
                ..RowRemaps::default()
            }),
            ..Gpu::default()
        };
        assert_eq!(
            memory(&gpu)[3],
            Fact::new("Rows replaced", "2, and one waits for a reset").toned(Some(Tone::Warn))
        );
    }
}
