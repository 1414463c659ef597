//! What each GPU did in each minute, made of the readings of each second.

use std::collections::BTreeMap;

use worv_api::{Gpu, GpuReport};
use worv_store::GpuMinute;

/// A minute, in milliseconds.
const MINUTE: i64 = 60_000;

/// Collects readings into minutes.
#[derive(Debug, Default)]
pub struct MinuteMeter {
    minute: i64,
    gpus: BTreeMap<u32, Sums>,
}

/// The readings of one GPU so far.
#[derive(Clone, Debug, Default)]
struct Sums {
    uuid: String,
    last_read: i64,
    readings: u32,
    memory_used: u128,
    utilization: Mean,
    power: Mean,
    temperature: Option<u32>,
    /// The energy counter at the first and at the last reading; the first is the last of the minute before.
    energy: Option<(f64, f64)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Mean {
    sum: f64,
    count: u32,
}

impl MinuteMeter {
    /// Takes a report in. When it belongs to a later minute than those before it, the minute that is over comes out.
    pub fn take(&mut self, report: &GpuReport) -> Vec<GpuMinute> {
        let minute = report.sampled_at.div_euclid(MINUTE);
        let over = if minute > self.minute {
            self.finish(minute)
        } else {
            Vec::new()
        };
        for gpu in &report.gpus {
            // One that did not answer shows old figures, which have been counted.
            if gpu.sampled_at.div_euclid(MINUTE) < minute {
                continue;
            }
            let sums = self.gpus.entry(gpu.index).or_default();
            if sums.last_read < gpu.sampled_at {
                sums.take(gpu);
            }
        }
        over
    }

    /// The minute so far, and a new one in its place.
    fn finish(&mut self, next: i64) -> Vec<GpuMinute> {
        let minute = std::mem::replace(&mut self.minute, next);
        let mut over = Vec::new();
        for (index, sums) in &mut self.gpus {
            over.extend(sums.minute(minute, *index));
            // Energy is counted on from where this minute has left it, unless there is a gap.
            let energy = sums.energy.filter(|_| next == minute + 1 && sums.readings > 0);
            *sums = Sums {
                uuid: std::mem::take(&mut sums.uuid),
                last_read: sums.last_read,
                energy: energy.map(|(_, last)| (last, last)),
                ..Sums::default()
            };
        }
        over
    }
}

impl Sums {
    fn take(&mut self, gpu: &Gpu) {
        self.uuid.clone_from(&gpu.uuid);
        self.last_read = gpu.sampled_at;
        self.readings += 1;
        self.memory_used += u128::from(gpu.memory_used);
        self.utilization.take(gpu.utilization_percent.map(f64::from));
        self.power.take(gpu.power_watts);
        self.temperature = self.temperature.max(gpu.temperature_celsius);
        if let Some(joules) = gpu.energy_joules {
            // A counter that went back was reset with the driver.
            let first = self.energy.map_or(joules, |(first, _)| first).min(joules);
            self.energy = Some((first, joules));
        }
    }

    fn minute(&self, minute: i64, gpu: u32) -> Option<GpuMinute> {
        let memory_used = self.memory_used.checked_div(u128::from(self.readings))?;
        Some(GpuMinute {
            minute,
            gpu,
            uuid: self.uuid.clone(),
            readings: self.readings,
            memory_used: u64::try_from(memory_used).unwrap_or(u64::MAX),
            utilization: self.utilization.value(),
            temperature: self.temperature,
            power: self.power.value(),
            joules: self.energy.map(|(first, last)| last - first),
        })
    }
}

impl Mean {
    fn take(&mut self, value: Option<f64>) {
        if let Some(value) = value {
            self.sum += value;
            self.count += 1;
        }
    }

    fn value(self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / f64::from(self.count))
    }
}

#[cfg(test)]
mod tests {
    use worv_api::GpuSource;

    use super::*;

    fn report(second: i64, power: f64, joules: f64) -> GpuReport {
        let sampled_at = second * 1_000;
        let gpu = Gpu {
            index: 3,
            uuid: "GPU-3".to_owned(),
            sampled_at,
            memory_used: 100,
            utilization_percent: Some(50),
            temperature_celsius: Some(40 + u32::try_from(second % 60).unwrap_or(0)),
            power_watts: Some(power),
            energy_joules: Some(joules),
            ..Gpu::default()
        };
        GpuReport {
            source: GpuSource::Starting,
            sampled_at,
            gpus: vec![gpu],
        }
    }

    #[test]
    fn a_minute_comes_out_when_the_next_begins_and_no_joule_is_lost_between_two() {
        let mut meter = MinuteMeter::default();
        for second in 600..660 {
            let joules = f64::from(i32::try_from(second).unwrap()) * 300.0;
            let over = meter.take(&report(second, if second % 2 == 0 { 200.0 } else { 400.0 }, joules));
            assert!(over.is_empty());
        }
        let over = meter.take(&report(660, 300.0, 198_000.0));
        let expected = GpuMinute {
            minute: 10,
            gpu: 3,
            uuid: "GPU-3".to_owned(),
            readings: 60,
            memory_used: 100,
            utilization: Some(50.0),
            temperature: Some(99),
            power: Some(300.0),
            joules: Some(59.0 * 300.0),
        };
        assert_eq!(over, [expected]);
        let over = meter.take(&report(720, 300.0, 216_000.0));
        assert_eq!((over[0].minute, over[0].readings, over[0].joules), (11, 1, Some(300.0)));
    }

    #[test]
    fn gaps_resets_and_old_figures_are_not_counted() {
        let mut meter = MinuteMeter::default();
        meter.take(&report(600, 300.0, 5_000.0));
        meter.take(&report(601, 300.0, 10.0));
        let mut silent = report(602, 300.0, 20.0);
        silent.gpus[0].sampled_at = 601_000;
        meter.take(&silent);
        let over = meter.take(&report(1_200, 300.0, 90_000.0));
        assert_eq!((over[0].readings, over[0].joules), (2, Some(0.0)));
        let over = meter.take(&report(1_260, 300.0, 91_000.0));
        assert_eq!(
            (over[0].minute, over[0].joules),
            (20, Some(0.0)),
            "what passed in the gap is nobody's minute"
        );
    }
}
