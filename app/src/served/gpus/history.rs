//! How one GPU did over time: bins of equal length, a line for each figure, and the same numbers as a table.

use std::{fmt::Write as _, ops::Range};

use worv_api::GpuFigures;

use super::GpusView;

/// The coordinates that lines are drawn in; the style sheet stretches them to where they stand.
pub(super) const VIEW_BOX: &str = "0 0 1000 100";

/// How far back the charts go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Period {
    /// 15 minutes, in bins of 10 seconds.
    #[default]
    Minutes,
    /// A day.
    Day,
    /// A week.
    Week,
    /// 30 days.
    Month,
}

/// One figure, bin by bin.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line {
    /// Its mean in each bin; none where nothing is known.
    pub(super) values: Vec<Option<f64>>,
    /// What the top of the drawing stands for.
    pub(super) top: f64,
}

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

impl Period {
    /// All of them, the shortest first.
    pub const ALL: [Self; 4] = [Self::Minutes, Self::Day, Self::Week, Self::Month];

    /// The period of that name; the shortest for any other.
    pub fn named(name: &str) -> Self {
        let known = Self::ALL.into_iter().find(|period| period.name() == name);
        known.unwrap_or_default()
    }

    /// Its name in addresses; empty for the shortest.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Minutes => "",
            Self::Day => "24h",
            Self::Week => "7d",
            Self::Month => "30d",
        }
    }

    /// The period for people.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Minutes => "15 minutes",
            Self::Day => "24 hours",
            Self::Week => "7 days",
            Self::Month => "30 days",
        }
    }

    /// Its length in hours; none for the one that is shorter.
    pub fn hours(self) -> Option<u32> {
        match self {
            Self::Minutes => None,
            Self::Day => Some(24),
            Self::Week => Some(7 * 24),
            Self::Month => Some(30 * 24),
        }
    }

    /// After how many seconds there is something new.
    pub(super) fn renewal(self) -> &'static str {
        match self {
            Self::Minutes => "1",
            _ => "60",
        }
    }

    /// The length of a bin in milliseconds: at most 96 to 180 fit in.
    fn bin(self) -> i64 {
        const MINUTE: i64 = 60_000;
        match self {
            Self::Minutes => 10_000,
            Self::Day => 15 * MINUTE,
            Self::Week => 60 * MINUTE,
            Self::Month => 4 * 60 * MINUTE,
        }
    }

    /// The bins up to `now`, by their number since 1970.
    fn bins(self, now: i64) -> Range<i64> {
        let last = now.div_euclid(self.bin());
        let span = self.hours().map_or(15 * 60_000, |hours| i64::from(hours) * 3_600_000);
        last + 1 - span / self.bin()..last + 1
    }
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

impl Line {
    /// The latest value that is known.
    pub(super) fn latest(&self) -> Option<f64> {
        self.values.iter().rev().copied().flatten().next()
    }

    /// The line over its area, as the inside of an `<svg>` with [`VIEW_BOX`].
    pub(super) fn drawing(&self) -> String {
        let (mut line, mut area) = (String::new(), String::new());
        let mut piece: Vec<(f64, f64)> = Vec::new();
        let width = 1000.0 / to_f64(self.values.len().max(1));
        for (place, value) in self.values.iter().enumerate() {
            if let Some(value) = value {
                let y = 100.0 - (value / self.top).clamp(0.0, 1.0) * 100.0;
                piece.push(((to_f64(place) + 0.5) * width, y));
            } else {
                end(&mut piece, width, &mut line, &mut area);
            }
        }
        end(&mut piece, width, &mut line, &mut area);
        format!(r#"<path class="fill-1" d="{area}"/><path class="ink-1" d="{line}"/>"#)
    }

    /// The same with a top that no value passes.
    fn high_enough(self) -> Self {
        let highest = self.values.iter().copied().flatten().fold(1.0, f64::max);
        Self {
            top: self.top.max(highest),
            ..self
        }
    }
}

/// Draws a piece of a line, between two times of which nothing is known. One bin alone is as wide as it is.
fn end(piece: &mut Vec<(f64, f64)>, width: f64, line: &mut String, area: &mut String) {
    if let [(x, y)] = piece[..] {
        *piece = vec![(x - width / 2.0, y), (x + width / 2.0, y)];
    }
    let (Some(first), Some(last)) = (piece.first(), piece.last()) else {
        return;
    };
    let mut command = 'M';
    let mut path = String::new();
    for (x, y) in piece.iter() {
        // Writing to a string does not fail.
        let _ = write!(path, "{command}{x:.1} {y:.1}");
        command = 'L';
    }
    let _ = write!(area, "{path}L{:.1} 100L{:.1} 100Z", last.0, first.0);
    line.push_str(&path);
    piece.clear();
}

#[expect(clippy::cast_precision_loss, reason = "a few hundred bins")]
fn to_f64(number: usize) -> f64 {
    number as f64
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

    #[test]
    fn gaps_are_kept_and_values_stay_inside() {
        let line = Line {
            values: vec![Some(0.0), Some(50.0), None, Some(250.0)],
            top: 100.0,
        };
        insta::assert_snapshot!(line.drawing(), @r#"<path class="fill-1" d="M125.0 100.0L375.0 50.0L375.0 100L125.0 100ZM750.0 0.0L1000.0 0.0L1000.0 100L750.0 100Z"/><path class="ink-1" d="M125.0 100.0L375.0 50.0M750.0 0.0L1000.0 0.0"/>"#);
    }

    #[test]
    fn every_period_ends_now_and_has_a_name() {
        for period in Period::ALL {
            let bins = period.bins(1_000_000_000_000);
            assert!((90..=180).contains(&(bins.end - bins.start)), "{period:?}: {bins:?}");
            assert_eq!(Period::named(period.name()), period);
        }
        assert_eq!(Period::named("never"), Period::Minutes);
    }
}
