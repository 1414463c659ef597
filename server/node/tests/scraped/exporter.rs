//! GPUs of another machine, through a small HTTP server that plays dcgm-exporter's part.

use std::{fmt::Write, sync::Arc, time::Duration};

use axum::http::StatusCode;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use worv_api::{GpuReport, GpuSource, RowRemaps};
use worv_core::{Clock, UnixMillis};
use worv_node::gpu::exporter::{self, ExporterConfig};

use super::source::{Source, until};

fn watch(exporter: &Source, clock: &Clock) -> watch::Receiver<Arc<GpuReport>> {
    let config = ExporterConfig {
        interval: Duration::from_millis(10),
        timeout: Duration::from_secs(20),
        ..ExporterConfig::new(format!("{}/metrics", exporter.base()).parse().unwrap())
    };
    exporter::watch(config, clock.clone(), CancellationToken::new())
}

/// The exporter's default fields for a number of GPUs, with the last Xid error of each.
fn exposition(gpus: u32, xid: u32) -> String {
    let mut text = "# HELP DCGM_FI_DEV_GPU_TEMP GPU temperature (in C).\n".to_owned();
    for gpu in 0..gpus {
        let labels = format!(
            "gpu=\"{gpu}\",UUID=\"GPU-{gpu}\",pci_bus_id=\"00000000:1B:00.0\",device=\"nvidia{gpu}\",\
             modelName=\"NVIDIA B200\",Hostname=\"node\""
        );
        for (field, value) in [
            ("SM_CLOCK", 1_965.0),
            ("GPU_TEMP", 50.0 + f64::from(gpu)),
            ("MEMORY_TEMP", 56.0),
            ("POWER_USAGE", 712.345),
            ("TOTAL_ENERGY_CONSUMPTION", 5_000_000.0),
            ("GPU_UTIL", 87.0),
            ("FB_FREE", 20_000.0),
            ("FB_USED", 162_000.0),
            ("XID_ERRORS", f64::from(xid)),
            ("CORRECTABLE_REMAPPED_ROWS", 0.0),
            ("UNCORRECTABLE_REMAPPED_ROWS", 2.0),
            ("ROW_REMAP_FAILURE", 1.0),
        ] {
            writeln!(text, "DCGM_FI_DEV_{field}{{{labels}}} {value}").unwrap();
        }
    }
    text
}

#[tokio::test]
async fn the_exporters_gpus_are_shown() {
    let exporter = Source::serve(exposition(8, 0)).await;
    let mut reports = watch(&exporter, &Clock::manual(UnixMillis(42)));
    assert_eq!(reports.borrow().source, GpuSource::Starting);
    let report = until(&mut reports, |report| report.gpus.len() == 8).await;
    assert!(matches!(&report.source, GpuSource::DcgmExporter { url } if url.ends_with("/metrics")));
    let gpu = &report.gpus[3];
    assert_eq!(
        (gpu.index, gpu.name.as_str(), gpu.uuid.as_str()),
        (3, "NVIDIA B200", "GPU-3")
    );
    assert_eq!((gpu.memory_used >> 20, gpu.memory_total >> 20), (162_000, 182_000));
    assert_eq!((gpu.temperature_celsius, gpu.utilization_percent), (Some(53), Some(87)));
    assert_eq!((gpu.power_watts, gpu.energy_joules), (Some(712.345), Some(5_000.0)));
    let remaps = RowRemaps {
        uncorrectable: 2,
        failed: true,
        ..RowRemaps::default()
    };
    assert_eq!(
        (gpu.row_remaps, gpu.ecc, gpu.power_limit_watts),
        (Some(remaps), None, None)
    );
    assert_eq!((gpu.sampled_at, report.sampled_at, &gpu.fault), (42, 42, &None));
}

#[tokio::test]
async fn a_gpu_that_is_reported_no_more_keeps_its_last_figures() {
    let exporter = Source::serve(exposition(8, 0)).await;
    let clock = Clock::manual(UnixMillis(1));
    let mut reports = watch(&exporter, &clock);
    until(&mut reports, |report| report.gpus.len() == 8).await;
    clock.advance(Duration::from_secs(1));
    exporter.answer(exposition(7, 0));
    let report = until(&mut reports, |report| report.gpus[7].fault.is_some()).await;
    assert_eq!(
        report.gpus[7].fault.as_deref(),
        Some("dcgm-exporter no longer reports this GPU.")
    );
    assert_eq!(
        (report.gpus[7].sampled_at, report.gpus[7].memory_used >> 20),
        (1, 162_000)
    );
    assert_eq!((report.gpus[6].sampled_at, &report.gpus[6].fault), (1_001, &None));

    exporter.answer(exposition(8, 0));
    until(&mut reports, |report| report.gpus[7].fault.is_none()).await;
}

#[tokio::test]
async fn another_xid_is_an_event_and_the_same_one_is_not() {
    let exporter = Source::serve(exposition(1, 0)).await;
    let clock = Clock::manual(UnixMillis(1));
    let mut reports = watch(&exporter, &clock);
    until(&mut reports, |report| report.gpus.len() == 1).await;
    for xid in [94, 79] {
        clock.advance(Duration::from_secs(1));
        exporter.answer(exposition(1, xid));
        until(&mut reports, |report| {
            report.gpus[0]
                .xids
                .last()
                .is_some_and(|event| event.xid == u64::from(xid))
        })
        .await;
    }
    clock.advance(Duration::from_secs(1));
    let report = until(&mut reports, |report| report.sampled_at == 3_001).await;
    let events: Vec<(u64, i64)> = report.gpus[0].xids.iter().map(|event| (event.xid, event.at)).collect();
    assert_eq!(events, [(94, 1_001), (79, 2_001)]);
}

#[tokio::test]
async fn an_exporter_that_fails_is_said_in_words_and_its_last_figures_stay() {
    let exporter = Source::serve(exposition(1, 0)).await;
    let mut reports = watch(&exporter, &Clock::manual(UnixMillis(1)));
    until(&mut reports, |report| report.gpus.len() == 1).await;
    exporter.refuse(StatusCode::BAD_GATEWAY);
    let failing = |report: &GpuReport| match &report.source {
        GpuSource::Failing { reason } => reason.clone(),
        _ => String::new(),
    };
    let report = until(&mut reports, |report| !failing(report).is_empty()).await;
    assert_eq!(
        failing(&report),
        "dcgm-exporter answered GET /metrics with 502 Bad Gateway."
    );
    assert_eq!(report.gpus[0].memory_used >> 20, 162_000);
    exporter.answer("up 1\n");
    until(&mut reports, |report| {
        failing(report).ends_with("has no figures of a GPU.")
    })
    .await;
}
