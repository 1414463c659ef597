//! A histogram with fixed bounds.

/// Bounds for a number of tokens.
pub(in super::super) const TOKENS: [f64; 11] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0];

/// Bounds for the time to the first token, in seconds.
pub(in super::super) const TIME_TO_FIRST_TOKEN: [f64; 22] = [
    0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 20.0, 40.0, 80.0,
    160.0, 640.0, 2560.0,
];

/// Bounds for the time between tokens, in seconds.
pub(in super::super) const LATENCY: [f64; 19] = [
    0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 20.0, 40.0, 80.0,
];

/// Bounds for the phases of a request, in seconds.
pub(in super::super) const REQUEST_TIME: [f64; 21] = [
    0.3, 0.5, 0.8, 1.0, 1.5, 2.0, 2.5, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0, 60.0, 120.0, 240.0, 480.0, 960.0,
    1920.0, 7680.0,
];

/// Counts of observations between `N` bounds, and above the last one.
#[derive(Clone, Debug)]
pub(in super::super) struct Histogram<const N: usize> {
    counts: [u64; N],
    above: u64,
    sum: f64,
}

impl<const N: usize> Default for Histogram<N> {
    fn default() -> Self {
        Self {
            counts: [0; N],
            above: 0,
            sum: 0.0,
        }
    }
}

impl<const N: usize> Histogram<N> {
    /// Counts one observation. The bounds must be the same for every call.
    pub(in super::super) fn observe(&mut self, bounds: &[f64; N], value: f64) {
        match bounds.iter().position(|&bound| value <= bound) {
            Some(place) => self.counts[place] += 1,
            None => self.above += 1,
        }
        self.sum += value;
    }

    /// Every bound with the observations up to it, then `+Inf` with all of them.
    pub(super) fn cumulative(&self, bounds: &[f64; N]) -> Vec<(String, u64)> {
        let mut total = 0;
        let counted = bounds.iter().zip(self.counts).map(|(bound, count)| {
            total += count;
            (format!("{bound:?}"), total)
        });
        let mut buckets: Vec<_> = counted.collect();
        buckets.push(("+Inf".to_owned(), self.count()));
        buckets
    }

    /// All observations.
    pub(super) fn count(&self) -> u64 {
        self.counts.iter().sum::<u64>() + self.above
    }

    /// Their sum.
    pub(super) fn sum(&self) -> f64 {
        self.sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_cumulative_and_the_last_one_holds_all() {
        let mut histogram = Histogram::default();
        for value in [0.5, 1.0, 3.0, 5_000.0] {
            histogram.observe(&TOKENS, value);
        }
        let buckets = histogram.cumulative(&TOKENS);
        let up_to = |bound: &str| {
            buckets
                .iter()
                .find(|(known, _)| known == bound)
                .map(|(_, count)| *count)
        };
        assert_eq!(
            (up_to("1.0"), up_to("5.0"), up_to("2000.0"), up_to("+Inf")),
            (Some(2), Some(3), Some(3), Some(4))
        );
        assert!((histogram.sum() - 5_004.5).abs() < 1e-9);
    }
}
