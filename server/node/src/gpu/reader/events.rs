//! The Xid errors of a GPU, as the driver reports them.

use nvml_wrapper::{Device, EventSet, Nvml, bitmasks::event::EventTypes, enums::event::XidError, error::NvmlError};
use worv_api::XidEvent;
use worv_core::UnixMillis;

use super::super::xid;

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
            .map(|error| xid::event(number(error), now))
            .collect()
    }
}

fn number(xid: XidError) -> u64 {
    match xid {
        XidError::Value(number) => number,
        XidError::Unknown => UNKNOWN_XID,
    }
}
