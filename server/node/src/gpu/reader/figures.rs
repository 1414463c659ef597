//! The figures of one GPU.

use nvml_wrapper::{
    Device,
    bitmasks::device::ThrottleReasons,
    enum_wrappers::device::{Clock, EccCounter, MemoryError, TemperatureSensor},
    enums::device::{SampleValue, UsedGpuMemory},
    error::NvmlError,
    structs::device::FieldId,
    sys_exports::field_id::{
        NVML_FI_DEV_MEMORY_TEMP, NVML_FI_DEV_NVLINK_LINK_COUNT, NVML_FI_DEV_REMAPPED_COR, NVML_FI_DEV_REMAPPED_FAILURE,
        NVML_FI_DEV_REMAPPED_PENDING, NVML_FI_DEV_REMAPPED_UNC,
    },
};
use worv_api::{EccErrors, Gpu, GpuProcess, NvLinks, PcieLink, RowRemaps, ThrottleReason};
use worv_core::UnixMillis;

use super::{super::fault, traffic::LinkTraffic};

/// How much of a process's name is read, in bytes.
const PROCESS_NAME_LENGTH: usize = 96;

/// What is read in one call, because the driver answers it in one.
const FIELDS: [u32; 6] = [
    NVML_FI_DEV_MEMORY_TEMP,
    NVML_FI_DEV_REMAPPED_COR,
    NVML_FI_DEV_REMAPPED_UNC,
    NVML_FI_DEV_REMAPPED_PENDING,
    NVML_FI_DEV_REMAPPED_FAILURE,
    NVML_FI_DEV_NVLINK_LINK_COUNT,
];

/// Reads what every GPU must tell; a further figure that cannot be read is a fault beside those that can.
pub(super) fn read(device: &Device<'_>, index: u32, traffic: LinkTraffic, now: UnixMillis) -> Result<Gpu, NvmlError> {
    let memory = device.memory_info()?;
    let (name, uuid) = (device.name()?, device.uuid()?);
    let mut optional = Optional::default();
    let [
        memory_temperature,
        corrected_rows,
        uncorrected_rows,
        pending,
        failed,
        links,
    ] = optional.fields(device);
    let utilization = optional.take(device.utilization_rates());
    Ok(Gpu {
        index,
        sampled_at: now.0,
        name,
        uuid,
        memory_used: memory.used,
        memory_total: memory.total,
        utilization_percent: utilization.as_ref().map(|rates| rates.gpu),
        temperature_celsius: optional.take(device.temperature(TemperatureSensor::Gpu)),
        power_watts: optional.take(device.power_usage()).map(thousandth),
        power_limit_watts: optional.take(device.enforced_power_limit()).map(thousandth),
        memory_reserved: Some(memory.reserved),
        memory_utilization_percent: utilization.as_ref().map(|rates| rates.memory),
        memory_temperature_celsius: memory_temperature.and_then(|celsius| u32::try_from(celsius).ok()),
        sm_clock_mhz: optional.take(device.clock_info(Clock::SM)),
        memory_clock_mhz: optional.take(device.clock_info(Clock::Memory)),
        throttle: optional
            .take(device.current_throttle_reasons())
            .map(throttle)
            .unwrap_or_default(),
        energy_joules: optional.take(device.total_energy_consumption()).map(joules),
        ecc: optional.ecc(device),
        row_remaps: corrected_rows
            .zip(uncorrected_rows)
            .map(|(correctable, uncorrectable)| RowRemaps {
                correctable,
                uncorrectable,
                pending: pending.is_some_and(|rows| rows > 0),
                failed: failed.is_some_and(|rows| rows > 0),
            }),
        pcie: optional.pcie(device, traffic),
        nvlink: optional.nvlink(device, links, traffic),
        processes: optional.processes(device),
        xids: Vec::new(),
        fault: optional.fault,
    })
}

/// Takes figures that a GPU need not have, and keeps the first error that is more than their absence.
#[derive(Default)]
struct Optional {
    fault: Option<String>,
}

impl Optional {
    fn take<T>(&mut self, figure: Result<T, NvmlError>) -> Option<T> {
        match figure {
            Ok(figure) => Some(figure),
            Err(error) => {
                if !fault::is_absence(&error) {
                    self.fault.get_or_insert_with(|| fault::words(&error));
                }
                None
            }
        }
    }

    /// The [`FIELDS`], in their order.
    fn fields(&mut self, device: &Device<'_>) -> [Option<u64>; FIELDS.len()] {
        let mut values = [None; FIELDS.len()];
        if let Some(samples) = self.take(device.field_values_for(&FIELDS.map(FieldId))) {
            for (value, sample) in values.iter_mut().zip(samples) {
                *value = self.take(sample.and_then(|sample| sample.value)).and_then(whole);
            }
        }
        values
    }

