//! What a simulated GPU measures, as a function of its script and the time alone.

use nvml_wrapper_sys::bindings::{
    nvmlClocksEventReasonGpuIdle as IDLE, nvmlClocksEventReasonSwPowerCap as POWER_CAP,
    nvmlClocksEventReasonSwThermalSlowdown as THERMAL_SLOWDOWN,
};
use worv_core::UnixMillis;

use super::script::{GpuScript, Script};

/// The memory of a B200 as NVML gives it, in MiB (183 GiB in the product sheets' counting).
pub(crate) const MEMORY_MIB: u32 = 183_359;
/// The power limit of a B200, in watts.
pub(crate) const POWER_LIMIT_WATTS: u32 = 1_000;

/// What the driver keeps for itself, in MiB.
const MEMORY_RESERVED_MIB: u32 = 602;
const POWER_IDLE_WATTS: f64 = 145.0;
const POWER_FULL_WATTS: f64 = 930.0;
const TEMPERATURE_IDLE: f64 = 31.0;
const TEMPERATURE_FULL: f64 = 74.0;
/// From here on the driver slows the GPU down.
const TEMPERATURE_SLOWDOWN: u32 = 88;
/// How much warmer the memory is than the chip.
const MEMORY_WARMER: u32 = 6;
const SM_CLOCK_IDLE_MHZ: u32 = 120;
const SM_CLOCK_MHZ: u32 = 1_965;
const SM_CLOCK_SLOW_MHZ: u32 = 1_170;
/// What passes over all NVLinks together at full load, in MiB a second.
const NVLINK_FULL: f64 = 210_000.0;
/// What passes over PCIe at full load, in MiB a second.
const PCIE_FULL: f64 = 1_800.0;

/// One reading of a GPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Figures {
    /// In bytes.
    pub(crate) memory_total: u64,
    /// In bytes, not counted as used.
    pub(crate) memory_reserved: u64,
    /// In bytes.
    pub(crate) memory_used: u64,
    /// In percent of the time.
    pub(crate) utilization: u32,
    /// In percent of the time that memory was read or written.
    pub(crate) memory_utilization: u32,
    /// In degrees Celsius, once it has settled.
    pub(crate) temperature: u32,
    /// In milliwatts.
    pub(crate) power: u32,
    /// In degrees Celsius.
    pub(crate) memory_temperature: u32,
    /// In MHz.
    pub(crate) sm_clock: u32,
    /// What holds the clocks back, as NVML's bits.
    pub(crate) throttle: u32,
    /// Over all NVLinks in each direction, in MiB a second.
    pub(crate) nvlink_traffic: u32,
    /// Over PCIe in each direction, in MiB a second.
    pub(crate) pcie_traffic: u32,
}

impl Figures {
    /// What GPU `index` of the script measures at a time.
    pub(crate) fn at(now: UnixMillis, index: u32, script: &Script) -> Self {
        let plain = GpuScript::default();
        let own = script.gpus.get(&index).unwrap_or(&plain);
        let load = own.load.unwrap_or(script.load).clamp(0.0, 1.0);
        let share = own.memory.unwrap_or(script.memory).clamp(0.0, 1.0);

        // An idle GPU does nothing, but it is never quite still: sensors waver and buffers come and go.
        let busy = (load * (1.0 + 0.06 * drift(now, index, 5.0))).clamp(0.0, 1.0);
        // A chip's temperature follows less closely, and those in the middle of the case sit in warmer air.
        let warmth = load * (1.0 + 0.03 * drift(now, index, 41.0));
        let place = f64::from(index % 4) * 0.9;
        let temperature =
            TEMPERATURE_IDLE + (TEMPERATURE_FULL - TEMPERATURE_IDLE) * warmth + place + 0.8 * drift(now, index, 29.0);
        let power = POWER_IDLE_WATTS + (POWER_FULL_WATTS - POWER_IDLE_WATTS) * busy + 4.0 * drift(now, index, 3.0);
        // Weights and cache are allocated once; what moves are the buffers of the requests under way.
        let usable = f64::from(MEMORY_MIB - MEMORY_RESERVED_MIB);
        let buffers = 0.001 * drift(now, index, 11.0) + 0.012 * load * (0.5 + 0.5 * drift(now, index, 17.0));
        let used = usable * share * (1.0 + buffers);

        let temperature = own.temperature.unwrap_or_else(|| whole(temperature));
        let (throttle, sm_clock) = if temperature >= TEMPERATURE_SLOWDOWN {
            (THERMAL_SLOWDOWN, SM_CLOCK_SLOW_MHZ)
        } else if whole(100.0 * busy) == 0 {
            (IDLE, SM_CLOCK_IDLE_MHZ)
        } else if busy > 0.98 {
            (POWER_CAP, SM_CLOCK_MHZ - whole(200.0 * (busy - 0.9)))
        } else {
            (0, SM_CLOCK_MHZ)
        };

        Self {
            memory_total: mebibytes(MEMORY_MIB),
            memory_reserved: mebibytes(MEMORY_RESERVED_MIB),
            memory_used: mebibytes(whole(used.min(usable))),
            utilization: whole(100.0 * busy),
            memory_utilization: whole(55.0 * busy),
            temperature,
            power: whole(1_000.0 * power.min(f64::from(POWER_LIMIT_WATTS))),
            memory_temperature: temperature + MEMORY_WARMER,
            sm_clock,
            throttle,
            nvlink_traffic: whole(NVLINK_FULL * busy),
            pcie_traffic: whole(PCIE_FULL * busy),
        }
    }

