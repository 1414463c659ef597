//! All GPUs side by side: asked together, and answered for one by one.

use std::{
    sync::{Arc, mpsc},
    time::Duration,
};

use tokio::{
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time::{Instant, timeout_at},
};
use worv_api::Gpu;
use worv_core::Clock;

use super::{
    fault,
    library::Library,
    reader::{self, Reading},
    xid,
};

/// The readers of all GPUs and what they last read.
pub(super) struct Panel {
    slots: Vec<Slot>,
    readings: UnboundedReceiver<Reading>,
}

struct Slot {
    /// The last figures, and what came of reading them.
    gpu: Gpu,
    ask: mpsc::Sender<()>,
    /// Since when an answer is awaited; none while it was not asked.
    asked: Option<Instant>,
}

impl Panel {
    /// Starts a reader for each GPU. Those that cannot be read at first show what `known` has of them.
    pub(super) fn new(library: &Library, clock: &Clock, known: &[Gpu]) -> Self {
        let (answers, readings) = unbounded_channel();
        let slot = |index| Slot {
            gpu: known
                .iter()
                .find(|gpu| gpu.index == index)
                .cloned()
                .unwrap_or_else(|| Gpu {
                    index,
                    ..Gpu::default()
                }),
            ask: reader::spawn(Arc::clone(&library.nvml), index, clock.clone(), answers.clone()),
            asked: None,
        };
        Self {
            slots: (0..library.gpus).map(slot).collect(),
            readings,
        }
    }

    /// Reads every GPU that is not still busy with an earlier reading, and waits no longer than `patience` for it.
    pub(super) async fn read(&mut self, patience: Duration) -> Vec<Gpu> {
        while let Ok(late) = self.readings.try_recv() {
            self.take(late);
        }
        let now = Instant::now();
        for slot in self.slots.iter_mut().filter(|slot| slot.asked.is_none()) {
            slot.asked = Some(now);
            // A reader that is gone never answers, which shows.
            let _ = slot.ask.send(());
        }
        while self.slots.iter().any(|slot| slot.asked == Some(now)) {
            match timeout_at(now + patience, self.readings.recv()).await {
                Ok(Some(reading)) => self.take(reading),
                Ok(None) | Err(_) => break,
            }
        }
        self.slots.iter().map(Slot::shown).collect()
    }

    /// Whether a GPU has not answered yet.
    pub(super) fn is_waiting(&self) -> bool {
        self.slots.iter().any(|slot| slot.asked.is_some())
    }

    /// Ends the readers, and with the last of them the library is shut down. Never returns while a call hangs.
    pub(super) async fn close(mut self) {
        self.slots.clear();
        while self.readings.recv().await.is_some() {}
    }

    fn take(&mut self, reading: Reading) {
        let Some(slot) = self.slots.get_mut(reading.index as usize) else {
            return;
        };
        slot.asked = None;
        let mut xids = std::mem::take(&mut slot.gpu.xids);
        xid::remember(&mut xids, reading.xids);
        match reading.gpu {
            Ok(gpu) => slot.gpu = gpu,
            Err(fault) => slot.gpu.fault = Some(fault),
        }
        slot.gpu.xids = xids;
    }
}

impl Slot {
    fn shown(&self) -> Gpu {
        let mut gpu = self.gpu.clone();
        if let Some(asked) = self.asked {
            gpu.fault = Some(fault::unanswered(asked.elapsed()));
        }
        gpu
    }
}
