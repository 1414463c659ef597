//! Where things are in a chart.

use std::ops::Range;

/// The size of a chart in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    /// From the left to the right.
    pub(crate) width: u32,
    /// From the top to the bottom.
    pub(crate) height: u32,
}

/// The plot inside a chart, in CSS pixels, and the time it spans: what is drawn over a chart finds its place with it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Geometry {
    /// From the left end to the right end of the plot.
    pub(crate) x: Range<f64>,
    /// From the upper end to the lower end of the plot.
    pub(crate) y: Range<f64>,
    /// From the left end to the right end, in Unix milliseconds.
    pub(crate) time: Range<i64>,
}

impl Geometry {
    /// The space above the plot.
    pub(crate) const TOP: u32 = 8;
    /// The space at the right of the plot.
    pub(crate) const RIGHT: u32 = 8;
    /// The space for the labels of the values, at the left.
    pub(crate) const VALUES: u32 = 36;
    /// The space for the labels of the times, beneath.
    pub(crate) const TIMES: u32 = 22;

    /// The geometry of a chart of this size.
    pub(crate) fn new(size: Size, time: Range<i64>) -> Self {
        Self {
            x: f64::from(Self::VALUES)..f64::from(size.width.saturating_sub(Self::RIGHT)),
            y: f64::from(Self::TOP)..f64::from(size.height.saturating_sub(Self::TIMES)),
            time,
        }
    }

    /// Where a moment is, from the left of the chart.
    #[expect(clippy::cast_precision_loss, reason = "spans of milliseconds are far below 2^53")]
    pub(crate) fn x_at(&self, at: i64) -> f64 {
        let share = (at - self.time.start) as f64 / (self.time.end - self.time.start) as f64;
        self.x.start + share * (self.x.end - self.x.start)
    }

    /// The moment at a place, kept within the plot.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "spans of milliseconds are far below 2^53"
    )]
    pub(crate) fn time_at(&self, x: f64) -> i64 {
        let share = (x - self.x.start) / (self.x.end - self.x.start);
        let at = self.time.start + (share * (self.time.end - self.time.start) as f64).round() as i64;
        at.clamp(self.time.start, self.time.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_moments_are_inverse() {
        let geometry = Geometry::new(
            Size {
                width: 544,
                height: 160,
            },
            1000..2000,
        );
        assert_eq!(geometry.x, 36.0..536.0);
        assert_eq!(geometry.y, 8.0..138.0);
        assert!((geometry.x_at(1500) - 286.0).abs() < 1e-9);
        assert_eq!(geometry.time_at(286.0), 1500);
        assert_eq!(geometry.time_at(-5.0), 1000);
        assert_eq!(geometry.time_at(9999.0), 2000);
    }
}
