//! The GPUs of the machine.

use serde::{Deserialize, Serialize};

/// The latest reading of every GPU.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GpuReport {
    /// Where the figures come from, or why there are none.
    pub source: GpuSource,
    /// When they were asked for, in Unix milliseconds; 0 before the first reading. A GPU that did not answer shows older
    /// figures, with their own time.
    pub sampled_at: i64,
    /// The GPUs in index order.
    pub gpus: Vec<Gpu>,
}

/// The latest figures of every GPU, as far as the overview shows them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GpuOverview {
    /// Where the figures come from, or why there are none.
    pub source: GpuSource,
    /// When they were read, in Unix milliseconds; 0 before the first reading.
    pub sampled_at: i64,
    /// The GPUs in index order.
    pub gpus: Vec<GpuSummary>,
}

/// The figures of one GPU that the overview shows; what each means is said at [`Gpu`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GpuSummary {
    /// The driver's index, from 0.
    pub index: u32,
    /// When these figures were read, in Unix milliseconds.
    pub sampled_at: i64,
    /// The product's name, such as `NVIDIA B200`.
    pub name: String,
    /// The GPU's own identifier.
    pub uuid: String,
    /// In bytes.
    pub memory_used: u64,
    /// In bytes.
    pub memory_total: u64,
    /// In percent.
    pub utilization_percent: Option<u32>,
    /// In degrees Celsius.
    pub temperature_celsius: Option<u32>,
    /// In watts.
    pub power_watts: Option<f64>,
    /// In watts.
    pub power_limit_watts: Option<f64>,
    /// What is wrong, in words; none if it answers.
    pub fault: Option<String>,
    /// What somebody should look at although it answers, in words; none if nothing is remarkable.
    pub concern: Option<String>,
}

/// Where GPU figures come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum GpuSource {
    /// No reading has been taken yet.
    Starting,
    /// NVIDIA's management library.
    Nvml {
        /// The driver's version as the library gives it.
        driver_version: String,
    },
    /// NVIDIA's `dcgm-exporter`, which runs beside the GPUs.
    DcgmExporter {
        /// Where it is asked.
        url: String,
    },
    /// There is nothing to read on this machine, which is a normal state.
    Absent {
        /// Why, in words.
        reason: String,
    },
    /// There should be something to read, but reading fails.
    Failing {
        /// Why, in words.
        reason: String,
    },
}

/// One GPU. A figure that the driver does not give is absent, never zero.
///
/// While `fault` is set the figures are the last that were read, at `sampled_at`; a GPU that was never read has none
/// to show, and its `sampled_at` and `memory_total` are 0.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Gpu {
    /// The driver's index, from 0.
    pub index: u32,
    /// When these figures were read, in Unix milliseconds; 0 if they never were.
    pub sampled_at: i64,
    /// The product's name, such as `NVIDIA B200`.
    pub name: String,
    /// The GPU's own identifier, stable over reboots.
    pub uuid: String,
    /// Memory in use, in bytes.
    pub memory_used: u64,
    /// Memory in all, in bytes.
    pub memory_total: u64,
    /// Share of the last sample period in which a kernel ran, in percent.
    pub utilization_percent: Option<u32>,
    /// Temperature of the chip, in degrees Celsius.
    pub temperature_celsius: Option<u32>,
    /// Power drawn, in watts.
    pub power_watts: Option<f64>,
    /// The power limit in force, in watts.
    pub power_limit_watts: Option<f64>,
    /// Memory that the driver keeps for itself, in bytes; part of the total, not of the used.
    pub memory_reserved: Option<u64>,
    /// Share of the last sample period in which memory was read or written, in percent.
    pub memory_utilization_percent: Option<u32>,
    /// Temperature of the memory, in degrees Celsius.
    pub memory_temperature_celsius: Option<u32>,
    /// Clock of the multiprocessors, in MHz.
    pub sm_clock_mhz: Option<u32>,
    /// Clock of the memory, in MHz.
    pub memory_clock_mhz: Option<u32>,
    /// What holds the clocks back now; empty if nothing does.
    pub throttle: Vec<ThrottleReason>,
    /// Energy drawn since the driver was loaded, in joules.
    pub energy_joules: Option<f64>,
    /// Errors of the memory.
    pub ecc: Option<EccErrors>,
    /// Replaced memory rows.
    pub row_remaps: Option<RowRemaps>,
    /// The link to the host.
    pub pcie: Option<PcieLink>,
    /// The links to the other GPUs.
    pub nvlink: Option<NvLinks>,
    /// The programs that hold memory, largest first; none where they cannot be listed.
    pub processes: Option<Vec<GpuProcess>>,
    /// The last errors that the driver has reported since the watch began, oldest first, at most 16.
    pub xids: Vec<XidEvent>,
    /// What is wrong with this GPU, in words; none if it answers.
    pub fault: Option<String>,
}

/// Errors that the memory's error correction saw since the driver was loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EccErrors {
    /// Corrected; a few are normal.
    pub corrected: u64,
    /// Not corrected: data was lost.
    pub uncorrected: u64,
}

/// Memory rows that the GPU has replaced by spare ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowRemaps {
    /// Replaced after errors that could be corrected.
    pub correctable: u64,
    /// Replaced after errors that could not.
    pub uncorrectable: u64,
    /// Whether a replacement waits for the next reset.
    pub pending: bool,
    /// Whether a replacement has failed: the GPU should be exchanged.
    pub failed: bool,
}

