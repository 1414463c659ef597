//! NVML's C interface, and what every function of it needs.

#![expect(
    unsafe_code,
    reason = "a C library: exported symbols, and pointers that its caller hands over"
)]

use std::ffi::{c_char, c_uint};

use nvml_wrapper_sys::bindings::{
    nvmlDevice_t, nvmlReturn_enum_NVML_ERROR_INSUFFICIENT_SIZE as INSUFFICIENT_SIZE,
    nvmlReturn_enum_NVML_ERROR_INVALID_ARGUMENT as INVALID_ARGUMENT, nvmlReturn_enum_NVML_SUCCESS as SUCCESS,
    nvmlReturn_t,
};
use worv_core::{Clock, UnixMillis};

use super::{
    figures::{Figures, whole},
    meters,
    script::{GpuScript, Script},
    state,
};

mod device;
mod events;
mod health;
mod machine;
mod performance;

type Outcome = Result<(), nvmlReturn_t>;

/// One GPU at the moment of a call.
struct Moment {
    index: u32,
    now: UnixMillis,
    /// What the script says about this GPU.
    own: GpuScript,
    figures: Figures,
}

/// Answers a question about one GPU, unless its script lets the call fail or hang.
fn answer(device: nvmlDevice_t, give: impl FnOnce(&Moment) -> Outcome) -> nvmlReturn_t {
    code(index_of(device).and_then(|index| {
        let script = state::script_for(index)?;
        give(&Moment::new(index, &script))
    }))
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

impl Moment {
    fn new(index: u32, script: &Script) -> Self {
        let now = Clock::System.now();
        let own = script.gpus.get(&index).cloned().unwrap_or_default();
        let settled = Figures::at(now, index, script);
        let figures = match own.temperature {
            Some(_) => settled,
            None => settled.at_temperature(whole(meters::temperature(index, now, settled.temperature))),
        };
        Self {
            index,
            now,
            own,
            figures,
        }
    }
}
