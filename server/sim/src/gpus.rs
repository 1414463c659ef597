//! Eight simulated B200s for the demo: the stand-in management library, installed and steered.

use std::{
    env,
    fs::{self, DirBuilder, File, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use worv_nvml_sim::script::Script;

/// The name under which the system's own library is found.
const LIBRARY: &str = "libnvidia-ml.so.1";
/// What the build calls the stand-in.
const BUILT_LIBRARY: &str = "libworv_nvml_sim.so";

/// Simulated GPUs that a management library of their own shows.
#[derive(Debug)]
pub struct DemoGpus {
    library: PathBuf,
}

/// The stand-in library as it was built with this program: beside its executable.
///
/// # Errors
/// `NotFound`, naming the cure, if it has not been built.
pub fn built_library() -> io::Result<PathBuf> {
    let library = env::current_exe()?.with_file_name(BUILT_LIBRARY);
    if library.is_file() {
        return Ok(library);
    }
    let path = library.display();
    let message = format!("{path} is missing; build it with: cargo build -p worv-nvml-sim");
    Err(io::Error::new(io::ErrorKind::NotFound, message))
}

impl DemoGpus {
    /// Copies the library into `dir`, which is created for the owner only, and lets the GPUs idle.
    ///
    /// # Errors
    /// If the library cannot be read or the directory cannot be written.
    pub fn install(built_library: &Path, dir: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        let library = dir.join(LIBRARY);
        // A running program may have the old file mapped: it is replaced, never written over.
        let draft = dir.join(format!("{LIBRARY}.new"));
        let mut copy = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&draft)?;
        io::copy(&mut File::open(built_library)?, &mut copy)?;
        fs::rename(&draft, &library)?;
        let idle = Script {
            load: 0.0,
            ..Script::default()
        };
        idle.write(&library)?;
        Ok(Self { library })
    }

    /// The library to load instead of the system's.
    pub fn library(&self) -> &Path {
        &self.library
    }

    /// Makes every GPU this busy, from 0 to 1. Seen by the next reading.
    ///
    /// # Errors
    /// If the script beside the library cannot be written.
    pub fn set_load(&self, load: f64) -> io::Result<()> {
        self.set(load, Script::default().memory)
    }

    /// Makes every GPU this busy, with this share of its memory in use, both from 0 to 1. Whatever else the script says, such
    /// as the faults that somebody has written into it, goes on.
    ///
    /// # Errors
    /// If the script beside the library cannot be read or written.
    pub fn set(&self, load: f64, memory: f64) -> io::Result<()> {
        let script = Script {
            load,
            memory,
            ..Script::read(&self.library)?
        };
        script.write(&self.library)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use worv_nvml_sim::script::{Fault, GpuScript};

    use super::*;

    #[test]
    fn what_is_installed_belongs_to_the_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join("demo");
        let gpus = DemoGpus::install(&built_library().unwrap(), &home).unwrap();
        gpus.set_load(0.5).unwrap();
        assert!((Script::read(gpus.library()).unwrap().load - 0.5).abs() < f64::EPSILON);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&home), 0o700);
        let modes: Vec<u32> = fs::read_dir(&home)
            .unwrap()
            .map(|entry| mode(&entry.unwrap().path()))
            .collect();
        assert_eq!(modes, [0o600, 0o600], "the library and its script, and nothing else");
    }

    #[test]
    fn a_change_of_load_leaves_what_is_scripted_of_single_gpus() {
        let dir = tempfile::tempdir().unwrap();
        let gpus = DemoGpus::install(&built_library().unwrap(), dir.path()).unwrap();
        let fault = GpuScript::failing(Fault::Hangs);
        let script = Script::read(gpus.library()).unwrap().with_gpu(3, fault);
        script.write(gpus.library()).unwrap();
        gpus.set(0.7, 0.2).unwrap();
        let expected = Script {
            load: 0.7,
            memory: 0.2,
            ..script
        };
        assert_eq!(Script::read(gpus.library()).unwrap(), expected);
    }

    #[test]
    fn installing_again_replaces_the_library() {
        let dir = tempfile::tempdir().unwrap();
        let built = dir.path().join("built.so");
        for content in ["the first build", "the second"] {
            fs::write(&built, content).unwrap();
            let gpus = DemoGpus::install(&built, dir.path()).unwrap();
            assert_eq!(fs::read_to_string(gpus.library()).unwrap(), content);
        }
    }
}
