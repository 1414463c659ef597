//! A node on another machine, as the agent there reports it.
//!
//! The agent asks and the gateway answers, once a second and whenever something changes. A report has the node's whole
//! state and an answer the last order, each with its number: one that is lost or comes twice does no harm, and neither
//! side has to remember what the other one knows. What waits to be sent is bounded by what is kept of it.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio::{sync::watch, time::timeout};
use tokio_util::sync::CancellationToken;
use worv_api::{GpuReport, GpuSource};
use worv_core::{Clock, UnixMillis, calendar::iso};

use crate::{
    machine::{NodeHandle, NodeReport},
    supervisor::{LogTail, Order, Supervision},
};

/// How often an agent reports when nothing changes.
pub const REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// Lines of the engine's log that one report carries at most.
pub const REPORT_LINES: usize = 500;

/// How long a node may say nothing before what is known of it counts as old.
const SILENT_AFTER: Duration = Duration::from_secs(5);

/// What an agent says of its node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentReport {
    /// What the node is called.
    pub name: String,
    /// Which run of the agent this is.
    pub run: String,
    /// Later reports of a run have higher numbers.
    pub number: u64,
    /// The engine and the profiles.
    pub node: NodeReport,
    /// The GPUs.
    pub gpus: GpuReport,
    /// What the gateway wants of the engine's log.
    pub log: LogPiece,
}

/// A piece of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogPiece {
    /// The number of the line that the gateway asked for.
    pub wanted: u64,
    /// The lines from there on, as far as they are kept.
    pub lines: Vec<String>,
    /// The number of the line after these.
    pub next: u64,
}

/// What a gateway answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentAnswer {
    /// What the node is to run, as far as this gateway has said; one that it knows already is no news.
    pub order: Option<Order>,
    /// The number of the log's line with which the next report is to begin.
    pub log_wanted: u64,
}

/// The gateway's side of a node.
pub struct RemoteNode {
    name: String,
    clock: Clock,
    heard: Mutex<Heard>,
    /// Counts the reports.
    beats: watch::Sender<u64>,
    report: watch::Sender<Arc<NodeReport>>,
    gpus: watch::Sender<Arc<GpuReport>>,
    orders: Arc<watch::Sender<Option<Order>>>,
    log: LogTail,
}

/// The last report.
#[derive(Default)]
struct Heard {
    at: UnixMillis,
    run: String,
    number: u64,
    log_wanted: u64,
}

