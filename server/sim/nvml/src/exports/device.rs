//! What a GPU is, and its plain gpu.figures.

use std::ffi::{c_char, c_uint, c_ulonglong};

use nvml_wrapper_sys::bindings::{
    nvmlClockType_enum_NVML_CLOCK_MEM as MEMORY_CLOCK, nvmlClockType_enum_NVML_CLOCK_SM as SM_CLOCK, nvmlClockType_t,
    nvmlDevice_t, nvmlMemory_v2_t, nvmlReturn_enum_NVML_ERROR_ARGUMENT_VERSION_MISMATCH as VERSION_MISMATCH,
    nvmlReturn_enum_NVML_ERROR_INVALID_ARGUMENT as INVALID_ARGUMENT,
    nvmlReturn_enum_NVML_ERROR_NOT_SUPPORTED as NOT_SUPPORTED, nvmlReturn_t, nvmlTemperatureSensors_t,
    nvmlUtilization_t,
};

use super::{answer, code, handle, put, put_text, struct_version};
use crate::{figures::POWER_LIMIT_WATTS, meters, state};

const MEMORY_CLOCK_MHZ: u32 = 3_996;

#[unsafe(no_mangle)]
extern "C" fn nvmlDeviceGetHandleByIndex_v2(index: c_uint, device: *mut nvmlDevice_t) -> nvmlReturn_t {
    code(state::count().and_then(|count| {
        if index >= count {
            return Err(INVALID_ARGUMENT);
        }
        state::script_for(index)?;
        put(device, handle(index))
    }))
}

#[unsafe(no_mangle)]
extern "C" fn nvmlDeviceGetIndex(device: nvmlDevice_t, index: *mut c_uint) -> nvmlReturn_t {
    answer(device, |gpu| put(index, gpu.index))
}

#[unsafe(no_mangle)]
extern "C" fn nvmlDeviceGetName(device: nvmlDevice_t, name: *mut c_char, length: c_uint) -> nvmlReturn_t {
    answer(device, |_| put_text(name, length, "NVIDIA B200"))
}

#[unsafe(no_mangle)]
extern "C" fn nvmlDeviceGetUUID(device: nvmlDevice_t, uuid: *mut c_char, length: c_uint) -> nvmlReturn_t {
    answer(device, |gpu| {
        put_text(uuid, length, &format!("GPU-5eedb200-0000-4000-8000-{:012x}", gpu.index))
    })
}

#[unsafe(no_mangle)]
extern "C" fn nvmlDeviceGetMemoryInfo_v2(device: nvmlDevice_t, memory: *mut nvmlMemory_v2_t) -> nvmlReturn_t {
    answer(device, |gpu| {
        let version = struct_version::<nvmlMemory_v2_t>(2);
        // SAFETY: NVML requires a structure whose version the caller has filled in; a null pointer is refused.
        let asked = unsafe { memory.as_ref() }.ok_or(INVALID_ARGUMENT)?.version;
        if asked != version {
            return Err(VERSION_MISMATCH);
        }
        let free = gpu.figures.memory_total - gpu.figures.memory_reserved - gpu.figures.memory_used;
        put(
            memory,
            nvmlMemory_v2_t {
                version,
                total: gpu.figures.memory_total,
                reserved: gpu.figures.memory_reserved,
                free,
                used: gpu.figures.memory_used,
            },
        )
    })
}

#[unsafe(no_mangle)]
extern "C" fn nvmlDeviceGetUtilizationRates(device: nvmlDevice_t, rates: *mut nvmlUtilization_t) -> nvmlReturn_t {
    answer(device, |gpu| {
        put(
            rates,
            nvmlUtilization_t {
                gpu: gpu.figures.utilization,
                memory: gpu.figures.memory_utilization,
            },
        )
    })
}

#[unsafe(no_mangle)]
extern "C" fn nvmlDeviceGetTemperature(
    device: nvmlDevice_t,
    sensor: nvmlTemperatureSensors_t,
    temperature: *mut c_uint,
) -> nvmlReturn_t {
    answer(device, |gpu| match sensor {
        0 => put(temperature, gpu.figures.temperature),
        _ => Err(INVALID_ARGUMENT),
    })
}

#[unsafe(no_mangle)]
extern "C" fn nvmlDeviceGetPowerUsage(device: nvmlDevice_t, milliwatts: *mut c_uint) -> nvmlReturn_t {
    answer(device, |gpu| put(milliwatts, gpu.figures.power))
}

#[unsafe(no_mangle)]
extern "C" fn nvmlDeviceGetEnforcedPowerLimit(device: nvmlDevice_t, milliwatts: *mut c_uint) -> nvmlReturn_t {
    answer(device, |_| put(milliwatts, POWER_LIMIT_WATTS * 1_000))
}

#[unsafe(no_mangle)]
extern "C" fn nvmlDeviceGetTotalEnergyConsumption(device: nvmlDevice_t, millijoules: *mut c_ulonglong) -> nvmlReturn_t {
    answer(device, |gpu| {
        put(millijoules, meters::energy(gpu.index, gpu.now, gpu.figures.power))
    })
}

#[unsafe(no_mangle)]
extern "C" fn nvmlDeviceGetClockInfo(
    device: nvmlDevice_t,
    clock: nvmlClockType_t,
    megahertz: *mut c_uint,
) -> nvmlReturn_t {
    answer(device, |gpu| match clock {
        SM_CLOCK => put(megahertz, gpu.figures.sm_clock),
        MEMORY_CLOCK => put(megahertz, MEMORY_CLOCK_MHZ),
        _ => Err(NOT_SUPPORTED),
    })
}

#[unsafe(no_mangle)]
extern "C" fn nvmlDeviceGetCurrentClocksThrottleReasons(
    device: nvmlDevice_t,
    reasons: *mut c_ulonglong,
) -> nvmlReturn_t {
    answer(device, |gpu| put(reasons, gpu.figures.throttle.into()))
}
