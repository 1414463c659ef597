//! What a page is rendered with, known to both sides before anything is asked.

use crate::Theme;

/// The settings of one page. The server has them from the request and its configuration, the browser from the document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageSettings {
    /// The theme from the cookie [`Theme::COOKIE`].
    pub theme: Theme,
    /// Where programs reach the inference API, without a path, such as `https://proxy.example.com`.
    pub inference_url: String,
}

impl PageSettings {
    /// The name of the `<meta>` element with the session's token against forged requests.
    pub const CSRF_TOKEN_META: &'static str = "csrf-token";

    /// The name of the `<meta>` element with [`PageSettings::inference_url`].
    pub const INFERENCE_URL_META: &'static str = "inference-url";
}
