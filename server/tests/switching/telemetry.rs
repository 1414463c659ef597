//! What goes wrong with a GPU is told by the console's API, in words.

use serde_json::{Value, json};
use tokio::time::Instant;
use worv_nvml_sim::script::{Fault, GpuScript, Script};
use worv_sim::gpus::{DemoGpus, built_library};

use super::{
    gateway::{Gateway, a_moment, simulated},
    ports::engine_port,
};

/// Whether a GPU of the report shows what was scripted.
type Shown = Box<dyn Fn(&Value) -> bool>;

/// Waits until the report of the GPUs satisfies `shown`.
async fn until(gateway: &Gateway, shown: impl Fn(&Value) -> bool) {
    while !shown(&gateway.get("gpus").await["report"]) {
        a_moment().await;
    }
}

#[expect(
    clippy::print_stdout,
    reason = "the times are for whoever asks for the test's output"
)]
#[tokio::test(flavor = "multi_thread")]
async fn every_fault_is_shown_and_passes() {
    let folder = tempfile::tempdir().unwrap();
    let gpus = DemoGpus::install(&built_library().unwrap(), &folder.path().join("nvml")).unwrap();
    let port = engine_port();
    let library = ("WORV_GPU__NVML_LIBRARY", gpus.library().display().to_string());
    let gateway = Gateway::start(port, &simulated("Alpha", port, 100), &[library]).await;
    let well = |report: &Value| {
        let gpus = report["gpus"].as_array().unwrap();
        gpus.len() == 8 && gpus.iter().all(|gpu| gpu["fault"].is_null() && gpu["sampled_at"] != 0)
    };
    until(&gateway, well).await;

    let failing = GpuScript::failing;
    let scripted = |gpu: GpuScript| Script::default().with_gpu(3, gpu);
    let fault =
        |words: &'static str| move |gpu: &Value| gpu["fault"].as_str().is_some_and(|fault| fault.contains(words));
    let cases: Vec<(&str, GpuScript, Shown)> = vec![
        (
            "too hot",
            GpuScript {
                temperature: Some(97),
                ..GpuScript::default()
            },
            Box::new(|gpu| gpu["temperature_celsius"] == 97 && gpu["throttle"] == json!(["thermal"])),
        ),
        (
            "memory errors",
            GpuScript {
                ecc_corrected: 3,
                ecc_uncorrected: 1,
                row_remap_failed: true,
                ..GpuScript::default()
            },
            Box::new(|gpu| gpu["ecc"]["uncorrected"] == 1 && gpu["row_remaps"]["failed"] == true),
        ),
        (
            "links down",
            GpuScript {
                nvlinks_down: 2,
                ..GpuScript::default()
            },
            Box::new(|gpu| gpu["nvlink"]["active"] == 16),
        ),
        (
            "Xid 94",
            GpuScript {
                xids: vec![94],
                ..GpuScript::default()
            },
            Box::new(|gpu| {
                gpu["xids"]
                    .to_string()
                    .contains("A program was ended because memory lost its data")
            }),
        ),
        (
            "fallen off the bus",
            GpuScript::fallen_off_the_bus(),
            Box::new(fault("fallen off the bus")),
        ),
        (
            "needs a reset",
            failing(Fault::Error(16)),
            Box::new(fault("needs a reset")),
        ),
        (
            "unknown error",
            failing(Fault::Error(4242)),
            Box::new(fault("reports error 4242")),
        ),
        ("hangs", failing(Fault::Hangs), Box::new(fault("has not answered for"))),
    ];
    for (what, gpu, shown) in cases {
        scripted(gpu).write(gpus.library()).unwrap();
        let since = Instant::now();
        until(&gateway, |report| {
            shown(&report["gpus"][3]) && report["gpus"][4]["fault"].is_null()
        })
        .await;
        println!("shown after {} ms: {what}", since.elapsed().as_millis());
        Script::default().write(gpus.library()).unwrap();
        until(&gateway, well).await;
    }
}
