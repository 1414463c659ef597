//! What the simulated GPUs do: the file beside the library.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

/// `NVML_ERROR_GPU_IS_LOST`: the GPU has fallen off the bus.
pub const GPU_IS_LOST: u32 = 15;

/// The whole machine. Everything has a default: eight B200s that serve a model under a calm load.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Script {
    /// How many GPUs there are. Read when the library is initialised, as by the real one.
    pub count: u32,
    /// How busy every GPU is, from 0 to 1.
    pub load: f64,
    /// The share of every GPU's memory in use, from 0 to 1. It moves slightly with the load.
    pub memory: f64,
    /// What initialising the library comes to; none if it works.
    pub init: Option<Fault>,
    /// What is different about single GPUs, by index.
    pub gpus: BTreeMap<u32, GpuScript>,
}

/// What is different about one GPU.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GpuScript {
    /// How busy it is, from 0 to 1; none for as busy as all.
    pub load: Option<f64>,
    /// The share of its memory in use, from 0 to 1; none for as much as all.
    pub memory: Option<f64>,
    /// Its temperature in degrees Celsius; none for what its load makes of it.
    pub temperature: Option<u32>,
    /// Errors of its memory since the driver was loaded that were corrected.
    pub ecc_corrected: u64,
    /// Errors of its memory since the driver was loaded that were not.
    pub ecc_uncorrected: u64,
    /// Memory rows replaced after errors that were not corrected.
    pub rows_remapped: u32,
    /// Whether replacing a row has failed.
    pub row_remap_failed: bool,
    /// NVLinks that are down.
    pub nvlinks_down: u32,
    /// The Xid numbers that the driver has reported so far, oldest first. One that is added is an event.
    pub xids: Vec<u64>,
    /// What every call about it comes to; none if they work.
    pub fault: Option<Fault>,
}

/// How calls fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// With this NVML error code, such as [`GPU_IS_LOST`].
    Error(u32),
    /// They do not return before the script no longer says so.
    Hangs,
}

impl Script {
    /// Where a library finds its script.
    pub fn path(library: &Path) -> PathBuf {
        with_suffix(library, ".json")
    }

    /// The script of `library`; the default one if it has none.
    pub fn read(library: &Path) -> io::Result<Self> {
        match fs::read(Self::path(library)) {
            Ok(json) => Ok(serde_json::from_slice(&json)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    /// Makes this the script of `library`, readable by the owner only. The library sees the old script or this one,
    /// never half of it.
    pub fn write(&self, library: &Path) -> io::Result<()> {
        let path = Self::path(library);
        let draft = with_suffix(&path, ".new");
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&draft)?;
        file.write_all(&serde_json::to_vec_pretty(self)?)?;
        fs::rename(draft, path)
    }

    /// This script with one GPU made different.
    #[must_use]
    pub fn with_gpu(mut self, index: u32, gpu: GpuScript) -> Self {
        self.gpus.insert(index, gpu);
        self
    }
}

impl Default for Script {
    fn default() -> Self {
        Self {
            count: 8,
            load: 0.35,
            memory: 0.9,
            init: None,
            gpus: BTreeMap::new(),
        }
    }
}

impl GpuScript {
    /// A GPU about which every call fails in this way.
    pub fn failing(fault: Fault) -> Self {
        Self {
            fault: Some(fault),
            ..Self::default()
        }
    }

    /// A GPU that is no longer on the bus: Xid 79, and every call about it says that it is lost.
    pub fn fallen_off_the_bus() -> Self {
        Self {
            xids: vec![79],
            ..Self::failing(Fault::Error(GPU_IS_LOST))
        }
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_read_back_as_it_was_written() {
        let dir = tempfile::tempdir().unwrap();
        let library = dir.path().join("libnvidia-ml.so.1");
        assert_eq!(Script::read(&library).unwrap(), Script::default());
        let script = Script {
            load: 0.75,
            init: Some(Fault::Error(9)),
            ..Script::default()
        };
        let script = script.with_gpu(3, GpuScript::failing(Fault::Hangs));
        script.write(&library).unwrap();
        assert_eq!(Script::read(&library).unwrap(), script);
    }

    #[test]
    fn a_person_can_write_one_by_hand() {
        let script: Script = serde_json::from_str(
            r#"{"load": 1, "gpus": {"3": {"fault": {"error": 15}}, "5": {"fault": "hangs"}, "6": {"temperature": 97}}}"#,
        )
        .unwrap();
        assert_eq!(script.count, 8);
        assert_eq!(script.gpus[&3].fault, Some(Fault::Error(GPU_IS_LOST)));
        assert_eq!(script.gpus[&5].fault, Some(Fault::Hangs));
        assert!(serde_json::from_str::<Script>(r#"{"laod": 1}"#).is_err());
    }
}
