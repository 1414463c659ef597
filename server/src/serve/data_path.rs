//! The data path as a switch sees it.

use std::sync::Arc;

use worv_api::EngineStatus;
use worv_core::{Clock, UnixMillis};
use worv_node::switching::{DataPath, Done};
use worv_proxy::{Gateway, Intake};

use super::background::snapshot;

/// Holds requests back while the model is exchanged, and lets them go on to the new one.
pub struct SwitchedGateway {
    /// The data path.
    pub gateway: Arc<Gateway>,
    /// Tells how long it is until a time.
    pub clock: Clock,
}

impl DataPath for SwitchedGateway {
    fn hold(&self, ready_at: Option<UnixMillis>) {
        let expected = ready_at.map(|at| at.since(self.clock.now()));
        self.gateway.set_intake(Intake::Held { expected });
    }

    fn under_way(&self) -> u64 {
        self.gateway.counters().in_flight
    }

    fn drained(&self) -> Done<'_> {
        Box::pin(self.gateway.drained())
    }

    fn release(&self, engine: Arc<EngineStatus>) -> Done<'_> {
        Box::pin(async move {
            self.gateway.replace_engine(snapshot(&engine));
            self.gateway.probe_engine().await;
            self.gateway.set_intake(Intake::Open);
        })
    }
}
