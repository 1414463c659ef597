//! What the server wrote into the document for the browser.

use app::PageSettings;
use leptos::prelude::document;

/// The content of `<meta name=…>`; empty if there is none.
pub(crate) fn meta(name: &str) -> String {
    document()
        .query_selector(&format!("meta[name='{name}']"))
        .ok()
        .flatten()
        .and_then(|element| element.get_attribute("content"))
        .unwrap_or_default()
}

/// What the page was rendered with.
pub(crate) fn settings() -> PageSettings {
    serde_json::from_str(&meta(PageSettings::META)).unwrap_or_default()
}