    /// The same at another temperature.
    pub(crate) fn at_temperature(self, temperature: u32) -> Self {
        Self {
            temperature,
            memory_temperature: temperature + MEMORY_WARMER,
            ..self
        }
    }
}

/// A smooth wave between -1 and 1 that is different for every GPU; `period` in seconds.
fn drift(now: UnixMillis, index: u32, period: f64) -> f64 {
    // An hour is enough of the clock, and keeps the sines exact.
    let millis = u32::try_from(now.0.rem_euclid(3_600_000)).unwrap_or(0);
    let turns = f64::from(millis) / 1_000.0 / period * std::f64::consts::TAU;
    let phase = f64::from(index) * 2.399;
    0.6 * (turns + phase).sin() + 0.4 * (turns * 2.7 + phase * 1.7).sin()
}

/// The nearest whole number; 0 for what lies below.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the value is clamped to the type's range first"
)]
pub(crate) fn whole(value: f64) -> u32 {
    value.round().clamp(0.0, f64::from(u32::MAX)) as u32
}

fn mebibytes(count: u32) -> u64 {
    u64::from(count) << 20
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(load: f64, second: i64) -> Vec<Figures> {
        let script = Script {
            load,
            ..Script::default()
        };
        let now = UnixMillis(1_800_000_000_000 + second * 1_000);
        (0..8).map(|index| Figures::at(now, index, &script)).collect()
    }

    #[test]
    fn a_serving_gpu_has_nine_tenths_of_its_memory_in_use() {
        for gpu in (0..3_600).step_by(7).flat_map(|second| figures(0.8, second)) {
            let percent = gpu.memory_used * 100 / gpu.memory_total;
            assert!((88..93).contains(&percent), "{gpu:?}");
        }
    }

    #[test]
    fn figures_move_from_second_to_second_and_differ_between_gpus() {
        let (now, then) = (figures(0.8, 10), figures(0.8, 11));
        assert_ne!(now, then);
        assert_eq!(now, figures(0.8, 10), "the same moment reads the same");
        let mut powers: Vec<u32> = now.iter().map(|gpu| gpu.power).collect();
        powers.dedup();
        assert_eq!(powers.len(), 8);
    }

    #[test]
    fn an_idle_gpu_is_alive() {
        for (now, then) in figures(0.0, 10).into_iter().zip(figures(0.0, 11)) {
            assert_eq!((now.utilization, then.utilization), (0, 0));
            assert_ne!(now.power, then.power);
            assert_ne!(now.memory_used, then.memory_used);
        }
    }

    #[test]
    fn load_shows_and_stays_within_what_a_b200_can_do() {
        for second in 0..600 {
            for (idle, full) in figures(0.0, second).into_iter().zip(figures(1.0, second)) {
                assert_eq!((idle.utilization, idle.throttle), (0, IDLE));
                assert!(full.utilization >= 90 && full.utilization <= 100, "{full:?}");
                assert!(idle.power < 200_000 && full.power > 800_000 && full.power <= 1_000_000);
                assert!(
                    idle.temperature < 40 && (65..85).contains(&full.temperature),
                    "{full:?}"
                );
            }
        }
    }

    #[test]
    fn a_gpu_can_be_scripted_apart_from_the_others() {
        let own = GpuScript {
            load: Some(0.0),
            memory: Some(0.0),
            temperature: Some(97),
            ..GpuScript::default()
        };
        let script = Script::default().with_gpu(2, own);
        let gpu = Figures::at(UnixMillis(0), 2, &script);
        assert_eq!((gpu.utilization, gpu.memory_used, gpu.temperature), (0, 0, 97));
        assert_eq!(gpu.throttle, THERMAL_SLOWDOWN);
        assert!(Figures::at(UnixMillis(0), 1, &script).utilization > 0);
    }
}
