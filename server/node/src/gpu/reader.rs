//! The thread that reads one GPU.

use std::{
    sync::{Arc, mpsc},
    thread,
};

use nvml_wrapper::{Device, Nvml};
use tokio::sync::mpsc::UnboundedSender;
use worv_api::{Gpu, XidEvent};
use worv_core::Clock;

use self::{events::XidWatch, traffic::TrafficMeter};
use super::fault;

mod events;
mod figures;
mod traffic;

/// What came of reading one GPU.
pub(super) struct Reading {
    pub(super) index: u32,
    /// The figures, or why there are none, in words.
    pub(super) gpu: Result<Gpu, String>,
    /// Errors that the driver has reported since the last reading, also about a GPU that cannot be read any more.
    pub(super) xids: Vec<XidEvent>,
}

/// Starts a thread that reads GPU `index` once for each request, until the sender is dropped.
pub(super) fn spawn(nvml: Arc<Nvml>, index: u32, clock: Clock, readings: UnboundedSender<Reading>) -> mpsc::Sender<()> {
    let (ask, requests) = mpsc::channel();
    let reader = move || {
        let mut reader = Reader::new(&nvml, index, clock);
        for () in requests {
            if readings.send(reader.read()).is_err() {
                return;
            }
        }
        // Before `readings`, whose end says that this reader has let go of the library.
        drop(reader);
        drop(nvml);
    };
    // Without its thread the GPU never answers, and is shown as one that does not.
    if let Err(error) = thread::Builder::new().name(format!("nvml-{index}")).spawn(reader) {
        tracing::error!(%error, gpu = index, "cannot start the thread that reads a GPU");
    }
    ask
}

struct Reader<'nvml> {
    nvml: &'nvml Nvml,
    index: u32,
    clock: Clock,
    xids: XidWatch<'nvml>,
    traffic: TrafficMeter<'nvml>,
}

impl<'nvml> Reader<'nvml> {
    fn new(nvml: &'nvml Nvml, index: u32, clock: Clock) -> Self {
        Self {
            nvml,
            index,
            clock,
            xids: XidWatch::default(),
            traffic: TrafficMeter::default(),
        }
    }

    fn read(&mut self) -> Reading {
        // A handle of its own for each reading: one that was taken before a reset is no longer valid after it.
        let device = self.nvml.device_by_index(self.index);
        if let Ok(device) = &device {
            self.xids.register(self.nvml, device);
        }
        let gpu = device.and_then(|device: Device<'nvml>| {
            let traffic = self.traffic.measure(&device);
            figures::read(&device, self.index, traffic, self.clock.now())
        });
        Reading {
            index: self.index,
            gpu: gpu.map_err(|error| fault::words(&error)),
            xids: self.xids.take(self.clock.now()),
        }
    }
}
