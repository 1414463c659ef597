//! Objects that a caller holds by a handle. A handle is a number that is looked up, so that a wrong one is refused
//! and never followed.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use nvml_wrapper_sys::bindings::{nvmlReturn_enum_NVML_ERROR_INVALID_ARGUMENT as INVALID_ARGUMENT, nvmlReturn_t};

/// Objects of one type.
pub(crate) struct Handles<T> {
    next: AtomicUsize,
    objects: Mutex<BTreeMap<usize, T>>,
}

impl<T> Handles<T> {
    pub(crate) const fn new() -> Self {
        Self {
            next: AtomicUsize::new(1),
            objects: Mutex::new(BTreeMap::new()),
        }
    }

    /// Takes an object in and gives its handle.
    pub(crate) fn add<H>(&self, object: T) -> *mut H {
        let handle = self.next.fetch_add(1, Ordering::Relaxed);
        self.with_all(|objects| objects.insert(handle, object));
        std::ptr::without_provenance_mut(handle)
    }

    /// Works with the object of a handle.
    pub(crate) fn with<H, R>(
        &self,
        handle: *mut H,
        work: impl FnOnce(&mut T) -> Result<R, nvmlReturn_t>,
    ) -> Result<R, nvmlReturn_t> {
        self.with_all(|objects| objects.get_mut(&handle.addr()).ok_or(INVALID_ARGUMENT).and_then(work))
    }

    /// Ends an object.
    pub(crate) fn remove<H>(&self, handle: *mut H) -> Result<(), nvmlReturn_t> {
        let removed = self.with_all(|objects| objects.remove(&handle.addr()));
        removed.map(drop).ok_or(INVALID_ARGUMENT)
    }

    fn with_all<R>(&self, work: impl FnOnce(&mut BTreeMap<usize, T>) -> R) -> R {
        work(&mut self.objects.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