    fn ecc(&mut self, device: &Device<'_>) -> Option<EccErrors> {
        let mut count = |errors| self.take(device.total_ecc_errors(errors, EccCounter::Volatile));
        Some(EccErrors {
            corrected: count(MemoryError::Corrected)?,
            uncorrected: count(MemoryError::Uncorrected)?,
        })
    }

    fn pcie(&mut self, device: &Device<'_>, traffic: LinkTraffic) -> Option<PcieLink> {
        Some(PcieLink {
            generation: self.take(device.current_pcie_link_gen())?,
            generation_max: self.take(device.max_pcie_link_gen())?,
            width: self.take(device.current_pcie_link_width())?,
            width_max: self.take(device.max_pcie_link_width())?,
            replays: self.take(device.pcie_replay_counter()),
            traffic: traffic.pcie,
        })
    }

    fn nvlink(&mut self, device: &Device<'_>, links: Option<u64>, traffic: LinkTraffic) -> Option<NvLinks> {
        let total = links
            .and_then(|links| u32::try_from(links).ok())
            .filter(|&links| links > 0)?;
        let mut active = 0;
        for link in 0..total {
            if self.take(device.link_wrapper_for(link).is_active())? {
                active += 1;
            }
        }
        Some(NvLinks {
            active,
            total,
            traffic: traffic.nvlink,
        })
    }

    fn processes(&mut self, device: &Device<'_>) -> Option<Vec<GpuProcess>> {
        let running = self.take(device.running_compute_processes())?;
        let mut processes: Vec<GpuProcess> = running
            .into_iter()
            .map(|process| GpuProcess {
                pid: process.pid,
                // It may have ended meanwhile, or live in another container.
                name: device
                    .nvml()
                    .sys_process_name(process.pid, PROCESS_NAME_LENGTH)
                    .unwrap_or_default(),
                memory_used: match process.used_gpu_memory {
                    UsedGpuMemory::Used(bytes) => Some(bytes),
                    UsedGpuMemory::Unavailable => None,
                },
            })
            .collect();
        processes.sort_by_key(|process| std::cmp::Reverse(process.memory_used));
        Some(processes)
    }
}

fn throttle(reasons: ThrottleReasons) -> Vec<ThrottleReason> {
    let thermal = ThrottleReasons::SW_THERMAL_SLOWDOWN | ThrottleReasons::HW_THERMAL_SLOWDOWN;
    let mut names = Vec::new();
    for (bits, name) in [
        (ThrottleReasons::SW_POWER_CAP, ThrottleReason::PowerCap),
        (thermal, ThrottleReason::Thermal),
        (ThrottleReasons::HW_POWER_BRAKE_SLOWDOWN, ThrottleReason::PowerBrake),
        (ThrottleReasons::SYNC_BOOST, ThrottleReason::SyncBoost),
        (
            ThrottleReasons::APPLICATIONS_CLOCKS_SETTING,
            ThrottleReason::ClockSetting,
        ),
    ] {
        if reasons.intersects(bits) {
            names.push(name);
        }
    }
    // Set beside the thermal and power brake bits as well; alone it is all that is known.
    let explained = thermal | ThrottleReasons::HW_POWER_BRAKE_SLOWDOWN;
    if reasons.contains(ThrottleReasons::HW_SLOWDOWN) && !reasons.intersects(explained) {
        names.push(ThrottleReason::Hardware);
    }
    names
}

/// A field's value where it is a whole number.
fn whole(value: SampleValue) -> Option<u64> {
    match value {
        SampleValue::U32(number) => Some(number.into()),
        SampleValue::U64(number) => Some(number),
        SampleValue::I64(number) => u64::try_from(number).ok(),
        SampleValue::F64(_) => None,
    }
}

/// Watts of milliwatts.
fn thousandth(milli: u32) -> f64 {
    f64::from(milli) / 1_000.0
}

/// Joules of millijoules.
#[expect(
    clippy::cast_precision_loss,
    reason = "exact up to 2^53 mJ, which eight GPUs do not draw in a century"
)]
fn joules(millijoules: u64) -> f64 {
    millijoules as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hardware_slowdown_is_named_only_where_nothing_explains_it() {
        let hot = ThrottleReasons::HW_SLOWDOWN | ThrottleReasons::HW_THERMAL_SLOWDOWN;
        assert_eq!(throttle(hot), [ThrottleReason::Thermal]);
        assert_eq!(throttle(ThrottleReasons::HW_SLOWDOWN), [ThrottleReason::Hardware]);
        assert_eq!(throttle(ThrottleReasons::GPU_IDLE), []);
    }
}
