//! What the server wrote into the document for the browser.

use app::Theme;
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

/// The theme that the document was rendered with.
pub(crate) fn theme() -> Theme {
    document()
        .document_element()
        .and_then(|html| html.get_attribute("data-theme"))
        .map(|name| Theme::from_name(&name))
        .unwrap_or_default()
}
