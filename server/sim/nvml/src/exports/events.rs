//! Events: the Xid errors that the driver reports.

use std::{
    collections::BTreeMap,
    ffi::{c_uint, c_ulonglong},
    time::Duration,
};

use nvml_wrapper_sys::bindings::{
    nvmlDevice_t, nvmlEventData_t, nvmlEventSet_t, nvmlEventTypeXidCriticalError as XID_CRITICAL_ERROR,
    nvmlReturn_enum_NVML_ERROR_TIMEOUT as TIMEOUT, nvmlReturn_t,
};
use worv_core::Clock;

use super::{answer, code, handle, put};
use crate::{handles::Handles, script::Script, state};

static SETS: Handles<EventSet> = Handles::new();

/// For each registered GPU how many of its script's Xids have been handed out.
type EventSet = BTreeMap<u32, usize>;

#[unsafe(no_mangle)]
extern "C" fn nvmlEventSetCreate(set: *mut nvmlEventSet_t) -> nvmlReturn_t {
    code(state::count().and_then(|_| put(set, SETS.add(EventSet::new()))))
}

#[unsafe(no_mangle)]
extern "C" fn nvmlDeviceRegisterEvents(device: nvmlDevice_t, types: c_ulonglong, set: nvmlEventSet_t) -> nvmlReturn_t {
    answer(device, |gpu| {
        SETS.with(set, |seen| {
            if types & c_ulonglong::from(XID_CRITICAL_ERROR) != 0 {
                seen.insert(gpu.index, gpu.own.xids.len());
            }
            Ok(())
        })
    })
}

#[unsafe(no_mangle)]
extern "C" fn nvmlEventSetWait_v2(
    set: nvmlEventSet_t,
    data: *mut nvmlEventData_t,
    timeout_milliseconds: c_uint,
) -> nvmlReturn_t {
    let patience = Duration::from_millis(timeout_milliseconds.into());
    let started = Clock::System.now();
    let wait = || {
        loop {
            let script = state::script()?;
            if let Some((index, xid)) = SETS.with(set, |seen| Ok(next(seen, &script)))? {
                return put(data, event(index, xid));
            }
            if Clock::System.now().since(started) >= patience {
                return Err(TIMEOUT);
            }
            state::pause();
        }
    };
    code(wait())
}

#[unsafe(no_mangle)]
extern "C" fn nvmlEventSetFree(set: nvmlEventSet_t) -> nvmlReturn_t {
    code(SETS.remove(set))
}

/// The next Xid that has not been handed out, and its GPU.
fn next(set: &mut EventSet, script: &Script) -> Option<(u32, u64)> {
    set.iter_mut().find_map(|(&index, seen)| {
        let xids = script.gpus.get(&index).map_or(&[][..], |gpu| &gpu.xids);
        // A script that has become shorter starts over.
        *seen = (*seen).min(xids.len());
        let xid = *xids.get(*seen)?;
        *seen += 1;
        Some((index, xid))
    })
}

fn event(index: u32, xid: u64) -> nvmlEventData_t {
    nvmlEventData_t {
        device: handle(index),
        eventType: XID_CRITICAL_ERROR.into(),
        eventData: xid,
        gpuInstanceId: u32::MAX,
        computeInstanceId: u32::MAX,
    }
}
