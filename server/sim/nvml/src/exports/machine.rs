//! The library and the machine.

use std::ffi::{c_char, c_uint};

use nvml_wrapper_sys::bindings::{nvmlReturn_enum_NVML_ERROR_NOT_FOUND as NOT_FOUND, nvmlReturn_t};

use super::{code, health::process_rank, put, put_text};
use crate::state;

/// A driver that is new enough for a B200, marked as what it is.
const DRIVER_VERSION: &str = "580.95.05-simulated";
const NVML_VERSION: &str = "13.580.95.05-simulated";

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

#[unsafe(no_mangle)]
extern "C" fn nvmlSystemGetProcessName(pid: c_uint, name: *mut c_char, length: c_uint) -> nvmlReturn_t {
    let put_name = |rank| put_text(name, length, &format!("VLLM::EngineCore_DP{rank}"));
    code(state::count().and_then(|count| match process_rank(pid) {
        Some(rank) if rank < count => put_name(rank),
        _ => Err(NOT_FOUND),
    }))
}
