//! The console's API, in process, in the name of one signed-in user.

use std::sync::Arc;

use app::Theme;
use worv_api::{ApiError, ApiFuture, ConsoleApi, NewSwitch, Overview, Role, SessionInfo, Switch};
use worv_store::{Actor, SessionDigest};

use super::{Console, session::Session, views::Outcome};

/// Does what one user asks, as far as the user's role allows. Cheap to clone.
#[derive(Clone)]
pub struct Service {
    console: Arc<Console>,
    session: Session,
    browser: Browser,
}

/// What the browser told of itself.
#[derive(Clone, Debug, Default)]
pub struct Browser {
    /// The theme that its cookie asks for.
    pub theme: Theme,
    /// Where programs reach the inference API, without a path.
    pub inference_url: String,
}

impl Service {
    /// The API for `session`.
    pub fn new(console: Arc<Console>, session: Session, browser: Browser) -> Self {
        Self {
            console,
            session,
            browser,
        }
    }

    /// Which session this is.
    pub fn session_digest(&self) -> SessionDigest {
        self.session.digest
    }

    /// In whose name it acts, as the audit log names them.
    pub fn actor(&self) -> &Actor {
        &self.session.actor
    }

    /// What the user may do.
    pub fn role(&self) -> Role {
        self.session.role
    }

    /// What it works with.
    pub(super) fn console(&self) -> &Arc<Console> {
        &self.console
    }

    /// What the browser told of itself.
    pub(super) fn browser(&self) -> &Browser {
        &self.browser
    }

    /// The session that asks.
    pub(super) fn own(&self) -> &Session {
        &self.session
    }

    /// The one place where roles are checked: everything that changes something asks for an administrator, but for what
    /// everyone may do with their own account.
    pub(super) fn require_admin(&self) -> Result<(), ApiError> {
        match self.session.role {
            Role::Admin => Ok(()),
            Role::Viewer => {
                let message =
                    "Your role is viewer, which can look at everything and change nothing. Ask an administrator.";
                Err(ApiError::new(403, "forbidden", message))
            }
        }
    }

    /// Starts a switch.
    pub(super) async fn start_switch(&self, new: NewSwitch) -> Result<Switch, ApiError> {
        self.require_admin()?;
        self.console.start_switch(&new.profile, &self.session.actor).await
    }

    /// Calls the switch under way off.
    pub(super) async fn cancel_switch(&self) -> Result<Switch, ApiError> {
        self.require_admin()?;
        self.console.cancel_switch(&self.session.actor).await
    }

    /// Runs `work` with a copy of this service, so that the answer may outlive the borrow.
    fn answer<T, F>(&self, work: impl FnOnce(Self) -> F) -> ApiFuture<T>
    where
        F: Future<Output = Result<T, ApiError>> + Send + 'static,
    {
        Box::pin(work(self.clone()))
    }
}

impl ConsoleApi for Service {
    fn session(&self) -> ApiFuture<SessionInfo> {
        self.answer(async |service| Ok(service.session.info(&service.console)))
    }

    fn overview(&self) -> ApiFuture<Overview> {
        self.answer(async |service| Ok(service.console.live.overview()))
    }

    fn part(&self, address: &str) -> ApiFuture<String> {
        let address = address.to_owned();
        self.answer(async move |service| service.page(&address, Outcome::default()).await)
    }
}
