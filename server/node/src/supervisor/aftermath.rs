//! After the engine's end: in words how it ended, and whether the GPUs' memory is free again.

use std::{collections::BTreeSet, os::unix::process::ExitStatusExt, process::ExitStatus, sync::Arc, time::Duration};

use tokio::{sync::watch, time::timeout};
use worv_api::{Gpu, GpuReport, GpuSource};

use super::process_table::exists;

/// How long the driver may take to give the memory of ended processes back.
const MEMORY_PATIENCE: Duration = Duration::from_secs(30);

/// `SIGKILL`.
const KILLED: i32 = 9;

/// How a process ended that nobody here has told to. `out_of_memory` says whether the system has killed any process for
/// want of memory meanwhile.
pub(super) fn words(status: Option<ExitStatus>, out_of_memory: bool) -> String {
    let Some(status) = status else {
        return "ended by itself".to_owned();
    };
    match (status.code(), status.signal()) {
        (_, Some(KILLED)) if out_of_memory => "was killed by the system for want of memory".to_owned(),
        (_, Some(KILLED)) => "was killed (SIGKILL)".to_owned(),
        (_, Some(signal)) => format!("was ended by signal {signal}"),
        (Some(code), _) => format!("ended by itself with code {code}"),
        (None, None) => "ended by itself".to_owned(),
    }
}

/// Every process that holds memory of a GPU.
pub(super) fn holders(report: &GpuReport) -> BTreeSet<u32> {
    processes(report).map(|(_, pid)| pid).collect()
}

/// Waits until no GPU shows memory of a process that was the engine's, or of one that held some before and is gone.
///
/// # Errors
/// In words which GPU still does.
pub(super) async fn memory_is_free(
    gpus: &mut watch::Receiver<Arc<GpuReport>>,
    engine: &BTreeSet<u32>,
    before: &BTreeSet<u32>,
    now: i64,
) -> Result<(), String> {
    let is_held = |pid: u32| engine.contains(&pid) || (before.contains(&pid) && !exists(pid));
    let is_free = |report: &Arc<GpuReport>| {
        // Without figures there is nothing to wait for, and with old ones nothing to be learnt from them.
        let is_read = matches!(report.source, GpuSource::Nvml { .. });
        !is_read || (report.sampled_at > now && !processes(report).any(|(_, pid)| is_held(pid)))
    };
    if matches!(timeout(MEMORY_PATIENCE, gpus.wait_for(is_free)).await, Ok(Ok(_))) {
        return Ok(());
    }
    let report = gpus.borrow();
    let held = processes(&report).find(|(_, pid)| is_held(*pid));
    // If none is, the watch has ended or hangs, which is shown where the GPUs are.
    held.map_or(Ok(()), |(gpu, pid)| {
        let index = gpu.index;
        Err(format!(
            "GPU {index} still shows memory of process {pid}, which is gone"
        ))
    })
}

fn processes(report: &GpuReport) -> impl Iterator<Item = (&Gpu, u32)> {
    let of_gpu = |gpu| {
        let gpu: &Gpu = gpu;
        gpu.processes.iter().flatten().map(move |process| (gpu, process.pid))
    };
    report.gpus.iter().flat_map(of_gpu)
}

#[cfg(test)]
mod tests {
    use worv_api::GpuProcess;

    use super::*;

    fn report(sampled_at: i64, pids: &[u32]) -> Arc<GpuReport> {
        let process = |pid: &u32| GpuProcess {
            pid: *pid,
            name: String::new(),
            memory_used: Some(1),
        };
        Arc::new(GpuReport {
            source: GpuSource::Nvml {
                driver_version: String::new(),
            },
            sampled_at,
            gpus: vec![Gpu {
                index: 3,
                processes: Some(pids.iter().map(process).collect()),
                ..Gpu::default()
            }],
        })
    }

    #[test]
    fn ends_are_told_apart() {
        let ended = |raw| Some(ExitStatus::from_raw(raw));
        assert_eq!(words(ended(1 << 8), false), "ended by itself with code 1");
        assert_eq!(words(ended(9), false), "was killed (SIGKILL)");
        assert_eq!(words(ended(9), true), "was killed by the system for want of memory");
        assert_eq!(words(ended(11), true), "was ended by signal 11");
        assert_eq!(words(None, false), "ended by itself");
    }

    #[tokio::test(start_paused = true)]
    async fn memory_is_waited_for_and_named_if_it_stays() {
        // No process has a number this high (proc(5), `pid_max`).
        let (engine, stranger) = (u32::MAX - 1, std::process::id());
        let (sender, mut gpus) = watch::channel(report(5, &[engine, stranger]));
        let (known, before) = (BTreeSet::from([engine]), holders(&report(5, &[engine, stranger])));
        let stays = memory_is_free(&mut gpus, &known, &before, 5).await.unwrap_err();
        assert_eq!(
            stays,
            format!("GPU 3 still shows memory of process {engine}, which is gone")
        );
        sender.send_replace(report(6, &[stranger]));
        assert_eq!(memory_is_free(&mut gpus, &known, &before, 5).await, Ok(()));
    }
}
