//! Errors, links and processes of a GPU.

use std::ffi::{c_int, c_uint, c_ulonglong};

use nvml_wrapper_sys::bindings::{
    field_id::{
        NVML_FI_DEV_MEMORY_TEMP as MEMORY_TEMP, NVML_FI_DEV_NVLINK_LINK_COUNT as NVLINK_LINK_COUNT,
        NVML_FI_DEV_REMAPPED_COR as REMAPPED_COR, NVML_FI_DEV_REMAPPED_FAILURE as REMAPPED_FAILURE,
        NVML_FI_DEV_REMAPPED_PENDING as REMAPPED_PENDING, NVML_FI_DEV_REMAPPED_UNC as REMAPPED_UNC,
    },
    nvmlDevice_t, nvmlEccCounterType_t, nvmlEnableState_t, nvmlFieldValue_t,
    nvmlMemoryErrorType_enum_NVML_MEMORY_ERROR_TYPE_CORRECTED as CORRECTED,
    nvmlMemoryErrorType_enum_NVML_MEMORY_ERROR_TYPE_UNCORRECTED as UNCORRECTED, nvmlMemoryErrorType_t,
    nvmlProcessInfo_t, nvmlReturn_enum_NVML_ERROR_INSUFFICIENT_SIZE as INSUFFICIENT_SIZE,
    nvmlReturn_enum_NVML_ERROR_INVALID_ARGUMENT as INVALID_ARGUMENT,
    nvmlReturn_enum_NVML_ERROR_NOT_SUPPORTED as NOT_SUPPORTED, nvmlReturn_enum_NVML_SUCCESS as SUCCESS, nvmlReturn_t,
    nvmlValueType_enum_NVML_VALUE_TYPE_UNSIGNED_INT as UNSIGNED_INT,
};

use super::{Moment, Outcome, answer, put};

/// NVLinks of a B200.
const NVLINKS: u32 = 18;
const PCIE_GENERATION: u32 = 5;
const PCIE_WIDTH: u32 = 16;
/// The process on GPU 0; the others follow.
const FIRST_PID: u32 = 40_961;
/// Less memory in use than this is the driver's own, not a process's, in bytes.
const CONTEXT_MEMORY: u64 = 600 << 20;

/// The rank of the engine's process with this id.
pub(super) fn process_rank(pid: c_uint) -> Option<u32> {
    pid.checked_sub(FIRST_PID)
}

#[unsafe(no_mangle)]
extern "C" fn nvmlDeviceGetTotalEccErrors(
    device: nvmlDevice_t,
    errors: nvmlMemoryErrorType_t,
    _counter: nvmlEccCounterType_t,
    count: *mut c_ulonglong,
) -> nvmlReturn_t {
    answer(device, |gpu| match errors {
        CORRECTED => put(count, gpu.own.ecc_corrected),
        UNCORRECTED => put(count, gpu.own.ecc_uncorrected),
        _ => Err(INVALID_ARGUMENT),
    })
}

#[unsafe(no_mangle)]
extern "C" fn nvmlDeviceGetFieldValues(
    device: nvmlDevice_t,
    count: c_int,
    values: *mut nvmlFieldValue_t,
) -> nvmlReturn_t {
    answer(device, |gpu| {
        let count = usize::try_from(count).map_err(|_| INVALID_ARGUMENT)?;
        if values.is_null() || count == 0 {
            return Err(INVALID_ARGUMENT);
        }
        // SAFETY: not null, and NVML requires of the caller that `count` fields are there, with their ids filled in.
        for value in unsafe { std::slice::from_raw_parts_mut(values, count) } {
            fill(value, gpu);
        }
        Ok(())
    })
}

fn fill(value: &mut nvmlFieldValue_t, gpu: &Moment) {
    let read = match value.fieldId {
        MEMORY_TEMP => Ok(gpu.figures.memory_temperature),
        NVLINK_LINK_COUNT => Ok(NVLINKS),
        REMAPPED_COR => Ok(0),
        REMAPPED_UNC => Ok(gpu.own.rows_remapped),
        REMAPPED_PENDING => Ok(u32::from(gpu.own.rows_remapped > 0)),
        REMAPPED_FAILURE => Ok(u32::from(gpu.own.row_remap_failed)),
        _ => Err(NOT_SUPPORTED),
    };
    value.timestamp = gpu.now.0 * 1_000;
    value.valueType = UNSIGNED_INT;
    match read {
        Ok(number) => {
            value.nvmlReturn = SUCCESS;
            value.value.uiVal = number;
        }
        Err(code) => value.nvmlReturn = code,
    }
}

#[unsafe(no_mangle)]
extern "C" fn nvmlDeviceGetNvLinkState(
    device: nvmlDevice_t,
    link: c_uint,
    active: *mut nvmlEnableState_t,
) -> nvmlReturn_t {
    answer(device, |gpu| {
        if link >= NVLINKS {
            return Err(INVALID_ARGUMENT);
        }
        put(active, nvmlEnableState_t::from(link >= gpu.own.nvlinks_down))
    })
}

#[unsafe(no_mangle)]
extern "C" fn nvmlDeviceGetCurrPcieLinkGeneration(device: nvmlDevice_t, generation: *mut c_uint) -> nvmlReturn_t {
    answer(device, |_| put(generation, PCIE_GENERATION))
}

#[unsafe(no_mangle)]
extern "C" fn nvmlDeviceGetMaxPcieLinkGeneration(device: nvmlDevice_t, generation: *mut c_uint) -> nvmlReturn_t {
    answer(device, |_| put(generation, PCIE_GENERATION))
}

#[unsafe(no_mangle)]
extern "C" fn nvmlDeviceGetCurrPcieLinkWidth(device: nvmlDevice_t, width: *mut c_uint) -> nvmlReturn_t {
    answer(device, |_| put(width, PCIE_WIDTH))
}

#[unsafe(no_mangle)]
extern "C" fn nvmlDeviceGetMaxPcieLinkWidth(device: nvmlDevice_t, width: *mut c_uint) -> nvmlReturn_t {
    answer(device, |_| put(width, PCIE_WIDTH))
}

#[unsafe(no_mangle)]
extern "C" fn nvmlDeviceGetPcieReplayCounter(device: nvmlDevice_t, replays: *mut c_uint) -> nvmlReturn_t {
    answer(device, |_| put(replays, 0))
}

#[unsafe(no_mangle)]
extern "C" fn nvmlDeviceGetComputeRunningProcesses_v3(
    device: nvmlDevice_t,
    count: *mut c_uint,
    processes: *mut nvmlProcessInfo_t,
) -> nvmlReturn_t {
    answer(device, |gpu| put_processes(gpu, count, processes))
}

/// One process that holds what is in use; none on a GPU that nobody uses.
fn put_processes(gpu: &Moment, count: *mut c_uint, processes: *mut nvmlProcessInfo_t) -> Outcome {
    // SAFETY: NVML requires a counter that says how many processes there is room for; a null pointer is refused.
    let room = *unsafe { count.as_ref() }.ok_or(INVALID_ARGUMENT)?;
    let memory = gpu.figures.memory_used.saturating_sub(CONTEXT_MEMORY);
    let running = u32::from(memory > 0);
    put(count, running)?;
    if room < running {
        return Err(INSUFFICIENT_SIZE);
    }
    if running == 0 {
        return Ok(());
    }
    put(
        processes,
        nvmlProcessInfo_t {
            pid: FIRST_PID + gpu.index,
            usedGpuMemory: memory,
            gpuInstanceId: u32::MAX,
            computeInstanceId: u32::MAX,
        },
    )
}
