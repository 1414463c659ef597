//! What was counted in the last minute, second by second.

use worv_core::UnixMillis;

/// Seconds that are counted together.
const SECONDS: i64 = 60;

/// As many counts are kept.
const PLACES: usize = 60;

/// A sum over the last 60 seconds, the present one included.
#[derive(Debug)]
pub(crate) struct Minute {
    /// The count of each second, at the second's number modulo 60.
    counts: [u64; PLACES],
    /// The latest second that was counted, since 1970.
    latest: i64,
    sum: u64,
}

/// The second in which something was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Second(i64);

impl Default for Minute {
    fn default() -> Self {
        Self {
            counts: [0; PLACES],
            latest: i64::MIN,
            sum: 0,
        }
    }
}

impl Minute {
    /// The sum at `now`.
    pub(crate) fn sum(&mut self, now: UnixMillis) -> u64 {
        self.move_to(now);
        self.sum
    }

    /// Counts `amount` now.
    pub(crate) fn add(&mut self, now: UnixMillis, amount: u64) -> Second {
        self.move_to(now);
        self.counts[place(self.latest)] += amount;
        self.sum += amount;
        Second(self.latest)
    }

    /// Corrects what was counted in a second from `before` to `after`, if that is less than a minute ago.
    pub(crate) fn correct(&mut self, second: Second, before: u64, after: u64, now: UnixMillis) {
        self.move_to(now);
        if (0..SECONDS).contains(&self.latest.saturating_sub(second.0)) {
            let count = &mut self.counts[place(second.0)];
            let corrected = (*count).saturating_sub(before) + after;
            self.sum = self.sum - *count + corrected;
            *count = corrected;
        }
    }

    /// The latest moment that was counted, for what happens at no known time.
    pub(crate) fn latest(&self) -> UnixMillis {
        UnixMillis(self.latest.saturating_mul(1_000))
    }

    /// Milliseconds from `now` until the sum is at most `most`, if nothing is added.
    pub(crate) fn until_at_most(&mut self, most: u64, now: UnixMillis) -> u64 {
        self.move_to(now);
        let mut sum = 0;
        for second in (self.latest - SECONDS + 1..=self.latest).rev() {
            sum += self.counts[place(second)];
            if sum > most {
                let free_at = (second + SECONDS) * 1_000;
                return u64::try_from(free_at - now.0).unwrap_or(0);
            }
        }
        0
    }

    /// Drops what is older than a minute. A clock that went back a little counts on in the latest second; one that went
    /// back by more than the minute was wrong before, and the minute begins anew.
    fn move_to(&mut self, now: UnixMillis) {
        let second = now.0.div_euclid(1_000);
        if self.latest == i64::MIN {
            self.latest = second;
        }
        let passed = second.saturating_sub(self.latest);
        if passed >= SECONDS || passed <= -SECONDS {
            self.counts = [0; PLACES];
            self.sum = 0;
            self.latest = second;
        }
        while self.latest < second {
            self.latest += 1;
            self.sum -= std::mem::take(&mut self.counts[place(self.latest)]);
        }
    }
}

fn place(second: i64) -> usize {
    usize::try_from(second.rem_euclid(SECONDS)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> UnixMillis {
        UnixMillis(1_800_000_000_000 + seconds * 1_000)
    }

    #[test]
    fn each_second_counts_for_a_minute() {
        let mut minute = Minute::default();
        minute.add(at(0), 3);
        minute.add(at(30), 4);
        for (seconds, sum) in [(30, 7), (59, 7), (60, 4), (89, 4), (90, 0)] {
            assert_eq!(minute.sum(at(seconds)), sum, "after {seconds} s");
        }
        minute.add(at(91), 1);
        assert_eq!(minute.sum(at(100_000)), 0);
    }

    #[test]
    fn what_was_counted_can_be_corrected_while_it_counts() {
        let mut minute = Minute::default();
        let second = minute.add(at(0), 100);
        minute.correct(second, 100, 30, at(10));
        assert_eq!(minute.sum(at(10)), 30);
        minute.correct(second, 30, 50, at(60));
        assert_eq!(minute.sum(at(60)), 0);
    }

    #[test]
    fn the_time_until_there_is_room_is_exact() {
        let mut minute = Minute::default();
        minute.add(at(0), 3);
        minute.add(at(20), 4);
        assert_eq!(minute.until_at_most(7, at(20)), 0);
        assert_eq!(minute.until_at_most(6, at(20)), 40_000);
        assert_eq!(minute.until_at_most(4, at(20)), 40_000);
        assert_eq!(minute.until_at_most(3, at(20)), 60_000);
        assert_eq!(minute.until_at_most(0, at(20)), 60_000);
    }

    #[test]
    fn a_clock_that_goes_back_gives_nothing_back() {
        let mut minute = Minute::default();
        minute.add(at(50), 3);
        minute.add(at(10), 4);
        assert_eq!(minute.sum(at(0)), 7);
    }
}
