//! How one GPU did over time: bins of equal length, and a line for each figure.

use worv_api::GpuFigures;

pub(super) use self::line::{Line, VIEW_BOX};
pub use self::period::Period;
use super::GpusView;

mod line;
mod period;

/// The figures of one GPU.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Course {
    /// When each bin begins, in Unix milliseconds.
    pub(super) starts: Vec<i64>,
    /// In GiB.
    pub(super) memory: Line,
    /// In percent.
    pub(super) utilization: Line,
    /// In degrees Celsius.
    pub(super) temperature: Line,
    /// In watts.
    pub(super) power: Line,
}

impl Course {
    /// The course of the GPU of that index.
    pub(super) fn take(index: u32, view: &GpusView) -> Self {
        let bin = view.period.bin();
        let bins = view.period.bins(view.now);
        let line = |top: f64, value: fn(&GpuFigures) -> Option<f64>| {
            let mut sums = vec![(0.0, 0_u32); usize::try_from(bins.end - bins.start).unwrap_or_default()];
            for point in &view.history {
                let place = usize::try_from(point.at.div_euclid(bin) - bins.start).ok();
                let figures = point.gpus.iter().find(|figures| figures.index == index);
                if let (Some(sum), Some(value)) = (place.and_then(|place| sums.get_mut(place)), figures.and_then(value))
                {
                    sum.0 += value;
                    sum.1 += 1;
                }
            }
            let mean = |(sum, count): (f64, u32)| (count > 0).then(|| sum / f64::from(count));
            Line {
                values: sums.into_iter().map(mean).collect(),
                top,
            }
        };
        let gpu = view.report.gpus.iter().find(|gpu| gpu.index == index);
        let memory = gpu.map_or(0.0, |gpu| gibibytes(gpu.memory_total));
        let power = gpu.and_then(|gpu| gpu.power_limit_watts).unwrap_or_default();
        Self {
            starts: bins.clone().map(|number| number * bin).collect(),
            memory: line(memory, |gpu| Some(gibibytes(gpu.memory_used))).high_enough(),
            utilization: line(100.0, |gpu| gpu.utilization_percent.map(f64::from)),
            temperature: line(100.0, |gpu| gpu.temperature_celsius.map(f64::from)).high_enough(),
            power: line(power, |gpu| gpu.power_watts).high_enough(),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "memory sizes are far below 2^53 bytes")]
fn gibibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1_u32 << 30)
}

#[cfg(test)]
mod tests {
    use worv_api::{GpuPoint, GpuReport};

    use super::*;

    fn view(points: &[(i64, u32)]) -> GpusView {
        let point = |(at, percent): &(i64, u32)| GpuPoint {
            at: *at,
            gpus: vec![GpuFigures {
                index: 3,
                utilization_percent: Some(*percent),
                ..GpuFigures::default()
            }],
        };
        GpusView {
            report: GpuReport::starting(),
            chosen: None,
            period: Period::Minutes,
            history: points.iter().map(point).collect(),
            now: 899_999,
        }
    }

    #[test]
    fn bins_hold_the_means_of_their_time() {
        let course = Course::take(3, &view(&[(0, 10), (9_999, 20), (890_000, 60)]));
        assert_eq!(course.starts.len(), 90);
        assert_eq!((course.starts[0], course.starts[89]), (0, 890_000));
        assert_eq!(course.utilization.values[0], Some(15.0));
        assert_eq!(course.utilization.values[1], None);
        assert_eq!(course.utilization.latest(), Some(60.0));
        assert_eq!(Course::take(4, &view(&[(0, 10)])).utilization.latest(), None);
    }
}
