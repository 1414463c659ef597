//! Measures what watching eight GPUs once a second costs: the CPU time of a process that does nothing else.
//!
//! The GPUs are simulated, so the time that their management library takes is that of the stand-in; all that this side
//! does with its answers is the real thing, up to the events for the console's pages.

use std::{error::Error, io::Write, process::ExitCode, time::Duration};

use clap::Parser;
use rustix::time::{ClockId, clock_gettime};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use worv_core::Clock;
use worv_node::gpu::{self, GpuConfig, minutes::MinuteMeter};
use worv_sim::gpus::{DemoGpus, built_library};

/// The share of one core that it may take.
const BUDGET: f64 = 0.01;

/// What watching the GPUs costs.
#[derive(Debug, Parser)]
struct Options {
    /// How long it is measured.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    let mut output = std::io::stdout();
    match measure(&Options::parse()).await {
        Ok((gpus, samples, cpu, time)) => {
            let share = cpu.as_secs_f64() / time.as_secs_f64();
            let (milliseconds, seconds) = (cpu.as_millis(), time.as_secs_f64());
            let _ = writeln!(
                output,
                "{samples} samples of {gpus} GPUs in {seconds:.0} s: {milliseconds} ms of CPU, {:.2}% of one core",
                share * 100.0
            );
            if share < BUDGET {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "telemetry: {error}");
            ExitCode::FAILURE
        }
    }
}

/// GPUs, samples of them, and the CPU time they took in how long.
async fn measure(options: &Options) -> Result<(usize, u64, Duration, Duration), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let gpus = DemoGpus::install(&built_library()?, folder.path())?;
    let (clock, cancel) = (Clock::System, CancellationToken::new());
    let config = GpuConfig {
        library: Some(gpus.library().to_owned()),
        ..GpuConfig::default()
    };
    let mut reports = gpu::watch(config, clock, cancel.clone());
    let history = gpu::record(reports.clone(), cancel);
    let mut minutes = MinuteMeter::default();
    // Loading the library is done once.
    reports.wait_for(|report| report.gpus.len() == 8).await?;
    let (begun, before) = (Instant::now(), cpu_time()?);
    let end = begun + Duration::from_secs(options.seconds);
    let mut samples = 0;
    while tokio::time::timeout_at(end, reports.changed())
        .await
        .is_ok_and(|changed| changed.is_ok())
    {
        let report = reports.borrow_and_update().clone();
        minutes.take(&report);
        serde_json::to_string(&report.overview())?;
        samples += 1;
    }
    let cpu = cpu_time()?.saturating_sub(before);
    let gpus = history.points().last().map_or(0, |point| point.gpus.len());
    Ok((gpus, samples, cpu, begun.elapsed()))
}

/// What this process has used of all cores, in user and kernel mode.
fn cpu_time() -> Result<Duration, std::num::TryFromIntError> {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    Ok(Duration::new(used.tv_sec.try_into()?, used.tv_nsec.try_into()?))
}
