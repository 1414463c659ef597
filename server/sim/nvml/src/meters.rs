//! What a GPU remembers: the energy that it has drawn, and how warm it is.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use worv_core::UnixMillis;

/// After this long a chip has come two thirds of the way to the temperature that its load leads to.
const WARMING: Duration = Duration::from_secs(12);

static METERS: Mutex<BTreeMap<u32, Meters>> = Mutex::new(BTreeMap::new());

#[derive(Default)]
struct Meters {
    energy: Option<Energy>,
    warmth: Option<Warmth>,
}

struct Energy {
    read_at: UnixMillis,
    /// Power times time.
    microjoules: u64,
}

struct Warmth {
    read_at: UnixMillis,
    /// In degrees Celsius.
    temperature: f64,
}

/// Reads the energy meter of GPU `index`, in millijoules since it was first read. `power` in milliwatts is what it has
/// drawn since the last reading.
pub(crate) fn energy(index: u32, now: UnixMillis, power: u32) -> u64 {
    with(index, |meters| {
        let energy = meters.energy.get_or_insert(Energy {
            read_at: now,
            microjoules: 0,
        });
        let elapsed = u64::try_from(now.since(energy.read_at).as_millis()).unwrap_or(0);
        energy.microjoules += elapsed * u64::from(power);
        energy.read_at = now;
        energy.microjoules / 1_000
    })
}

/// Reads the thermometer of GPU `index`, in degrees Celsius, on its way to the temperature that it would settle at.
pub(crate) fn temperature(index: u32, now: UnixMillis, settled: u32) -> f64 {
    with(index, |meters| {
        let settled = f64::from(settled);
        let warmth = meters.warmth.get_or_insert(Warmth {
            read_at: now,
            temperature: settled,
        });
        let elapsed = now.since(warmth.read_at).as_secs_f64();
        let way = 1.0 - (-elapsed / WARMING.as_secs_f64()).exp();
        warmth.temperature += (settled - warmth.temperature) * way;
        warmth.read_at = now;
        warmth.temperature
    })
}

fn with<R>(index: u32, read: impl FnOnce(&mut Meters) -> R) -> R {
    let mut meters = METERS.lock().unwrap_or_else(PoisonError::into_inner);
    read(meters.entry(index).or_default())
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

    #[test]
    fn a_chip_warms_and_cools_in_its_own_time() {
        let at = |second: i64, settled| temperature(901, UnixMillis(second * 1_000), settled);
        assert!((at(0, 40) - 40.0).abs() < 1e-9, "it is found settled");
        let (soon, after_a_while) = (at(1, 70), at(120, 70));
        assert!((42.0..43.0).contains(&soon), "{soon}");
        assert!((69.9..70.0).contains(&after_a_while), "{after_a_while}");
        assert!(at(121, 40) > 67.0);
    }
}
