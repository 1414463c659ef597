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

/// A gateway and the node that it has not heard of yet.
struct World {
    node: Arc<RemoteNode>,
    store: Store,
    data_path: Arc<Quiet>,
    _folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = format!("sqlite://{}", folder.path().join("worv.db").display());
        Self {
            node: RemoteNode::new("gpu-1", Clock::System, CancellationToken::new()),
            store: Store::open(&database, Clock::System).await.unwrap(),
            data_path: Arc::new(Quiet::default()),
            _folder: folder,
        }
    }

    /// Switching in front of an engine that has Alpha, in this state.
    async fn switching(&self, state: EngineState) -> Arc<Switching> {
        let engine = EngineStatus {
            state,
            model: "Alpha".to_owned(),
            ..EngineStatus::starting(0)
        };
        let config = SwitchingConfig {
            node: self.node.handle(),
            store: self.store.clone(),
            data_path: Arc::clone(&self.data_path) as Arc<dyn DataPath>,
            engine: watch::channel(Arc::new(engine)).1,
            engine_config: EngineConfig::new("http://127.0.0.1:9".parse().unwrap()),
            margin: Duration::from_millis(100),
            clock: Clock::System,
            stopping: CancellationToken::new(),
        };
        Switching::start(config).await.unwrap()
    }

    /// The switch when it has ended, the last order, and whether requests go on.
    async fn end_of(&self, switching: &Switching) -> (Switch, Option<Order>, bool) {
        let mut current = switching.current();
        let ended = |switch: &Option<Switch>| switch.as_ref().is_some_and(|switch| switch.ended_at.is_some());
        let switch = current.wait_for(ended).await.unwrap().clone().unwrap();
        let order = self.node.take(last_report()).order;
        (switch, order, *self.data_path.0.borrow())
    }
}

/// A switch to Beta, the last order, and whether requests go on, with an engine in this state.
async fn switched(state: EngineState) -> (Switch, Option<String>, bool) {
    let world = World::new().await;
    world.node.take(last_report());
    let switching = world.switching(state).await;
    switching.begin("Beta", &Actor::command_line()).await.unwrap();
    let (switch, order, goes_on) = world.end_of(&switching).await;
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

#[tokio::test]
async fn a_node_that_never_reports_is_ordered_nothing_and_what_runs_there_goes_on() {
    let world = World::new().await;
    let by = Actor::command_line();
    world.store.begin_switch("gpu-1", "Alpha", "Beta", &by).await.unwrap();
    world.data_path.0.send_replace(true);
    let switching = world.switching(EngineState::Up).await;
    assert!(
        *world.data_path.0.borrow(),
        "requests wait, though nothing has been ended"
    );
    let (switch, order, goes_on) = world.end_of(&switching).await;
    assert_eq!(switch.outcome, Some(SwitchOutcome::RolledBack), "{switch:?}");
    assert!(
        switch
            .detail
            .ends_with("The agent on gpu-1 has not reported since this gateway was started."),
        "{switch:?}"
    );
    // The agent that comes back later would carry out whatever it were told.
    assert_eq!((order, goes_on), (None, true));
}
