//! The energy meters: the one figure of a GPU that remembers.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use worv_core::UnixMillis;

static METERS: Mutex<BTreeMap<u32, Meter>> = Mutex::new(BTreeMap::new());

struct Meter {
    read_at: UnixMillis,
    /// Power times time, in microjoules.
    microjoules: u64,
}

/// Reads the meter of GPU `index`, in millijoules since it was first read. `power` in milliwatts is what it has drawn
/// since the last reading.
pub(crate) fn energy(index: u32, now: UnixMillis, power: u32) -> u64 {
    let mut meters = METERS.lock().unwrap_or_else(PoisonError::into_inner);
    let meter = meters.entry(index).or_insert(Meter {
        read_at: now,
        microjoules: 0,
    });
    let elapsed = u64::try_from(now.since(meter.read_at).as_millis()).unwrap_or(0);
    meter.microjoules += elapsed * u64::from(power);
    meter.read_at = now;
    meter.microjoules / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kilowatt_for_a_second_is_a_kilojoule() {
        assert_eq!(energy(900, UnixMillis(5_000), 1_000_000), 0);
        assert_eq!(energy(900, UnixMillis(6_000), 1_000_000), 1_000_000);
        assert_eq!(energy(900, UnixMillis(6_000), 1_000_000), 1_000_000);
        assert_eq!(
            energy(900, UnixMillis(4_000), 1_000_000),
            1_000_000,
            "a meter never runs backwards"
        );
    }
}
