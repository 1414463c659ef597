//! Reading one GPU.

use std::{
    sync::{Arc, mpsc},
    thread,
};

use nvml_wrapper::{Nvml, enum_wrappers::device::TemperatureSensor, error::NvmlError};
use tokio::sync::mpsc::UnboundedSender;
use worv_api::Gpu;
use worv_core::Clock;

use super::fault;

/// What came of reading one GPU.
pub(super) struct Reading {
    pub(super) index: u32,
    /// The figures, or why there are none, in words.
    pub(super) gpu: Result<Gpu, String>,
}

/// Starts a thread that reads GPU `index` once for each request, until the sender is dropped.
pub(super) fn spawn(nvml: Arc<Nvml>, index: u32, clock: Clock, readings: UnboundedSender<Reading>) -> mpsc::Sender<()> {
    let (ask, requests) = mpsc::channel();
    let reader = move || {
        for () in requests {
            let gpu = read(&nvml, index, &clock).map_err(|error| fault::words(&error));
            if readings.send(Reading { index, gpu }).is_err() {
                return;
            }
        }
        // Before `readings`, whose end says that this reader has let go of the library.
        drop(nvml);
    };
    // Without its thread the GPU never answers, and is shown as one that does not.
    if let Err(error) = thread::Builder::new().name(format!("nvml-{index}")).spawn(reader) {
        tracing::error!(%error, gpu = index, "cannot start the thread that reads a GPU");
    }
    ask
}

/// Reads what every GPU must tell; a further figure that cannot be read is a fault beside those that can.
fn read(nvml: &Nvml, index: u32, clock: &Clock) -> Result<Gpu, NvmlError> {
    // A handle of its own for each reading: one that was taken before a reset is no longer valid after it.
    let device = nvml.device_by_index(index)?;
    let memory = device.memory_info()?;
    let mut faults = Faults::default();
    Ok(Gpu {
        index,
        sampled_at: clock.now().0,
        name: device.name()?,
        uuid: device.uuid()?,
        memory_used: memory.used,
        memory_total: memory.total,
        utilization_percent: faults.optional(device.utilization_rates()).map(|rates| rates.gpu),
        temperature_celsius: faults.optional(device.temperature(TemperatureSensor::Gpu)),
        power_watts: faults.optional(device.power_usage()).map(watts),
        power_limit_watts: faults.optional(device.enforced_power_limit()).map(watts),
        fault: faults.first,
    })
}

/// Collects what goes wrong beside the figures that can be read.
#[derive(Default)]
struct Faults {
    first: Option<String>,
}

impl Faults {
    /// The figure; none where the GPU has no such figure, and where reading it fails, which is a fault.
    fn optional<T>(&mut self, figure: Result<T, NvmlError>) -> Option<T> {
        match figure {
            Ok(figure) => Some(figure),
            Err(error) => {
                if !fault::is_absence(&error) {
                    self.first.get_or_insert_with(|| fault::words(&error));
                }
                None
            }
        }
    }
}

fn watts(milliwatts: u32) -> f64 {
    f64::from(milliwatts) / 1_000.0
}
