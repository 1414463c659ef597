//! What can be wrong with a GPU, its driver or its library.

use std::{path::Path, time::Duration};

use tokio_util::sync::CancellationToken;
use worv_api::{GpuReport, GpuSource};
use worv_core::Clock;
use worv_node::gpu;
use worv_nvml_sim::script::{Fault, GpuScript, Script};

use super::machine::{Machine, NOW, config, fault, healthy};

#[tokio::test]
async fn a_gpu_that_fell_off_the_bus_keeps_its_last_figures_and_hides_no_other() {
    let mut machine = Machine::start();
    let before = machine.until_all_answer().await;
    machine.clock.advance(Duration::from_mins(1));
    machine.script_gpu(3, GpuScript::fallen_off_the_bus());
    let words = "The GPU has fallen off the bus and cannot be reached; restart the machine.";
    let report = machine.until_fault(3, words).await;
    assert_eq!(report.gpus[3].uuid, before.gpus[3].uuid);
    assert!(
        report.gpus[3].memory_used > 0,
        "an unreadable figure is not shown as zero"
    );
    let report = machine.until(|report| !report.gpus[3].xids.is_empty()).await;
    assert_eq!(
        report.gpus[3].xids[0].xid, 79,
        "the driver's report is heard all the same"
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
