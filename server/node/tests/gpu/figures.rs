//! What is read of a GPU that works.

use std::time::Duration;

use worv_api::{EccErrors, GpuSource, RowRemaps, ThrottleReason};
use worv_node::gpu;
use worv_nvml_sim::script::{GpuScript, Script};

use super::machine::{Machine, NOW, healthy};

const MIB: u64 = 1 << 20;

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
async fn links_clocks_and_processes_are_read() {
    let mut machine = Machine::start();
    // Traffic is measured between two readings.
    let report = machine
        .until(|report| {
            report
                .gpus
                .iter()
                .any(|gpu| gpu.pcie.is_some_and(|link| link.traffic.is_some()))
        })
        .await;
    let gpu = report
        .gpus
        .iter()
        .find(|gpu| gpu.pcie.is_some_and(|link| link.traffic.is_some()))
        .unwrap();
    let pcie = gpu.pcie.unwrap();
    assert_eq!(
        (pcie.generation, pcie.generation_max, pcie.width, pcie.width_max),
        (5, 5, 16, 16)
    );
    assert_eq!(pcie.replays, Some(0));
    let nvlink = gpu.nvlink.unwrap();
    assert_eq!((nvlink.active, nvlink.total), (18, 18));
    assert!(nvlink.traffic.unwrap().sent > pcie.traffic.unwrap().sent);
    assert_eq!((gpu.sm_clock_mhz, gpu.memory_clock_mhz), (Some(1_965), Some(3_996)));
    assert_eq!(
        gpu.memory_temperature_celsius,
        gpu.temperature_celsius.map(|celsius| celsius + 6)
    );
    assert_eq!(gpu.memory_reserved, Some(602 * MIB));
    assert_eq!(
        (gpu.ecc, gpu.row_remaps),
        (Some(EccErrors::default()), Some(RowRemaps::default()))
    );
    assert!(gpu.throttle.is_empty());
    let [process] = gpu.processes.as_deref().unwrap() else {
        panic!("{:?}", gpu.processes);
    };
    assert_eq!(process.name, format!("VLLM::EngineCore_DP{}", gpu.index));
    assert!(process.memory_used.unwrap() > 150 << 30 && process.memory_used.unwrap() < gpu.memory_used);
}

#[tokio::test]
async fn energy_is_a_counter_that_grows() {
    let mut machine = Machine::start();
    let first = machine.until_all_answer().await.gpus[0].energy_joules.unwrap();
    machine
        .until(|report| report.gpus[0].energy_joules.unwrap() > first)
        .await;
}

#[tokio::test]
async fn a_gpu_that_nobody_uses_has_no_processes() {
    let mut machine = Machine::scripted(&Script {
        memory: 0.0,
        ..Script::default()
    });
    let report = machine.until_all_answer().await;
    assert!(report.gpus.iter().all(|gpu| gpu.processes.as_deref() == Some(&[])));
}

#[tokio::test]
async fn a_hot_gpu_is_throttled_and_not_at_fault() {
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
                .is_some_and(|gpu| gpu.temperature_celsius == Some(97) && healthy(gpu))
        })
        .await;
    assert_eq!(report.gpus[2].throttle, [ThrottleReason::Thermal]);
    assert_eq!(report.gpus[2].sm_clock_mhz, Some(1_170));
}

#[tokio::test]
async fn errors_of_the_memory_and_links_that_are_down_show() {
    let mut machine = Machine::start();
    let ill = GpuScript {
        ecc_corrected: 12,
        ecc_uncorrected: 1,
        rows_remapped: 1,
        row_remap_failed: true,
        nvlinks_down: 2,
        ..GpuScript::default()
    };
    machine.script_gpu(6, ill);
    let errors = EccErrors {
        corrected: 12,
        uncorrected: 1,
    };
    let report = machine
        .until(|report| report.gpus.get(6).is_some_and(|gpu| gpu.ecc == Some(errors)))
        .await;
    let remaps = RowRemaps {
        correctable: 0,
        uncorrectable: 1,
        pending: true,
        failed: true,
    };
    assert_eq!(report.gpus[6].row_remaps, Some(remaps));
    assert_eq!(report.gpus[6].nvlink.unwrap().active, 16);
}

#[tokio::test]
async fn what_the_driver_reports_is_remembered_and_bounded() {
    let mut machine = Machine::start();
    machine.until_all_answer().await;
    machine.clock.advance(Duration::from_mins(1));
    let mut gpu = GpuScript {
        xids: vec![94],
        ..GpuScript::default()
    };
    machine.script_gpu(4, gpu.clone());
    let report = machine.until(|report| !report.gpus[4].xids.is_empty()).await;
    let event = &report.gpus[4].xids[0];
    assert_eq!((event.xid, event.at), (94, NOW.0 + 60_000));
    assert_eq!(
        event.meaning,
        "A program was ended because memory lost its data (contained ECC error)."
    );
    assert!(report.gpus[5].xids.is_empty());

    gpu.xids.extend(0..40);
    machine.script_gpu(4, gpu);
    let report = machine
        .until(|report| report.gpus[4].xids.last().is_some_and(|event| event.xid == 39))
        .await;
    let xids: Vec<u64> = report.gpus[4].xids.iter().map(|event| event.xid).collect();
    assert_eq!(xids, (24..40).collect::<Vec<u64>>());
}

#[tokio::test]
async fn the_last_minutes_are_kept() {
    let mut machine = Machine::start();
    let history = gpu::record(machine.reports.clone(), machine.cancel.clone());
    machine.until_all_answer().await;
    machine.clock.advance(Duration::from_secs(1));
    machine.until(|report| report.sampled_at == NOW.0 + 1_000).await;
    // The end of the watch is the end of the recording.
    machine.cancel.cancel();
    while machine.reports.changed().await.is_ok() {}
    let times: Vec<i64> = history.points().iter().map(|point| point.at).collect();
    assert!(times.starts_with(&[NOW.0]), "{times:?}");
}
