//! What is wrong with a GPU, in words.

use std::time::Duration;

use nvml_wrapper::error::NvmlError;

/// What an error means to the person who reads it, as a sentence.
pub(super) fn words(error: &NvmlError) -> String {
    match error {
        NvmlError::GpuLost => "The GPU has fallen off the bus and cannot be reached; restart the machine.".to_owned(),
        NvmlError::ResetRequired => "The GPU needs a reset before it can be used again.".to_owned(),
        NvmlError::InsufficientPower => "The GPU's power cables are not properly attached.".to_owned(),
        NvmlError::DriverNotLoaded => "The NVIDIA driver is not loaded.".to_owned(),
        NvmlError::LibRmVersionMismatch => {
            "The NVIDIA driver and its library have different versions; restart the machine.".to_owned()
        }
        NvmlError::Unknown => "The NVIDIA driver reports an internal error.".to_owned(),
        NvmlError::UnexpectedVariant(code) => format!("The NVIDIA driver reports error {code}."),
        other => format!("The NVIDIA driver reports: {other}."),
    }
}

/// A call that has not returned, as a sentence.
pub(super) fn unanswered(waited: Duration) -> String {
    format!("The NVIDIA driver has not answered for {} s.", waited.as_secs().max(1))
}

/// Whether an error says that there is no such figure, or none for this process, rather than that reading it failed.
pub(super) fn is_absence(error: &NvmlError) -> bool {
    matches!(
        error,
        NvmlError::NotSupported
            | NvmlError::NoPermission
            | NvmlError::NoData
            | NvmlError::FunctionNotFound
            | NvmlError::FailedToLoadSymbol(_)
    )
}
