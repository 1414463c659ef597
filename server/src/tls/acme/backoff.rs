//! How long to wait after attempts that failed.

use std::time::Duration;

/// The longest time between two attempts.
const LONGEST: Duration = Duration::from_hours(6);

/// Each wait is three times as long as the one before. With a minute for the first, that is five attempts within an hour:
/// as many failures for one name as Let's Encrypt allows in that time.
pub(super) struct Backoff(Duration);

impl Backoff {
    /// `first` is the wait after the first failure.
    pub(super) fn new(first: Duration) -> Self {
        Self(first)
    }

    pub(super) fn next(&mut self) -> Duration {
        let wait = self.0.min(LONGEST);
        self.0 = wait * 3;
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_six_hours_with_five_attempts_in_the_first() {
        let mut backoff = Backoff::new(Duration::from_mins(1));
        let waits: Vec<_> = (0..8).map(|_| backoff.next().as_secs() / 60).collect();
        assert_eq!(waits, [1, 3, 9, 27, 81, 243, 360, 360]);
        let mut at = 0;
        let within_an_hour = waits.iter().filter(|wait| {
            at += **wait;
            at < 60
        });
        assert_eq!(1 + within_an_hour.count(), 5);
    }
}
