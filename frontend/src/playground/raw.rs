//! The events of an answer as they came.

use web_sys::Element;

use super::elements::{self, append, find};

/// Events that are shown, at most.
const EVENTS: u32 = 500;

/// Makes room for the events of the next answer.
pub(super) fn empty() {
    elements::empty("#raw");
}

/// Shows an event as it came; the oldest make room.
pub(super) fn show(data: &str) {
    let Some(raw) = find::<Element>("#raw") else { return };
    append(&raw, &format!("{data}\n"));
    if raw.child_nodes().length() > EVENTS
        && let Some(oldest) = raw.first_child()
    {
        drop(raw.remove_child(&oldest));
    }
    raw.set_scroll_top(raw.scroll_height());
}