/// The link to the host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PcieLink {
    /// The generation in use, such as 5.
    pub generation: u32,
    /// The best generation that GPU and slot can do together.
    pub generation_max: u32,
    /// Lanes in use.
    pub width: u32,
    /// The most lanes that GPU and slot can use together.
    pub width_max: u32,
    /// Packets that had to be sent again since the driver was loaded.
    pub replays: Option<u32>,
    /// What comes and goes, where it is measured.
    pub traffic: Option<Traffic>,
}

/// The links to the other GPUs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NvLinks {
    /// Links that are up.
    pub active: u32,
    /// Links that the GPU has.
    pub total: u32,
    /// What comes and goes over all of them, where it is measured.
    pub traffic: Option<Traffic>,
}

/// What passes over a link, in bytes a second over the last sample period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    /// To the GPU.
    pub received: u64,
    /// From the GPU.
    pub sent: u64,
}

/// Something that holds the GPU's clocks back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThrottleReason {
    /// It draws as much power as it may.
    PowerCap,
    /// It or its memory is too hot.
    Thermal,
    /// The machine's power supply has told it to slow down.
    PowerBrake,
    /// The hardware slows it down without saying more.
    Hardware,
    /// Another GPU of its group runs slower.
    SyncBoost,
    /// Somebody has set its clocks.
    ClockSetting,
}

/// An error that the driver has reported, by NVIDIA's Xid number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct XidEvent {
    /// When it was seen, in Unix milliseconds.
    pub at: i64,
    /// The Xid number.
    pub xid: u64,
    /// What the number means, in words.
    pub meaning: String,
}

/// A program that holds memory of a GPU.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GpuProcess {
    /// Its process id.
    pub pid: u32,
    /// Its name; empty where it cannot be told.
    pub name: String,
    /// Memory it holds, in bytes; none where it cannot be told.
    pub memory_used: Option<u64>,
}

/// The GPUs at one moment, as they are kept for charts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GpuPoint {
    /// In Unix milliseconds.
    pub at: i64,
    /// Those that were read at that moment, in index order; one that could not be read is missing.
    pub gpus: Vec<GpuFigures>,
}

/// What is kept of one GPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GpuFigures {
    /// The driver's index.
    pub index: u32,
    /// Memory in use, in bytes.
    pub memory_used: u64,
    /// As in [`Gpu::utilization_percent`].
    pub utilization_percent: Option<u32>,
    /// As in [`Gpu::temperature_celsius`].
    pub temperature_celsius: Option<u32>,
    /// As in [`Gpu::power_watts`].
    pub power_watts: Option<f64>,
}

impl GpuReport {
    /// What every open page is told each second.
    pub fn overview(&self) -> GpuOverview {
        GpuOverview {
            source: self.source.clone(),
            sampled_at: self.sampled_at,
            gpus: self.gpus.iter().map(Gpu::summary).collect(),
        }
    }

    /// The report before the first reading.
    pub fn starting() -> Self {
        Self {
            source: GpuSource::Starting,
            sampled_at: 0,
            gpus: Vec::new(),
        }
    }
}

impl Gpu {
    /// The figures of the overview.
    pub fn summary(&self) -> GpuSummary {
        GpuSummary {
            index: self.index,
            sampled_at: self.sampled_at,
            name: self.name.clone(),
            uuid: self.uuid.clone(),
            memory_used: self.memory_used,
            memory_total: self.memory_total,
            utilization_percent: self.utilization_percent,
            temperature_celsius: self.temperature_celsius,
            power_watts: self.power_watts,
            power_limit_watts: self.power_limit_watts,
            fault: self.fault.clone(),
            concern: self.concern(),
        }
    }

    /// What somebody should look at although the GPU answers, in words; the gravest where there is more than one.
    pub fn concern(&self) -> Option<String> {
        let remaps = self.row_remaps.unwrap_or_default();
        let lost = self.ecc.unwrap_or_default().uncorrected;
        let slowed = [
            (ThrottleReason::Thermal, "It is slowed down because it is too hot."),
            (ThrottleReason::PowerBrake, "The machine's power supply slows it down."),
            (ThrottleReason::Hardware, "The hardware slows it down."),
        ];
        if remaps.failed {
            Some("A faulty memory row could not be replaced; the GPU should be exchanged.".to_owned())
        } else if lost > 0 {
            Some(format!(
                "Its memory has lost data {lost} times (uncorrectable ECC errors)."
            ))
        } else if let Some(last) = self.xids.last() {
            Some(format!("The driver reported Xid {}. {}", last.xid, last.meaning))
        } else if remaps.pending {
            Some("A faulty memory row is replaced with the next reset.".to_owned())
        } else if let Some(links) = self.nvlink.filter(|links| links.active < links.total) {
            Some(format!("Only {} of its {} NVLinks are up.", links.active, links.total))
        } else {
            let reason = slowed.into_iter().find(|(reason, _)| self.throttle.contains(reason));
            reason.map(|(_, words)| words.to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gravest_concern_is_told() {
        let sound = Gpu {
            throttle: vec![ThrottleReason::PowerCap],
            nvlink: Some(NvLinks {
                active: 18,
                total: 18,
                traffic: None,
            }),
            ..Gpu::default()
        };
        assert_eq!(sound.concern(), None, "a power limit that is reached is a normal state");
        let warm = Gpu {
            throttle: vec![ThrottleReason::Thermal],
            ..sound
        };
        assert_eq!(
            warm.concern().as_deref(),
            Some("It is slowed down because it is too hot.")
        );
        let lossy = Gpu {
            ecc: Some(EccErrors {
                corrected: 7,
                uncorrected: 2,
            }),
            ..warm
        };
        assert_eq!(
            lossy.concern().as_deref(),
            Some("Its memory has lost data 2 times (uncorrectable ECC errors).")
        );
    }
}
