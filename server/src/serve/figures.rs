//! What `/metrics` says of the machine: the GPUs, and how long the certificate lasts. Labels are GPU numbers alone.

use std::{
    fmt::Write,
    sync::{Arc, atomic::Ordering},
};

use tokio::sync::watch;
use worv_api::{Gpu, GpuReport, GpuSource};

use crate::{tls::Tls, traces};

/// Where the figures come from.
#[derive(Clone)]
pub struct Figures {
    /// The latest reading of the GPUs.
    pub gpus: watch::Receiver<Arc<GpuReport>>,
    /// HTTPS, where it is on.
    pub tls: Option<Arc<Tls>>,
    /// What has become of traced requests, where any are traced.
    pub traced: Option<Arc<traces::Counts>>,
}

/// A figure of each GPU: its name, what it is, and how it is read.
type GpuFigure = (&'static str, &'static str, fn(&Gpu) -> Option<f64>);

#[expect(clippy::cast_precision_loss, reason = "GPU memory is far below 2^52 bytes")]
const GPU_FIGURES: [GpuFigure; 5] = [
    ("worv_gpu_up", "Whether the GPU answers.", |gpu| {
        Some(if gpu.fault.is_none() { 1.0 } else { 0.0 })
    }),
    ("worv_gpu_memory_used_bytes", "Memory in use.", |gpu| {
        Some(gpu.memory_used as f64)
    }),
    ("worv_gpu_memory_total_bytes", "Memory in all.", |gpu| {
        Some(gpu.memory_total as f64)
    }),
    ("worv_gpu_temperature_celsius", "Temperature of the chip.", |gpu| {
        gpu.temperature_celsius.map(f64::from)
    }),
    ("worv_gpu_power_watts", "Power drawn.", |gpu| gpu.power_watts),
];

impl Figures {
    /// The GPUs; where they cannot be read, each with that as its fault, since what it shows is old.
    pub fn gpus(&self) -> Vec<Gpu> {
        let report = self.gpus.borrow();
        let mut gpus = report.gpus.clone();
        if let GpuSource::Failing { reason } = &report.source {
            for gpu in &mut gpus {
                gpu.fault.get_or_insert_with(|| reason.clone());
            }
        }
        gpus
    }

    /// Adds the figures in Prometheus' text format.
    pub fn write_to(&self, text: &mut String) {
        write_gpus(text, &self.gpus());
        if let Some(traced) = &self.traced {
            write_traced(text, traced);
        }
        if let Some(tls) = &self.tls {
            let expires = tls
                .certificate()
                .map_or(0, |certificate| certificate.not_after.0 / 1000);
            let name = "worv_certificate_expires_timestamp_seconds";
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "# HELP {name} When the certificate in force expires, in Unix time; 0 while there is none.\n# TYPE {name} gauge\n{name} {expires}"
            );
            if let Some(failures) = tls.acme_failures() {
                let name = "worv_acme_failures_total";
                let _ = writeln!(
                    text,
                    "# HELP {name} Attempts that the ACME server failed.\n# TYPE {name} counter\n{name} {failures}"
                );
            }
        }
    }
}

fn write_traced(text: &mut String, traced: &traces::Counts) {
    for (name, help, count) in [
        (
            "worv_traced_requests_exported_total",
            "Traced requests that the collector has taken.",
            &traced.exported,
        ),
        (
            "worv_traced_requests_dropped_total",
            "Traced requests that were given up: too many waited, or the collector did not take them.",
            &traced.dropped,
        ),
    ] {
        let count = count.load(Ordering::Relaxed);
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} counter\n{name} {count}");
    }
}

/// A figure that the driver does not give is left out, never zero.
fn write_gpus(text: &mut String, gpus: &[Gpu]) {
    for (name, help, read) in GPU_FIGURES {
        let values = gpus.iter().filter_map(|gpu| Some((gpu.index, read(gpu)?)));
        for (at, (index, value)) in values.enumerate() {
            if at == 0 {
                let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
            }
            let _ = writeln!(text, "{name}{{gpu=\"{index}\"}} {value}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gpus_that_cannot_be_read_are_not_up() {
        let report = |source| GpuReport {
            source,
            sampled_at: 5,
            gpus: vec![Gpu::default()],
        };
        let reason = "The agent has not reported.".to_owned();
        for (source, line) in [
            (GpuSource::Failing { reason }, "worv_gpu_up{gpu=\"0\"} 0\n"),
            (GpuSource::Starting, "worv_gpu_up{gpu=\"0\"} 1\n"),
        ] {
            let gpus = watch::channel(Arc::new(report(source))).1;
            let mut text = String::new();
            Figures {
                gpus,
                tls: None,
                traced: None,
            }
            .write_to(&mut text);
            assert!(text.contains(line), "{text}");
        }
    }

    #[test]
    fn what_a_gpu_does_not_tell_is_left_out() {
        let well = Gpu {
            index: 0,
            memory_used: 5,
            memory_total: 10,
            temperature_celsius: Some(41),
            ..Gpu::default()
        };
        let fallen = Gpu {
            index: 1,
            fault: Some("fell off the bus".to_owned()),
            ..Gpu::default()
        };
        let mut text = String::new();
        write_gpus(&mut text, &[well, fallen]);
        for line in [
            "worv_gpu_up{gpu=\"0\"} 1",
            "worv_gpu_up{gpu=\"1\"} 0",
            "worv_gpu_memory_used_bytes{gpu=\"0\"} 5",
            "worv_gpu_temperature_celsius{gpu=\"0\"} 41",
        ] {
            assert!(text.lines().any(|written| written == line), "{line} is not in {text}");
        }
        assert!(
            !text.contains("temperature_celsius{gpu=\"1\"}") && !text.contains("worv_gpu_power_watts"),
            "{text}"
        );
        assert_eq!(text.matches("# TYPE worv_gpu_up gauge").count(), 1);
    }
}
