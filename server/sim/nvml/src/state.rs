//! The library's state: whether it is initialised, and the script as it was last read.

use std::{
    ffi::{CStr, OsStr, c_void},
    fs,
    os::unix::{ffi::OsStrExt, fs::MetadataExt},
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    thread,
    time::Duration,
};

use nvml_wrapper_sys::bindings::{
    nvmlReturn_enum_NVML_ERROR_UNINITIALIZED as UNINITIALIZED, nvmlReturn_enum_NVML_ERROR_UNKNOWN as UNKNOWN,
    nvmlReturn_t,
};

use super::script::{Fault, Script};

/// How often a call that blocks looks whether it may go on.
const HANG_CHECK: Duration = Duration::from_millis(10);

static STATE: Mutex<State> = Mutex::new(State {
    users: 0,
    count: 0,
    stamp: None,
    script: None,
});

struct State {
    /// Calls of `nvmlInit` less those of `nvmlShutdown`.
    users: u32,
    /// How many GPUs there were when the library was initialised.
    count: u32,
    stamp: Option<Stamp>,
    /// None before it was first read, and while the file cannot be read or understood.
    script: Option<Arc<Script>>,
}

/// Tells one version of the script from the next.
#[derive(PartialEq, Eq)]
struct Stamp {
    inode: u64,
    modified: (i64, i64),
    length: u64,
}

/// Initialises the library, as often as it is asked to.
pub(crate) fn start() -> Result<(), nvmlReturn_t> {
    fault(|script| script.init)?;
    let mut state = lock();
    if state.users == 0 {
        state.count = state.script()?.count;
    }
    state.users += 1;
    Ok(())
}

/// Undoes one [`start`].
pub(crate) fn stop() -> Result<(), nvmlReturn_t> {
    let mut state = lock();
    state.users = state.users.checked_sub(1).ok_or(UNINITIALIZED)?;
    Ok(())
}

/// How many GPUs there are.
pub(crate) fn count() -> Result<u32, nvmlReturn_t> {
    let state = lock();
    if state.users == 0 {
        Err(UNINITIALIZED)
    } else {
        Ok(state.count)
    }
}

/// The script as it is now, after the GPU's own fault had its way.
pub(crate) fn script_for(index: u32) -> Result<Arc<Script>, nvmlReturn_t> {
    count()?;
    fault(|script| script.gpus.get(&index).and_then(|gpu| gpu.fault))
}

/// The script as it is now, whatever is wrong with single GPUs.
pub(crate) fn script() -> Result<Arc<Script>, nvmlReturn_t> {
    count()?;
    lock().script()
}

/// Lets a scripted fault happen: fails with its code, or stays as long as it hangs.
fn fault(find: impl Fn(&Script) -> Option<Fault>) -> Result<Arc<Script>, nvmlReturn_t> {
    loop {
        let script = lock().script()?;
        match find(&script) {
            None => return Ok(script),
            Some(Fault::Error(code)) => return Err(code),
            Some(Fault::Hangs) => pause(),
        }
    }
}

/// Blocks the caller's thread for a moment.
#[expect(
    clippy::disallowed_methods,
    reason = "a driver call that blocks its thread is what is simulated"
)]
pub(crate) fn pause() {
    thread::sleep(HANG_CHECK);
}

fn lock() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    /// The script, read again if the file has changed. One that cannot be read is an error of the library.
    fn script(&mut self) -> Result<Arc<Script>, nvmlReturn_t> {
        let library = library().ok_or(UNKNOWN)?;
        let stamp = fs::metadata(Script::path(library)).ok().map(|file| Stamp {
            inode: file.ino(),
            modified: (file.mtime(), file.mtime_nsec()),
            length: file.len(),
        });
        if self.script.is_none() || stamp != self.stamp {
            self.script = Script::read(library).ok().map(Arc::new);
            self.stamp = stamp;
        }
        self.script.clone().ok_or(UNKNOWN)
    }
}

/// The file that this library was loaded from.
fn library() -> Option<&'static PathBuf> {
    static LIBRARY: OnceLock<Option<PathBuf>> = OnceLock::new();
    LIBRARY.get_or_init(locate).as_ref()
}

#[expect(
    unsafe_code,
    reason = "only the dynamic linker knows where a library was loaded from"
)]
fn locate() -> Option<PathBuf> {
    let mut info = libc::Dl_info {
        dli_fname: std::ptr::null(),
        dli_fbase: std::ptr::null_mut(),
        dli_sname: std::ptr::null(),
        dli_saddr: std::ptr::null_mut(),
    };
    let here: *const c_void = (&raw const STATE).cast();
    // SAFETY: `here` points into this library, `info` is a valid place for the answer.
    let found = unsafe { libc::dladdr(here, &raw mut info) };
    if found == 0 || info.dli_fname.is_null() {
        return None;
    }
    // SAFETY: the linker's own C string, which lives as long as the library is loaded; it is copied at once.
    let name = unsafe { CStr::from_ptr(info.dli_fname) };
    Some(PathBuf::from(OsStr::from_bytes(name.to_bytes())))
}
