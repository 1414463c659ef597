//! All GPUs together, in one line.

use worv_api::GpuOverview;

use crate::format;

/// Memory, power and the highest temperature of all GPUs together; empty if there are none.
pub(super) fn totals(report: &GpuOverview) -> String {
    let gpus = &report.gpus;
    if gpus.is_empty() {
        return String::new();
    }
    let used = gpus.iter().map(|gpu| gpu.memory_used).sum();
    let total = gpus.iter().map(|gpu| gpu.memory_total).sum();
    let mut facts = vec![format!(
        "{} of {}\u{a0}GiB used ({}\u{a0}%)",
        format::gibibytes(used),
        format::gibibytes(total),
        format::percent(used, total)
    )];
    if gpus.iter().any(|gpu| gpu.power_watts.is_some()) {
        let watts: f64 = gpus.iter().filter_map(|gpu| gpu.power_watts).sum();
        facts.push(format!("{}\u{a0}kW", format::decimal(watts / 1000.0)));
    }
    facts.extend(
        gpus.iter()
            .filter_map(|gpu| gpu.temperature_celsius)
            .max()
            .map(|celsius| format!("hottest {celsius}\u{a0}°C")),
    );
    facts.join(" · ")
}

#[cfg(test)]
mod tests {
    use worv_api::{GpuSource, GpuSummary};

    use super::*;

    #[test]
    fn totals_leave_out_what_is_not_known() {
        let gpu = |watts, celsius| GpuSummary {
            memory_used: 1 << 30,
            memory_total: 4 << 30,
            power_watts: watts,
            temperature_celsius: celsius,
            ..GpuSummary::default()
        };
        let report = |gpus| GpuOverview {
            source: GpuSource::Starting,
            sampled_at: 0,
            gpus,
        };
        assert_eq!(
            totals(&report(vec![
                gpu(Some(600.0), Some(51)),
                gpu(Some(740.0), Some(63)),
                gpu(None, None)
            ])),
            "3.0 of 12.0\u{a0}GiB used (25\u{a0}%) · 1.3\u{a0}kW · hottest 63\u{a0}°C"
        );
        assert_eq!(
            totals(&report(vec![gpu(None, None)])),
            "1.0 of 4.0\u{a0}GiB used (25\u{a0}%)"
        );
        assert_eq!(totals(&report(vec![])), "");
    }
}