impl RemoteNode {
    /// The node of that name, which has not reported yet. Must be called inside a Tokio runtime.
    pub fn new(name: &str, clock: Clock, cancel: CancellationToken) -> Arc<Self> {
        let report = NodeReport {
            supervision: Supervision::idle(clock.now().0),
            profiles: Vec::new(),
            configuration_error: String::new(),
            silence: format!("The agent on {name} has not reported since this gateway was started."),
        };
        let node = Arc::new(Self {
            name: name.to_owned(),
            clock,
            heard: Mutex::default(),
            beats: watch::Sender::new(0),
            report: watch::Sender::new(Arc::new(report)),
            gpus: watch::Sender::new(Arc::new(GpuReport::starting())),
            orders: Arc::new(watch::Sender::new(None)),
            log: LogTail::default(),
        });
        let (watched, beats) = (Arc::clone(&node), node.beats.subscribe());
        tokio::spawn(async move { cancel.run_until_cancelled(watched.notice_silence(beats)).await });
        node
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The node, for whoever switches and shows it.
    pub fn handle(&self) -> NodeHandle {
        NodeHandle {
            name: self.name.clone(),
            report: self.report.subscribe(),
            orders: Arc::clone(&self.orders),
            log: self.log.clone(),
        }
    }

    /// Its GPUs.
    pub fn gpus(&self) -> watch::Receiver<Arc<GpuReport>> {
        self.gpus.subscribe()
    }

    /// Takes a report, and says what the agent is to know. One that was overtaken by a later one changes nothing.
    pub fn take(&self, report: AgentReport) -> AgentAnswer {
        let mut heard = self.heard();
        if heard.run != report.run {
            tracing::info!(node = self.name, run = report.run, "an agent reports");
            self.log.clear();
            *heard = Heard {
                run: report.run,
                ..Heard::default()
            };
        }
        if report.number > heard.number {
            heard.number = report.number;
            heard.at = self.clock.now();
            if report.log.wanted == heard.log_wanted {
                report.log.lines.into_iter().for_each(|line| self.log.push(line));
                heard.log_wanted = report.log.next;
            }
            replace(&self.gpus, report.gpus);
            replace(&self.report, report.node);
            self.beats.send_modify(|count| *count += 1);
        }
        AgentAnswer {
            order: self.orders.borrow().clone(),
            log_wanted: heard.log_wanted,
        }
    }

    async fn notice_silence(self: Arc<Self>, mut beats: watch::Receiver<u64>) {
        while beats.changed().await.is_ok() {
            while timeout(SILENT_AFTER, beats.changed()).await.is_ok() {}
            let heard = self.heard();
            if !beats.has_changed().unwrap_or(false) {
                self.fall_silent(heard.at);
            }
        }
    }

    fn fall_silent(&self, since: UnixMillis) {
        let words = format!("The agent on {} has not reported since {}.", self.name, iso(since));
        tracing::error!(detail = words, "what is shown of the node is old");
        self.report.send_modify(|report| {
            let silence = words.clone();
            *report = Arc::new(NodeReport {
                silence,
                ..NodeReport::clone(report)
            });
        });
        self.gpus.send_modify(|gpus| {
            let source = GpuSource::Failing { reason: words };
            *gpus = Arc::new(GpuReport {
                source,
                ..GpuReport::clone(gpus)
            });
        });
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Publishes what is new.
fn replace<T: PartialEq>(shown: &watch::Sender<Arc<T>>, next: T) {
    shown.send_if_modified(|current| {
        let changed = **current != next;
        if changed {
            *current = Arc::new(next);
        }
        changed
    });
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, advance};

    use super::*;

    fn report(run: &str, number: u64, log: LogPiece) -> AgentReport {
        AgentReport {
            name: "gpu-1".to_owned(),
            run: run.to_owned(),
            number,
            node: NodeReport {
                supervision: Supervision {
                    order: 5,
                    ..Supervision::idle(0)
                },
                profiles: Vec::new(),
                configuration_error: String::new(),
                silence: String::new(),
            },
            gpus: GpuReport {
                sampled_at: i64::try_from(number).unwrap(),
                ..GpuReport::starting()
            },
            log,
        }
    }

    fn piece(wanted: u64, lines: &[&str]) -> LogPiece {
        LogPiece {
            wanted,
            lines: lines.iter().map(ToString::to_string).collect(),
            next: wanted + lines.len() as u64,
        }
    }

    fn node() -> (Arc<RemoteNode>, NodeHandle) {
        let clock = Clock::manual(UnixMillis(1_800_000_000_000));
        let node = RemoteNode::new("gpu-1", clock, CancellationToken::new());
        let handle = node.handle();
        (node, handle)
    }

    #[tokio::test]
    async fn a_report_that_comes_twice_or_late_changes_nothing() {
        let (node, handle) = node();
        assert_eq!(node.take(report("a", 1, piece(0, &["one", "two"]))).log_wanted, 2);
        assert_eq!(node.take(report("a", 1, piece(0, &["one", "two"]))).log_wanted, 2);
        assert_eq!(node.take(report("a", 3, piece(2, &["three"]))).log_wanted, 3);
        assert_eq!(node.take(report("a", 2, piece(2, &["three"]))).log_wanted, 3);
        assert_eq!(handle.log.last(9), ["one", "two", "three"]);
        assert_eq!(node.gpus().borrow().sampled_at, 3);
    }

    #[tokio::test]
    async fn a_gateway_that_is_new_asks_for_the_log_from_its_beginning() {
        let (node, handle) = node();
        assert_eq!(node.take(report("a", 7, piece(40, &["late"]))).log_wanted, 0);
        let oldest = LogPiece {
            next: 41,
            ..piece(0, &["kept", "late"])
        };
        assert_eq!(node.take(report("a", 8, oldest)).log_wanted, 41);
        assert_eq!(handle.log.last(9), ["kept", "late"]);
        // So is the log of an agent that is new.
        assert_eq!(node.take(report("b", 1, piece(0, &["fresh"]))).log_wanted, 1);
        assert_eq!(handle.log.last(9), ["fresh"]);
    }

    #[tokio::test]
    async fn every_answer_has_the_last_order() {
        let (node, handle) = node();
        assert_eq!(node.take(report("a", 1, LogPiece::default())).order, None);
        let order = Order {
            id: 9,
            profile: Some("GLM".to_owned()),
        };
        handle.orders.send_replace(Some(order.clone()));
        for number in [2, 2, 3] {
            assert_eq!(
                node.take(report("a", number, LogPiece::default())).order,
                Some(order.clone())
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_node_that_falls_silent_keeps_its_last_figures_and_says_so() {
        let (node, mut handle) = node();
        assert!(
            handle
                .report
                .borrow()
                .silence
                .contains("has not reported since this gateway")
        );
        node.take(report("a", 1, LogPiece::default()));
        assert_eq!(handle.report.borrow_and_update().silence, "");
        let begun = Instant::now();
        handle.report.changed().await.unwrap();
        assert!(begun.elapsed() >= SILENT_AFTER);
        let words = "The agent on gpu-1 has not reported since 2027-01-15T08:00:00Z.";
        let shown = Arc::clone(&handle.report.borrow_and_update());
        assert_eq!((shown.silence.as_str(), shown.supervision.order), (words, 5));
        assert_eq!(shown.process().detail, words);
        assert_eq!(node.gpus().borrow().sampled_at, 1);
        assert!(matches!(&node.gpus().borrow().source, GpuSource::Failing { reason } if reason == words));
        advance(SILENT_AFTER * 3).await;
        assert!(!handle.report.has_changed().unwrap(), "it is told once");
        node.take(report("a", 2, LogPiece::default()));
        assert_eq!(handle.report.borrow().silence, "");
    }
}
