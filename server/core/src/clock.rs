//! Wall-clock time, handed in from outside so that tests are exact.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted. The only form in which time is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixMillis(pub i64);

/// Where the current time comes from. Cheap to clone; every clone of a manual clock shares one hand.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The machine's clock.
    #[default]
    System,
    /// A clock that a test moves.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `start` until [`Clock::advance`] moves it.
    pub fn manual(start: UnixMillis) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(start.0)))
    }

    /// The current time.
    pub fn now(&self) -> UnixMillis {
        match self {
            Self::System => system_now(),
            Self::Manual(hand) => UnixMillis(hand.load(Ordering::Acquire)),
        }
    }

    /// Moves a manual clock forward; the machine's clock cannot be moved, so there it does nothing.
    pub fn advance(&self, by: Duration) {
        if let Self::Manual(hand) = self {
            hand.fetch_add(millis(by), Ordering::AcqRel);
        }
    }
}

impl UnixMillis {
    /// This time plus a duration, rounded down to a millisecond.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(millis(by)))
    }

    /// This time less a duration.
    #[must_use]
    pub fn minus(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(millis(by)))
    }

    /// The time from `earlier` to this one; zero where the clock went backwards.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl fmt::Display for UnixMillis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
fn system_now() -> UnixMillis {
    UnixMillis(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis))
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_when_told_and_for_every_clone() {
        let clock = Clock::manual(UnixMillis(1_000));
        let twin = clock.clone();
        clock.advance(Duration::from_millis(250));
        assert_eq!(twin.now(), UnixMillis(1_250));
        assert_eq!(twin.now(), UnixMillis(1_250));
    }

    #[test]
    fn time_that_went_backwards_is_no_time() {
        assert_eq!(UnixMillis(5).since(UnixMillis(9)), Duration::ZERO);
    }
}
