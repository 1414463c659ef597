//! Histograms as Prometheus counts them: for each bound, how many observations were not above it.

use worv_api::Latency;

/// A histogram of durations.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Histogram {
    /// Upper bounds in seconds, ascending, with the observations up to each. The last bound is infinite.
    buckets: Vec<(f64, f64)>,
    /// All observations together, in seconds.
    pub(super) sum: f64,
    pub(super) count: f64,
}

impl Histogram {
    /// Adds observations up to a bound, from another rank or model if the bound is already there.
    pub(super) fn add_bucket(&mut self, bound: f64, count: f64) {
        let at = self.buckets.partition_point(|(known, _)| *known < bound);
        match self.buckets.get_mut(at) {
            Some((known, total)) if known.total_cmp(&bound).is_eq() => *total += count,
            _ => self.buckets.insert(at, (bound, count)),
        }
    }

    /// Adds all observations of another histogram with the same bounds.
    pub(super) fn add(&mut self, other: &Self) {
        for &(bound, count) in &other.buckets {
            self.add_bucket(bound, count);
        }
        self.sum += other.sum;
        self.count += other.count;
    }

    /// What was observed since `earlier`.
    pub(super) fn since(&self, earlier: &Self) -> Self {
        let before = |bound: f64| {
            let known = earlier
                .buckets
                .iter()
                .find(|(known, _)| known.total_cmp(&bound).is_eq());
            known.map_or(0.0, |(_, count)| *count)
        };
        Self {
            buckets: self
                .buckets
                .iter()
                .map(|&(bound, count)| (bound, count - before(bound)))
                .collect(),
            sum: self.sum - earlier.sum,
            count: self.count - earlier.count,
        }
    }

    /// Its summary; none if nothing was observed.
    pub(super) fn latency(&self) -> Option<Latency> {
        (self.count > 0.0).then(|| Latency {
            mean: 1_000.0 * self.sum / self.count,
            p50: 1_000.0 * self.quantile(0.50),
            p95: 1_000.0 * self.quantile(0.95),
        })
    }

    /// The duration that this share of observations does not exceed, in seconds: interpolated within the bucket that it
    /// falls into, as by Prometheus' `histogram_quantile`. In the last bucket it is the highest finite bound.
    fn quantile(&self, share: f64) -> f64 {
        let rank = share * self.count;
        let (mut lower, mut below) = (0.0, 0.0);
        for &(bound, count) in &self.buckets {
            if count >= rank {
                if bound.is_infinite() || count <= below {
                    return lower;
                }
                return lower + (bound - lower) * (rank - below) / (count - below);
            }
            (lower, below) = (bound, count);
        }
        lower
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(buckets: &[(f64, f64)], sum: f64) -> Histogram {
        let mut histogram = Histogram {
            sum,
            count: buckets.last().map_or(0.0, |bucket| bucket.1),
            ..Histogram::default()
        };
        for &(bound, count) in buckets {
            histogram.add_bucket(bound, count);
        }
        histogram
    }

    fn close(one: f64, other: f64) -> bool {
        (one - other).abs() < 1e-9
    }

    #[test]
    fn quantiles_are_interpolated_within_their_bucket() {
        let latency = histogram(&[(0.1, 50.0), (0.2, 100.0), (f64::INFINITY, 100.0)], 10.0)
            .latency()
            .unwrap();
        assert!(
            close(latency.mean, 100.0) && close(latency.p50, 100.0) && close(latency.p95, 190.0),
            "{latency:?}"
        );
    }

    #[test]
    fn beyond_the_last_bound_nothing_is_made_up() {
        let latency = histogram(&[(1.0, 0.0), (80.0, 1.0), (f64::INFINITY, 10.0)], 900.0)
            .latency()
            .unwrap();
        assert!(close(latency.p95, 80_000.0), "{latency:?}");
    }

    #[test]
    fn nothing_observed_is_no_latency() {
        assert_eq!(histogram(&[(1.0, 0.0)], 0.0).latency(), None);
        let same = histogram(&[(1.0, 5.0)], 2.0);
        assert_eq!(same.since(&same).latency(), None);
    }

    #[test]
    fn ranks_are_added_and_the_past_is_taken_off() {
        let mut both = histogram(&[(0.1, 1.0), (f64::INFINITY, 2.0)], 0.5);
        both.add(&histogram(&[(0.1, 3.0), (f64::INFINITY, 3.0)], 0.1));
        assert_eq!(both, histogram(&[(0.1, 4.0), (f64::INFINITY, 5.0)], 0.6));
        let recent = both.since(&histogram(&[(0.1, 4.0), (f64::INFINITY, 4.0)], 0.3));
        assert!(close(recent.count, 1.0) && close(recent.sum, 0.3));
    }
}
