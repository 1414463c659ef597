//! The GPUs of the machine.

use serde::{Deserialize, Serialize};

/// The latest reading of every GPU.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GpuReport {
    /// Where the figures come from, or why there are none.
    pub source: GpuSource,
    /// When they were read, in Unix milliseconds; 0 before the first reading.
    pub sampled_at: i64,
    /// The GPUs in index order.
    pub gpus: Vec<Gpu>,
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
pub struct Gpu {
    /// The driver's index, from 0.
    pub index: u32,
    /// When these figures were read, in Unix milliseconds; 0 if they never were.
    #[serde(default)]
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
    /// What is wrong with this GPU, in words; none if it answers.
    pub fault: Option<String>,
}
