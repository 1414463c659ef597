//! Loading NVIDIA's management library.

use std::{path::PathBuf, sync::Arc, thread};

use nvml_wrapper::{Nvml, error::NvmlError};
use tokio::sync::oneshot;
use worv_api::GpuSource;

use super::fault;

/// The library, initialised.
pub(super) struct Library {
    pub(super) nvml: Arc<Nvml>,
    pub(super) driver_version: String,
    /// How many GPUs it sees; at least one.
    pub(super) gpus: u32,
}

/// Loads the library on a thread of its own; `path` is none for the system's. The answer is the library, or the state
/// of a machine without one.
pub(super) fn load(path: Option<PathBuf>) -> oneshot::Receiver<Result<Library, GpuSource>> {
    let (answer, loading) = oneshot::channel();
    let loader = move || {
        let loaded = initialise(path.as_ref()).map_err(|error| source_of(&error, path.as_ref()));
        // Nobody waits any longer if the watch was cancelled meanwhile.
        let _ = answer.send(loaded.and_then(at_least_one));
    };
    // Where no thread can be had the sender is dropped, and the receiver says so.
    if let Err(error) = thread::Builder::new().name("nvml-load".to_owned()).spawn(loader) {
        tracing::error!(%error, "cannot start the thread that loads NVML");
    }
    loading
}

fn initialise(path: Option<&PathBuf>) -> Result<Library, NvmlError> {
    let mut builder = Nvml::builder();
    if let Some(path) = path {
        builder.lib_path(path.as_os_str());
    }
    let nvml = builder.init()?;
    Ok(Library {
        driver_version: nvml.sys_driver_version()?,
        gpus: nvml.device_count()?,
        nvml: Arc::new(nvml),
    })
}

fn at_least_one(library: Library) -> Result<Library, GpuSource> {
    if library.gpus > 0 {
        return Ok(library);
    }
    let reason = "The NVIDIA driver is running, but finds no GPU.".to_owned();
    Err(GpuSource::Absent { reason })
}

fn source_of(error: &NvmlError, path: Option<&PathBuf>) -> GpuSource {
    match (error, path) {
        (NvmlError::LibloadingError(error), None) => GpuSource::Absent {
            reason: format!("There is no NVIDIA driver on this machine: {error}."),
        },
        (NvmlError::LibloadingError(error), Some(_)) => GpuSource::Failing {
            reason: format!("The configured management library cannot be loaded: {error}."),
        },
        (error, _) => GpuSource::Failing {
            reason: format!("The NVIDIA driver does not start: {}", fault::words(error)),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_machine_without_a_driver_is_a_normal_state() {
        let missing = Path::new("/nonexistent/libnvidia-ml.so.1").to_owned();
        let error = initialise(Some(&missing)).err().expect("there is no such file");
        let GpuSource::Absent { reason } = source_of(&error, None) else {
            panic!("{error:?}");
        };
        assert!(
            reason.starts_with("There is no NVIDIA driver on this machine: "),
            "{reason}"
        );
    }
}
