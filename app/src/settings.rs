//! What a page is rendered with, known to both sides before anything is asked.

use serde::{Deserialize, Serialize};
use worv_api::{Role, SessionInfo};

use crate::Theme;

/// The settings of one page. The server has them from the request and its configuration, the browser from the document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageSettings {
    /// The theme from the cookie [`Theme::COOKIE`].
    pub theme: Theme,
    /// Where programs reach the inference API, without a path, such as `https://proxy.example.com`.
    pub inference_url: String,
    /// Who is signed in. There is nobody while the server lists its routes, which renders without a request.
    pub session: Option<SessionInfo>,
}

impl PageSettings {
    /// The name of the `<meta>` element with the session's token against forged requests.
    pub const CSRF_TOKEN_META: &'static str = "csrf-token";

    /// The name of the `<meta>` element with the settings as JSON.
    pub const META: &'static str = "settings";

    /// Whether the engine and the GPUs are simulated.
    pub(crate) fn is_demo(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.demo)
    }

    /// Whether the user may change anything.
    pub fn is_admin(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.role == Role::Admin)
    }
}
