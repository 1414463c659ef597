//! NVML's C interface.

#![expect(
    unsafe_code,
    reason = "a C library: exported symbols, and pointers that its caller hands over"
)]

use std::ffi::{c_char, c_uint};

use nvml_wrapper_sys::bindings::{
    nvmlDevice_t, nvmlMemory_v2_t, nvmlReturn_enum_NVML_ERROR_ARGUMENT_VERSION_MISMATCH as VERSION_MISMATCH,
    nvmlReturn_enum_NVML_ERROR_INSUFFICIENT_SIZE as INSUFFICIENT_SIZE,
    nvmlReturn_enum_NVML_ERROR_INVALID_ARGUMENT as INVALID_ARGUMENT, nvmlReturn_enum_NVML_SUCCESS as SUCCESS,
    nvmlReturn_t, nvmlTemperatureSensors_t, nvmlUtilization_t,
};
use worv_core::Clock;

use super::{
    figures::{Figures, POWER_LIMIT_WATTS},
    state,
};

/// A driver that is new enough for a B200, marked as what it is.
const DRIVER_VERSION: &str = "580.95.05-simulated";
const NVML_VERSION: &str = "13.580.95.05-simulated";

type Outcome = Result<(), nvmlReturn_t>;

// The machine.

#[unsafe(no_mangle)]
extern "C" fn nvmlInit_v2() -> nvmlReturn_t {
    code(state::start())
}

#[unsafe(no_mangle)]
extern "C" fn nvmlInitWithFlags(_flags: c_uint) -> nvmlReturn_t {
    code(state::start())
}

#[unsafe(no_mangle)]
extern "C" fn nvmlShutdown() -> nvmlReturn_t {
    code(state::stop())
}

#[unsafe(no_mangle)]
extern "C" fn nvmlSystemGetDriverVersion(version: *mut c_char, length: c_uint) -> nvmlReturn_t {
    code(state::count().and_then(|_| put_text(version, length, DRIVER_VERSION)))
}

#[unsafe(no_mangle)]
extern "C" fn nvmlSystemGetNVMLVersion(version: *mut c_char, length: c_uint) -> nvmlReturn_t {
    code(put_text(version, length, NVML_VERSION))
}

#[unsafe(no_mangle)]
extern "C" fn nvmlDeviceGetCount_v2(count: *mut c_uint) -> nvmlReturn_t {
    code(state::count().and_then(|gpus| put(count, gpus)))
}

// One GPU.

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
    answer(device, |own, _| put(index, own))
}

#[unsafe(no_mangle)]
extern "C" fn nvmlDeviceGetName(device: nvmlDevice_t, name: *mut c_char, length: c_uint) -> nvmlReturn_t {
    answer(device, |_, _| put_text(name, length, "NVIDIA B200"))
}

#[unsafe(no_mangle)]
extern "C" fn nvmlDeviceGetUUID(device: nvmlDevice_t, uuid: *mut c_char, length: c_uint) -> nvmlReturn_t {
    answer(device, |index, _| {
        put_text(uuid, length, &format!("GPU-5eedb200-0000-4000-8000-{index:012x}"))
    })
}

#[unsafe(no_mangle)]
extern "C" fn nvmlDeviceGetMemoryInfo_v2(device: nvmlDevice_t, memory: *mut nvmlMemory_v2_t) -> nvmlReturn_t {
    answer(device, |_, figures| {
        let version = struct_version::<nvmlMemory_v2_t>(2);
        // SAFETY: NVML requires a structure whose version the caller has filled in; a null pointer is refused.
        let asked = unsafe { memory.as_ref() }.ok_or(INVALID_ARGUMENT)?.version;
        if asked != version {
            return Err(VERSION_MISMATCH);
        }
        let free = figures.memory_total - figures.memory_reserved - figures.memory_used;
        put(
            memory,
            nvmlMemory_v2_t {
                version,
                total: figures.memory_total,
                reserved: figures.memory_reserved,
                free,
                used: figures.memory_used,
            },
        )
    })
}

#[unsafe(no_mangle)]
extern "C" fn nvmlDeviceGetUtilizationRates(device: nvmlDevice_t, rates: *mut nvmlUtilization_t) -> nvmlReturn_t {
    answer(device, |_, figures| {
        put(
            rates,
            nvmlUtilization_t {
                gpu: figures.utilization,
                memory: figures.memory_utilization,
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
    answer(device, |_, figures| match sensor {
        0 => put(temperature, figures.temperature),
        _ => Err(INVALID_ARGUMENT),
    })
}

#[unsafe(no_mangle)]
extern "C" fn nvmlDeviceGetPowerUsage(device: nvmlDevice_t, milliwatts: *mut c_uint) -> nvmlReturn_t {
    answer(device, |_, figures| put(milliwatts, figures.power))
}

#[unsafe(no_mangle)]
extern "C" fn nvmlDeviceGetEnforcedPowerLimit(device: nvmlDevice_t, milliwatts: *mut c_uint) -> nvmlReturn_t {
    answer(device, |_, _| put(milliwatts, POWER_LIMIT_WATTS * 1_000))
}

/// Answers a question about one GPU with its index and its figures of this moment.
fn answer(device: nvmlDevice_t, give: impl FnOnce(u32, &Figures) -> Outcome) -> nvmlReturn_t {
    let read = || {
        let index = index_of(device)?;
        let script = state::script_for(index)?;
        give(index, &Figures::at(Clock::System.now(), index, &script))
    };
    code(read())
}

/// A handle is the index plus one, so that none is null; it is never followed.
fn handle(index: u32) -> nvmlDevice_t {
    std::ptr::without_provenance_mut(index as usize + 1)
}

fn index_of(device: nvmlDevice_t) -> Result<u32, nvmlReturn_t> {
    let index = device.addr().checked_sub(1).and_then(|index| u32::try_from(index).ok());
    index
        .filter(|&index| state::count().is_ok_and(|count| index < count))
        .ok_or(INVALID_ARGUMENT)
}

fn put<T>(place: *mut T, value: T) -> Outcome {
    if place.is_null() {
        return Err(INVALID_ARGUMENT);
    }
    // SAFETY: not null, and NVML requires of the caller that it is a place for the answer.
    unsafe { place.write(value) };
    Ok(())
}

fn put_text(buffer: *mut c_char, length: c_uint, text: &str) -> Outcome {
    if buffer.is_null() {
        return Err(INVALID_ARGUMENT);
    }
    if text.len() >= length as usize {
        return Err(INSUFFICIENT_SIZE);
    }
    // SAFETY: not null, and NVML requires of the caller that `length` bytes are there; the text and its final zero fit.
    unsafe {
        buffer.copy_from_nonoverlapping(text.as_ptr().cast(), text.len());
        buffer.add(text.len()).write(0);
    }
    Ok(())
}

/// `NVML_STRUCT_VERSION`: a structure's size, with its version in the top byte.
fn struct_version<T>(version: u32) -> u32 {
    u32::try_from(size_of::<T>()).map_or(0, |size| size | version << 24)
}

fn code(outcome: Outcome) -> nvmlReturn_t {
    outcome.map_or_else(|code| code, |()| SUCCESS)
}
