//! Parts of limits, where several gateways share them.

/// A share of a limit, from 0 to 1, rounded down, so that all shares together are never more than it.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share lies between 0 and 1, and limits are far below 2^52"
)]
pub fn part(limit: u64, share: f64) -> u64 {
    if share >= 1.0 {
        limit
    } else {
        (limit as f64 * share) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_rounded_down_and_all_of_it_is_exact() {
        assert_eq!([0.0, 1.0 / 3.0, 0.5].map(|share| part(100, share)), [0, 33, 50]);
        assert_eq!(part(u64::MAX, 1.0), u64::MAX);
    }
}
