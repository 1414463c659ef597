//! Xid errors: what NVIDIA's driver reports about a GPU.

use worv_api::XidEvent;
use worv_core::UnixMillis;

/// How many errors of a GPU are remembered.
const KEPT: usize = 16;

/// An error that was seen now.
pub(super) fn event(xid: u64, now: UnixMillis) -> XidEvent {
    XidEvent {
        at: now.0,
        xid,
        meaning: meaning(xid).to_owned(),
    }
}

/// Adds errors to those that are remembered, and forgets the oldest.
pub(super) fn remember(known: &mut Vec<XidEvent>, new: impl IntoIterator<Item = XidEvent>) {
    known.extend(new);
    known.drain(..known.len().saturating_sub(KEPT));
}

/// What the numbers mean that a machine that serves models can meet. Source: NVIDIA, "Xid Errors".
fn meaning(xid: u64) -> &'static str {
    match xid {
        13 => "A program made the GPU's compute engine fail.",
        31 => "A program used GPU memory that it does not have.",
        43 => "A program made the GPU stop; the program is ended.",
        45 => "The driver ended a program's work after an earlier error.",
        48 => "The GPU's memory has lost data (uncorrectable ECC error).",
        61 | 62 => "The GPU's internal controller has failed; reset the GPU.",
        63 => "A faulty memory row is replaced with the next reset.",
        64 => "A faulty memory row could not be replaced; the GPU should be exchanged.",
        74 => "A link between GPUs has failed (NVLink).",
        79 => "The GPU has fallen off the bus; restart the machine.",
        92 => "The GPU's memory corrects unusually many errors.",
        94 => "A program was ended because memory lost its data (contained ECC error).",
        95 => "Memory has lost data and every program may be affected (uncontained ECC error); reset the GPU.",
        119 | 120 => "The GPU's system processor does not answer; reset the GPU.",
        140 => "The GPU has met an error of its memory that it could not recover from; reset the GPU.",
        149 => "A link between GPUs has failed and may need the machine to be restarted (NVLink).",
        154 => "The driver asks for the GPU or the machine to be restarted.",
        _ => "See NVIDIA's list of Xid errors.",
    }
}
