//! The pages, in the order in which they are read.

/// One page.
pub struct Page {
    /// Its path, without a slash.
    pub name: &'static str,
    /// Its title in the navigation.
    pub title: &'static str,
    /// What it is about, in a line.
    pub summary: &'static str,
    /// Its text; `{{…}}` stand for facts of the running server.
    pub markdown: &'static str,
}

macro_rules! page {
    ($name:literal, $title:literal, $summary:literal) => {
        Page {
            name: $name,
            title: $title,
            summary: $summary,
            markdown: include_str!(concat!("../../../docs/public/", $name, ".md")),
        }
    };
}

/// Every page; the first is the start.
pub const PAGES: [Page; 9] = [
    page!(
        "quick-start",
        "Quick start",
        "A first answer with curl and with the SDKs of OpenAI and Anthropic."
    ),
    page!("clients", "Clients", "Claude Code, Codex and Open WebUI."),
    page!(
        "authentication",
        "Authentication",
        "How a key is sent, and what is answered without one."
    ),
    page!("models", "Models", "The names that lead to the live model."),
    page!(
        "thinking",
        "Thinking",
        "Switching thinking on and off, and how hard the model thinks."
    ),
    page!(
        "reference",
        "Endpoints and fields",
        "Every route, and every field and header that does not pass as it is."
    ),
    page!(
        "limits-and-errors",
        "Limits and errors",
        "What is limited, what each error means, and what to do."
    ),
    page!(
        "notes",
        "Notes",
        "What differs from other providers, and known issues of the engine."
    ),
    page!("changelog", "Changelog", "What has changed for callers."),
];
