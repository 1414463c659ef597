//! Slowing down whoever guesses passwords, without locking anybody out.
//!
//! What counts is the address together with the name: a guesser elsewhere cannot keep a user from signing in. An
//! address that tries many names is slowed down as a whole.

use std::{
    collections::HashMap,
    net::Ipv6Addr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use worv_core::{Clock, UnixMillis};

/// Failures for one name from one address that cost nothing: people mistype.
const FREE_FOR_A_NAME: u32 = 5;

/// Failures from one address, whatever the name, that cost nothing: an office may share an address.
const FREE_FOR_AN_ADDRESS: u32 = 30;

/// The longest pause; also the time after which failures are forgotten.
const LONGEST_PAUSE: Duration = Duration::from_mins(15);

/// The first half of an address of version 6, which is what a household or a server is given.
const NETWORK: u128 = (u64::MAX as u128) << 64;

/// Pairs that are remembered; beyond that, the one that failed longest ago is forgotten.
const REMEMBERED: usize = 10_000;

/// Remembers failed attempts to sign in, in this process's memory.
pub struct Throttle {
    clock: Clock,
    failures: Mutex<HashMap<Who, Failures>>,
}

/// An address with a name, or with none for all of its attempts together.
type Who = (String, Option<String>);

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    last: UnixMillis,
}

impl Throttle {
    /// Nothing has failed yet.
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            failures: Mutex::default(),
        }
    }

    /// How long `address` has to wait before it may try `name` again; none if it may now.
    pub fn pause(&self, address: &str, name: &str) -> Option<Duration> {
        let now = self.clock.now();
        let failures = self.lock();
        let left = |who: Who, free| {
            let failures = failures.get(&who)?;
            let until = failures.last.plus(pause_after(failures.count, free));
            (until > now).then(|| until.since(now))
        };
        let (for_name, for_address) = pair(address, name);
        left(for_name, FREE_FOR_A_NAME).max(left(for_address, FREE_FOR_AN_ADDRESS))
    }

    /// Notes that an attempt failed.
    pub fn failed(&self, address: &str, name: &str) {
        let now = self.clock.now();
        let mut failures = self.lock();
        let (for_name, for_address) = pair(address, name);
        for who in [for_name, for_address] {
            if failures.len() >= REMEMBERED && !failures.contains_key(&who) {
                let oldest = failures
                    .iter()
                    .min_by_key(|(_, failures)| failures.last)
                    .map(|(who, _)| who.clone());
                oldest.map(|who| failures.remove(&who));
            }
            let entry = failures.entry(who).or_insert(Failures { count: 0, last: now });
            if now.since(entry.last) > LONGEST_PAUSE {
                entry.count = 0;
            }
            entry.count = entry.count.saturating_add(1);
            entry.last = now;
        }
    }

    /// Notes that `name` has signed in from `address`: mistyping before is forgiven.
    pub fn succeeded(&self, address: &str, name: &str) {
        self.lock().remove(&pair(address, name).0);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Who, Failures>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One second after the first failure that costs something, then twice as long each time.
fn pause_after(count: u32, free: u32) -> Duration {
    match count.checked_sub(free) {
        None => Duration::ZERO,
        Some(over) => Duration::from_secs(1u64.checked_shl(over).unwrap_or(u64::MAX)).min(LONGEST_PAUSE),
    }
}

/// What an attempt counts for. Names are compared as the database does, without regard to case.
fn pair(address: &str, name: &str) -> (Who, Who) {
    let name = name.chars().take(100).collect::<String>().to_lowercase();
    let address = match address.parse::<Ipv6Addr>() {
        // Whoever has one address of version 6 has all of its network.
        Ok(address) => Ipv6Addr::from_bits(address.to_bits() & NETWORK).to_string(),
        Err(_) => address.to_owned(),
    };
    ((address.clone(), Some(name)), (address, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn throttle() -> (Clock, Throttle) {
        let clock = Clock::manual(UnixMillis(1_000_000));
        (clock.clone(), Throttle::new(clock))
    }

    fn fail(throttle: &Throttle, times: u32, address: &str, name: &str) {
        for _ in 0..times {
            throttle.failed(address, name);
        }
    }

    #[test]
    fn pauses_double_from_the_fifth_failure_on() {
        let (clock, throttle) = throttle();
        fail(&throttle, 4, "::1", "ada");
        assert_eq!(throttle.pause("::1", "ada"), None);
        fail(&throttle, 1, "::1", "Ada");
        assert_eq!(throttle.pause("::1", "ada"), Some(Duration::from_secs(1)));
        fail(&throttle, 2, "::1", "ada");
        assert_eq!(throttle.pause("::1", "ada"), Some(Duration::from_secs(4)));
        clock.advance(Duration::from_secs(3));
        assert_eq!(throttle.pause("::1", "ada"), Some(Duration::from_secs(1)));
        clock.advance(Duration::from_secs(1));
        assert_eq!(throttle.pause("::1", "ada"), None);
        fail(&throttle, 60, "::1", "ada");
        assert_eq!(throttle.pause("::1", "ada"), Some(LONGEST_PAUSE));
    }

    #[test]
    fn a_guesser_elsewhere_does_not_keep_a_user_out() {
        let (_, throttle) = throttle();
        fail(&throttle, 100, "203.0.113.9", "ada");
        assert_eq!(throttle.pause("198.51.100.7", "ada"), None);
    }

    #[test]
    fn an_address_that_tries_many_names_is_slowed_down_for_all() {
        let (_, throttle) = throttle();
        for name in 0..30 {
            fail(&throttle, 1, "203.0.113.9", &format!("user{name}"));
        }
        assert_eq!(throttle.pause("203.0.113.9", "ada"), Some(Duration::from_secs(1)));
    }

    #[test]
    fn a_network_of_version_6_is_one_address() {
        let (_, throttle) = throttle();
        for host in 1..=5 {
            fail(&throttle, 1, &format!("2001:db8::{host}"), "ada");
        }
        assert!(throttle.pause("2001:db8::99", "ada").is_some());
        assert_eq!(throttle.pause("2001:db8:0:1::99", "ada"), None);
    }

    #[test]
    fn success_and_time_forgive() {
        let (clock, throttle) = throttle();
        fail(&throttle, 6, "::1", "ada");
        throttle.succeeded("::1", "ada");
        assert_eq!(throttle.pause("::1", "ada"), None);
        fail(&throttle, 6, "::1", "ada");
        clock.advance(LONGEST_PAUSE * 2);
        fail(&throttle, 1, "::1", "ada");
        assert_eq!(throttle.pause("::1", "ada"), None);
    }

    #[test]
    fn memory_is_bounded() {
        let (clock, throttle) = throttle();
        for guess in 0..REMEMBERED {
            clock.advance(Duration::from_millis(1));
            throttle.failed("203.0.113.9", &guess.to_string());
        }
        assert_eq!(throttle.lock().len(), REMEMBERED);
        assert!(
            !throttle.lock().contains_key(&pair("203.0.113.9", "0").0),
            "the oldest is still there"
        );
    }
}
