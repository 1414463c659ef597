//! Xid errors: what the driver reports about a GPU, as it happens.

use nvml_wrapper::{Device, EventSet, Nvml, bitmasks::event::EventTypes, enums::event::XidError, error::NvmlError};
use worv_api::XidEvent;
use worv_core::UnixMillis;

/// The most events that one reading takes; a driver that reports more is heard at the next one.
const EVENTS_A_READING: usize = 16;
/// What NVML puts in place of a number that it does not know.
const UNKNOWN_XID: u64 = 999;

/// Listens for the Xid errors of one GPU.
#[derive(Default)]
pub(super) enum XidWatch<'nvml> {
    /// Not yet registered.
    #[default]
    Wanted,
    /// The driver collects events.
    Registered(EventSet<'nvml>),
    /// This GPU or driver has none to give.
    Unsupported,
}

impl<'nvml> XidWatch<'nvml> {
    /// Asks the driver for this GPU's events, until it has agreed to give them.
    pub(super) fn register(&mut self, nvml: &'nvml Nvml, device: &Device<'nvml>) {
        if !matches!(self, Self::Wanted) {
            return;
        }
        let registered = nvml.create_event_set().and_then(|set| {
            let registered = device.register_events(EventTypes::CRITICAL_XID_ERROR, set);
            registered.map_err(|failure| failure.error)
        });
        match registered {
            Ok(set) => *self = Self::Registered(set),
            Err(NvmlError::NotSupported | NvmlError::FailedToLoadSymbol(_)) => *self = Self::Unsupported,
            // Tried again with the next reading.
            Err(_) => {}
        }
    }

    /// The events since the last call. Never waits.
    pub(super) fn take(&mut self, now: UnixMillis) -> Vec<XidEvent> {
        let Self::Registered(set) = self else {
            return Vec::new();
        };
        let events = std::iter::from_fn(|| set.wait(0).ok()).take(EVENTS_A_READING);
        events
            .filter_map(|event| event.event_data)
            .map(|xid| event(xid, now))
            .collect()
    }
}

fn event(xid: XidError, now: UnixMillis) -> XidEvent {
    let xid = match xid {
        XidError::Value(number) => number,
        XidError::Unknown => UNKNOWN_XID,
    };
    XidEvent {
        at: now.0,
        xid,
        meaning: meaning(xid).to_owned(),
    }
}

/// What the numbers mean that a machine that serves models can meet. Source: NVIDIA, "Xid Errors".
fn meaning(xid: u64) -> &'static str {
    match xid {
        13 => "A program made the GPU's compute engine fail.",
        31 => "A program used GPU memory that it does not have.",
        43 => "A program made the GPU stop; the program is ended.",
        45 => "The driver ended a program's work after an earlier error.",
        48 => "The GPU's memory has lost data (uncorrectable ECC error).",
        61 | 62 => "The GPU's internal controller has failed; reset the GPU.",
        63 => "A faulty memory row is replaced with the next reset.",
        64 => "A faulty memory row could not be replaced; the GPU should be exchanged.",
        74 => "A link between GPUs has failed (NVLink).",
        79 => "The GPU has fallen off the bus; restart the machine.",
        92 => "The GPU's memory corrects unusually many errors.",
        94 => "A program was ended because memory lost its data (contained ECC error).",
        95 => "Memory has lost data and every program may be affected (uncontained ECC error); reset the GPU.",
        119 | 120 => "The GPU's system processor does not answer; reset the GPU.",
        140 => "The GPU has met an error of its memory that it could not recover from; reset the GPU.",
        149 => "A link between GPUs has failed and may need the machine to be restarted (NVLink).",
        154 => "The driver asks for the GPU or the machine to be restarted.",
        _ => "See NVIDIA's list of Xid errors.",
    }
}
