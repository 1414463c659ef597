//! A switch on a node that does not report any more.

#![expect(clippy::unwrap_used, reason = "a test ends where something unexpected happens")]

use std::{future, sync::Arc, time::Duration};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use worv_api::{EngineState, EngineStatus, GpuReport, ProcessState, Switch, SwitchOutcome};
use worv_core::{Clock, UnixMillis};
use worv_node::{
    engine::EngineConfig,
    machine::{NodeReport, ProfileFacts},
    remote::{AgentReport, LogPiece, RemoteNode},
    supervisor::{Order, Supervision},
    switching::{DataPath, Done, Switching, SwitchingConfig},
};
use worv_store::{Actor, Store};

/// Nobody asks for anything; counts whether requests are let go.
#[derive(Default)]
struct Quiet(watch::Sender<bool>);

impl DataPath for Quiet {
    fn hold(&self, _: Option<UnixMillis>) {
        self.0.send_replace(false);
    }

    fn under_way(&self) -> u64 {
        0
    }

    fn drained(&self) -> Done<'_> {
        Box::pin(future::ready(()))
    }

    fn release(&self, _: Arc<EngineStatus>) -> Done<'_> {
        self.0.send_replace(true);
        Box::pin(future::ready(()))
    }
}

fn facts(name: &str) -> ProfileFacts {
    ProfileFacts {
        name: name.to_owned(),
        description: String::new(),
        can_start: true,
        drain_seconds: 0,
        stop_seconds: 0,
        load_seconds: 0,
        start_timeout_seconds: 0,
    }
}

/// Alpha runs, and nothing more is ever heard.
fn last_report() -> AgentReport {
    let mut supervision = Supervision::idle(0);
    supervision.process.state = ProcessState::Running;
    "Alpha".clone_into(&mut supervision.process.profile);
    "It was well.".clone_into(&mut supervision.process.detail);
    AgentReport {
        name: "gpu-1".to_owned(),
        run: "run".to_owned(),
        number: 1,
        node: NodeReport {
            supervision,
            profiles: vec![facts("Alpha"), facts("Beta")],
            configuration_error: String::new(),
            silence: String::new(),
        },
        gpus: GpuReport::starting(),
        log: LogPiece::default(),
    }
}

/// A switch to Beta, the last order, and whether requests go on, with an engine in this state.
async fn switched(state: EngineState) -> (Switch, Option<String>, bool) {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite://{}", folder.path().join("worv.db").display());
    let (clock, stopping) = (Clock::System, CancellationToken::new());
    let node = RemoteNode::new("gpu-1", clock.clone(), stopping.clone());
    node.take(last_report());
    let engine = EngineStatus {
        state,
        model: "Alpha".to_owned(),
        ..EngineStatus::starting(0)
    };
    let data_path = Arc::new(Quiet::default());
    let config = SwitchingConfig {
        node: node.handle(),
        store: Store::open(&database, clock.clone()).await.unwrap(),
        data_path: Arc::clone(&data_path) as Arc<dyn DataPath>,
        engine: watch::channel(Arc::new(engine)).1,
        engine_config: EngineConfig::new("http://127.0.0.1:9".parse().unwrap()),
        margin: Duration::from_millis(100),
        clock,
        stopping,
    };
    let switching = Switching::start(config).await.unwrap();
    switching.begin("Beta", &Actor::command_line()).await.unwrap();
    let mut current = switching.current();
    let ended = |switch: &Option<Switch>| switch.as_ref().is_some_and(|switch| switch.ended_at.is_some());
    let switch = current.wait_for(ended).await.unwrap().clone().unwrap();
    let order: Option<Order> = node.take(last_report()).order;
    let goes_on = *data_path.0.borrow();
    (switch, order.and_then(|order| order.profile), goes_on)
}

#[tokio::test]
async fn what_ran_before_goes_on_if_nobody_could_end_it() {
    let (switch, order, goes_on) = switched(EngineState::Up).await;
    assert_eq!(switch.outcome, Some(SwitchOutcome::RolledBack), "{switch:?}");
    assert_eq!(switch.detail, "The engine did not end within 0 s. It was well.");
    // An order to end it would be carried out once the node is back.
    assert_eq!((order.as_deref(), goes_on), (Some("Alpha"), true));
}

#[tokio::test]
async fn what_ran_before_is_to_run_again_if_it_does_not_answer() {
    let (switch, order, goes_on) = switched(EngineState::Down).await;
    assert_eq!(switch.outcome, Some(SwitchOutcome::Failed), "{switch:?}");
    assert_eq!((order.as_deref(), goes_on), (Some("Alpha"), true));
}
