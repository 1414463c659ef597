//! The GPU watch against the stand-in management library: the whole way from the C interface to the report.

#![expect(clippy::unwrap_used, reason = "what a test cannot set up is a failed test")]

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use worv_api::{Gpu, GpuReport, GpuSource};
use worv_core::{Clock, UnixMillis};
use worv_node::gpu::{self, GpuConfig};
use worv_nvml_sim::script::{Fault, GPU_IS_LOST, GpuScript, Script};
use worv_sim::gpus::{DemoGpus, built_library};

const MIB: u64 = 1 << 20;
const NOW: UnixMillis = UnixMillis(1_795_000_000_000);

/// A machine with eight simulated GPUs, watched every 50 ms.
struct Machine {
    gpus: DemoGpus,
    clock: Clock,
    reports: watch::Receiver<Arc<GpuReport>>,
    cancel: CancellationToken,
    // Dropped last: the library's files are in it.
    _dir: tempfile::TempDir,
}

impl Machine {
    fn start() -> Self {
        Self::scripted(&Script::default())
    }

    fn scripted(script: &Script) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let gpus = DemoGpus::install(&built_library().unwrap(), dir.path()).unwrap();
        script.write(gpus.library()).unwrap();
        let clock = Clock::manual(NOW);
        let cancel = CancellationToken::new();
        let reports = gpu::watch(config(Some(gpus.library())), clock.clone(), cancel.clone());
        Self {
            gpus,
            clock,
            reports,
            cancel,
            _dir: dir,
        }
    }

    fn script(&self, script: &Script) {
        script.write(self.gpus.library()).unwrap();
    }

    fn script_gpu(&self, index: u32, gpu: GpuScript) {
        self.script(&Script::default().with_gpu(index, gpu));
    }

    async fn until(&mut self, wanted: impl Fn(&GpuReport) -> bool) -> Arc<GpuReport> {
        let seen = self.reports.wait_for(|report| wanted(report)).await;
        Arc::clone(&seen.expect("the watch goes on"))
    }

    async fn until_fault(&mut self, index: usize, words: &str) -> Arc<GpuReport> {
        self.until(|report| fault(report, index) == words).await
    }

    async fn until_all_answer(&mut self) -> Arc<GpuReport> {
        self.until(|report| report.gpus.len() == 8 && report.gpus.iter().all(healthy))
            .await
    }
}

fn config(library: Option<&Path>) -> GpuConfig {
    GpuConfig {
        library: library.map(PathBuf::from),
        interval: Duration::from_millis(50),
    }
}

fn healthy(gpu: &Gpu) -> bool {
    gpu.fault.is_none() && gpu.sampled_at > 0
}

fn fault(report: &GpuReport, index: usize) -> &str {
    let gpu = report.gpus.get(index);
    gpu.and_then(|gpu| gpu.fault.as_deref()).unwrap_or_default()
}

#[tokio::test]
async fn eight_b200s_are_read_with_every_figure() {
    let mut machine = Machine::start();
    assert_eq!(machine.reports.borrow().source, GpuSource::Starting);
    let report = machine.until_all_answer().await;
    assert_eq!(report.sampled_at, NOW.0);
    assert!(matches!(&report.source, GpuSource::Nvml { driver_version } if driver_version == "580.95.05-simulated"));
    for (index, gpu) in (0..).zip(&report.gpus) {
        assert_eq!(
            (gpu.index, gpu.name.as_str(), gpu.sampled_at),
            (index, "NVIDIA B200", NOW.0)
        );
        assert_eq!(gpu.uuid, format!("GPU-5eedb200-0000-4000-8000-{index:012x}"));
        assert_eq!(gpu.memory_total, 183_359 * MIB);
        let percent = gpu.memory_used * 100 / gpu.memory_total;
        assert!((88..93).contains(&percent), "{percent}% in use");
        assert!((20..50).contains(&gpu.utilization_percent.unwrap()));
        assert!((40..60).contains(&gpu.temperature_celsius.unwrap()));
        assert!((350.0..500.0).contains(&gpu.power_watts.unwrap()));
        assert!((gpu.power_limit_watts.unwrap() - 1_000.0).abs() < f64::EPSILON);
    }
}

#[tokio::test]
async fn a_changed_load_shows() {
    let mut machine = Machine::start();
    machine.until_all_answer().await;
    for load in [1.0, 0.0] {
        machine.gpus.set_load(load).unwrap();
        machine
            .until(|report| {
                report
                    .gpus
                    .iter()
                    .all(|gpu| (gpu.utilization_percent > Some(85)) == (load > 0.5))
            })
            .await;
    }
}

#[tokio::test]
async fn a_gpu_that_fell_off_the_bus_keeps_its_last_figures_and_hides_no_other() {
    let mut machine = Machine::start();
    let before = machine.until_all_answer().await;
    machine.clock.advance(Duration::from_mins(1));
    machine.script_gpu(3, GpuScript::failing(Fault::Error(GPU_IS_LOST)));
    let words = "The GPU has fallen off the bus and cannot be reached; restart the machine.";
    let report = machine.until_fault(3, words).await;
    assert_eq!(report.gpus[3].uuid, before.gpus[3].uuid);
    assert!(
        report.gpus[3].memory_used > 0,
        "an unreadable figure is not shown as zero"
    );
    assert!(report.gpus[3].sampled_at < report.sampled_at, "and its age can be told");
    let report = machine
        .until(|report| report.gpus.iter().filter(|gpu| gpu.fault.is_none()).count() == 7)
        .await;
    assert_eq!(report.gpus[7].sampled_at, report.sampled_at);

    machine.script(&Script::default());
    machine.until_all_answer().await;
}

