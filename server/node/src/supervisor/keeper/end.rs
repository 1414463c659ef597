//! Ending the engine, to the last process and the last byte of a GPU's memory.

use std::{collections::BTreeSet, process::ExitStatus, time::Duration};

use tokio::time::sleep;

use super::{Engine, Keeper};
use crate::supervisor::{
    Stage, aftermath,
    attention::look,
    process,
    process_table::{Identity, killed_for_memory},
    start_log::{self, REASON_LINES},
};

/// How long to wait before trying again to end what does not end.
const END_AGAIN: Duration = Duration::from_secs(10);

impl Keeper {
    /// The engine has ended though nobody told it to.
    pub(super) async fn take_end(&mut self, mut engine: Engine, status: Option<ExitStatus>) {
        look(&self.log).await;
        let killed = killed_for_memory();
        let for_memory = engine.killed_before.is_some() && killed > engine.killed_before;
        let lines = self.lock_log().tail().last(REASON_LINES);
        let how = aftermath::words(status, for_memory);
        let reason = start_log::reason(&lines).map_or_else(String::new, |reason| format!(" {reason}"));
        self.fail(format!("The engine {how}.{reason}"));
        self.end(&mut engine).await;
    }

    /// Ends what is left of a run, and waits until nothing of it is: no process, no memory of a GPU.
    pub(super) async fn end(&mut self, engine: &mut Engine) {
        self.show(|now| now.stage = Stage::Stopping);
        let identity: Identity = engine.process.identity.clone();
        let holders = aftermath::holders(&self.inputs.gpus.borrow());
        let mut members: BTreeSet<u32> = identity.members().into_iter().collect();
        members.insert(identity.pid);
        let grace = Duration::from_secs(engine.launch.stop_seconds);
        while let Err(left) = process::end_all(&identity, grace).await {
            let detail = format!("Processes of the engine do not end, though they were killed: {left:?}.");
            tracing::error!(detail, "the engine");
            self.show(|now| now.process.detail = detail);
            sleep(END_AGAIN).await;
        }
        engine.process.ended().await;
        process::clean_up(&engine.launch).await;
        look(&self.log).await;
        let now = self.config.clock.now().0;
        if let Err(held) = aftermath::memory_is_free(&mut self.inputs.gpus, &members, &holders, now).await {
            tracing::error!(detail = held, "memory of a GPU is not given back");
            self.show(|now| now.process.detail = format!("{held}. A GPU that keeps memory may need a reset."));
        }
        tracing::info!(
            profile = engine.profile,
            pid = identity.pid,
            "nothing is left of the engine"
        );
        self.record.running = None;
        self.save();
        self.show(|now| {
            now.process.pid = None;
            now.stage = Stage::Idle;
            now.loading = None;
        });
    }
}
