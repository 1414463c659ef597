//! How long the browser waits before the next attempt to reach the server.

/// The longest wait, in seconds.
const LONGEST: u32 = 15;

/// Seconds to wait after so many failures in a row, at least 1. It doubles from one second up to 15, and chance, a
/// number from 0 to 1, takes up to half of it away: browsers that lost the same server do not return in step.
pub fn delay(failures: u32, chance: f64) -> u32 {
    let longest = 2_u32.saturating_pow(failures.saturating_sub(1)).min(LONGEST);
    let spread = f64::from(longest / 2);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between zero and half of LONGEST"
    )]
    let less = (spread * chance).floor() as u32;
    longest - less
}

#[cfg(test)]
mod tests {
    use super::delay;

    #[test]
    fn doubles_up_to_the_longest() {
        let delays: Vec<_> = (1..=7).map(|failures| delay(failures, 0.0)).collect();
        assert_eq!(delays, [1, 2, 4, 8, 15, 15, 15]);
    }

    #[test]
    fn chance_takes_up_to_half_away() {
        assert_eq!(delay(4, 0.0), 8);
        assert_eq!(delay(4, 0.5), 6);
        assert_eq!(delay(4, 1.0), 4);
        assert_eq!(delay(1, 1.0), 1);
    }

    #[test]
    fn never_overflows() {
        assert_eq!(delay(u32::MAX, 0.0), 15);
    }
}
