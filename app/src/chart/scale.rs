//! Where the grid lines of a chart are.

use std::{iter::successors, ops::Range};

/// Values from zero upwards, as whole multiples of 1, 2 or 5 times a power of ten. The last one is not below `largest`,
/// and there are three to five of them.
pub(crate) fn values(largest: f64) -> Vec<f64> {
    // An idle machine still has a scale.
    let largest = largest.max(1.0);
    let magnitudes = successors(Some(0.1), |magnitude| Some(magnitude * 10.0));
    let step = magnitudes
        .flat_map(|magnitude| [1.0, 2.0, 5.0].map(|factor| factor * magnitude))
        .find(|step| step * 4.0 >= largest)
        .unwrap_or(largest);
    let mut ticks = vec![0.0];
    while ticks.last().is_some_and(|last| *last < largest) {
        #[expect(clippy::cast_precision_loss, reason = "a handful of lines")]
        ticks.push(step * ticks.len() as f64);
    }
    ticks
}

/// Whole multiples of `step` within the range, in the range's unit.
pub(crate) fn times(range: &Range<i64>, step: i64) -> Vec<i64> {
    let first = range.start + (-range.start).rem_euclid(step);
    let within = |at: i64| (at <= range.end).then_some(at);
    successors(within(first), |at| within(at + step)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_round_and_reach_the_largest() {
        assert_eq!(values(0.0), [0.0, 0.5, 1.0]);
        assert_eq!(values(7.3), [0.0, 2.0, 4.0, 6.0, 8.0]);
        assert_eq!(values(20.0), [0.0, 5.0, 10.0, 15.0, 20.0]);
        assert_eq!(values(2100.0), [0.0, 1000.0, 2000.0, 3000.0]);
        for tenths in 0..100_000 {
            let largest = f64::from(tenths) / 10.0;
            let ticks = values(largest);
            assert!((3..=5).contains(&ticks.len()), "{largest}: {ticks:?}");
            assert!(
                ticks.last().is_some_and(|last| *last >= largest),
                "{largest}: {ticks:?}"
            );
        }
    }

    #[test]
    fn times_are_multiples_of_the_step() {
        assert_eq!(times(&(7..21), 5), [10, 15, 20]);
        assert_eq!(times(&(10..20), 5), [10, 15, 20]);
        assert_eq!(times(&(-7..3), 5), [-5, 0]);
    }
}