#[tokio::test]
async fn a_call_that_hangs_is_said_in_words_and_hides_no_other() {
    let mut machine = Machine::start();
    machine.until_all_answer().await;
    machine.script_gpu(5, GpuScript::failing(Fault::Hangs));
    let hangs = |report: &GpuReport| fault(report, 5).starts_with("The NVIDIA driver has not answered for ");
    let report = machine
        .until(|report| hangs(report) && report.gpus.iter().filter(|gpu| healthy(gpu)).count() == 7)
        .await;
    assert!(report.gpus[5].memory_used > 0);
    machine
        .until(|report| hangs(report) && !fault(report, 5).ends_with(" 1 s."))
        .await;

    machine.script(&Script::default());
    machine.until_all_answer().await;
}

#[tokio::test]
async fn a_gpu_that_never_answered_has_no_figures() {
    let script = Script::default().with_gpu(0, GpuScript::failing(Fault::Error(16)));
    let mut machine = Machine::scripted(&script);
    let words = "The GPU needs a reset before it can be used again.";
    let report = machine.until_fault(0, words).await;
    assert_eq!((report.gpus[0].index, report.gpus[0].sampled_at), (0, 0));
}

#[tokio::test]
async fn error_codes_that_nobody_named_are_shown_by_number() {
    let mut machine = Machine::start();
    machine.until_all_answer().await;
    machine.script_gpu(1, GpuScript::failing(Fault::Error(4242)));
    machine
        .until(|report| fault(report, 1) == "The NVIDIA driver reports error 4242.")
        .await;
}

#[tokio::test]
async fn a_hot_gpu_is_a_figure_and_not_a_fault() {
    let mut machine = Machine::start();
    let hot = GpuScript {
        temperature: Some(97),
        ..GpuScript::default()
    };
    machine.script_gpu(2, hot);
    let report = machine
        .until(|report| {
            report
                .gpus
                .get(2)
                .is_some_and(|gpu| gpu.temperature_celsius == Some(97))
        })
        .await;
    assert_eq!(report.gpus[2].fault, None);
}

#[tokio::test]
async fn a_library_that_fails_for_every_gpu_is_loaded_anew() {
    let mut machine = Machine::start();
    machine.until_all_answer().await;
    // The count is read when the library starts; that there are fewer GPUs shows that it started again.
    let mut script = Script {
        count: 4,
        ..Script::default()
    };
    for index in 0..8 {
        script = script.with_gpu(index, GpuScript::failing(Fault::Error(1)));
    }
    machine.script(&script);
    machine.until(|report| report.gpus.len() == 4).await;
    script.gpus.clear();
    machine.script(&script);
    machine.until(|report| report.gpus.iter().all(healthy)).await;
}

#[tokio::test]
async fn a_driver_that_does_not_start_is_failing_until_it_does() {
    let mut machine = Machine::scripted(&Script {
        init: Some(Fault::Error(9)),
        ..Script::default()
    });
    let report = machine.until(|report| report.source != GpuSource::Starting).await;
    let reason = "The NVIDIA driver does not start: The NVIDIA driver is not loaded.".to_owned();
    assert_eq!(report.source, GpuSource::Failing { reason });
    assert!(report.gpus.is_empty());
    machine.script(&Script::default());
    machine.until_all_answer().await;
}

#[tokio::test]
async fn a_driver_that_hangs_when_it_starts_is_failing_until_it_does() {
    let mut machine = Machine::scripted(&Script {
        init: Some(Fault::Hangs),
        ..Script::default()
    });
    let failing = |report: &GpuReport| matches!(&report.source, GpuSource::Failing { reason } if reason.contains("has not answered for 1 s"));
    machine.until(failing).await;
    machine.script(&Script::default());
    machine.until_all_answer().await;
}

#[tokio::test]
async fn no_gpu_is_a_normal_state() {
    let mut machine = Machine::scripted(&Script {
        count: 0,
        ..Script::default()
    });
    let report = machine.until(|report| report.source != GpuSource::Starting).await;
    let reason = "The NVIDIA driver is running, but finds no GPU.".to_owned();
    assert_eq!(report.source, GpuSource::Absent { reason });
}

#[tokio::test]
async fn a_configured_library_that_is_missing_is_a_mistake() {
    let config = config(Some(Path::new("/nonexistent/libnvidia-ml.so.1")));
    let mut reports = gpu::watch(config, Clock::manual(NOW), CancellationToken::new());
    let report = reports
        .wait_for(|report| report.source != GpuSource::Starting)
        .await
        .unwrap();
    let GpuSource::Failing { reason } = &report.source else {
        panic!("{:?}", report.source);
    };
    assert!(
        reason.starts_with("The configured management library cannot be loaded: /nonexistent/"),
        "{reason}"
    );
}

#[tokio::test]
async fn a_script_that_cannot_be_understood_is_an_error_of_the_library() {
    let mut machine = Machine::start();
    machine.until_all_answer().await;
    std::fs::write(Script::path(machine.gpus.library()), "{").unwrap();
    machine
        .until(|report| fault(report, 0) == "The NVIDIA driver reports an internal error.")
        .await;
}

#[tokio::test]
async fn the_watch_ends_when_it_is_cancelled() {
    let mut machine = Machine::start();
    machine.until_all_answer().await;
    machine.cancel.cancel();
    while machine.reports.changed().await.is_ok() {}
}
