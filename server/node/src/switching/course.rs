//! The course of one switch, step by step.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, interval, sleep, timeout_at};
use worv_api::{EngineState, ProcessState, Switch, SwitchOutcome, SwitchPhase, SwitchStep};

use super::{Switching, add_sentence};
use crate::{
    machine::{NodeReport, ProfileFacts},
    supervisor::{Order, Stage},
};

/// How often it is told how many answers still have to finish.
const DRAIN_NEWS: Duration = Duration::from_millis(250);

/// How long to wait before writing to a database again that did not answer.
const DATABASE_PAUSE: Duration = Duration::from_secs(1);

/// How long the gateway may take to see that the engine serves.
const SIGHT: Duration = Duration::from_secs(30);

/// A switch that is carried out.
pub(super) struct Course {
    switching: Arc<Switching>,
    switch: Switch,
}

/// Why the profile that was asked for does not serve.
enum Setback {
    CalledOff,
    Failed(String),
}

impl Course {
    pub(super) fn new(switching: Arc<Switching>, switch: Switch) -> Self {
        Self { switching, switch }
    }

    /// Carries it out from where it is, to its end.
    pub(super) async fn run(mut self) {
        // Without its profiles nothing can be decided: another machine tells them once it has found this gateway.
        let reports = |report: &NodeReport| report.silence.is_empty().then_some(());
        let heard = self.until(Instant::now() + self.switching.config.margin, reports).await;
        let (outcome, words) = if heard.is_none() {
            // An order that nobody waits for would be carried out whenever the node is back.
            let from = self.switch.from.clone();
            let silence = self.switching.config.node.report.borrow().silence.clone();
            tracing::error!(id = self.switch.id, detail = silence, "a switch is given up");
            (self.leave(&from).await, silence)
        } else if self.is_rolling_back() {
            self.roll_back().await
        } else {
            match self.forward().await {
                Ok(()) => (SwitchOutcome::Done, String::new()),
                Err(Setback::CalledOff) => (SwitchOutcome::Cancelled, String::new()),
                Err(Setback::Failed(words)) => {
                    tracing::error!(id = self.switch.id, detail = words, "a switch fails");
                    add_sentence(&mut self.switch.detail, &words);
                    self.roll_back().await
                }
            }
        };
        add_sentence_if_any(&mut self.switch.detail, &words);
        self.end(outcome).await;
    }

    async fn forward(&mut self) -> Result<(), Setback> {
        let (from, to) = (self.switch.from.clone(), self.switch.to.clone());
        let reached = self.switch.steps.last().map(|step| step.phase);
        if matches!(reached, None | Some(SwitchPhase::Draining)) {
            self.drain(&from, &to).await?;
        }
        if matches!(reached, None | Some(SwitchPhase::Draining | SwitchPhase::Stopping)) && !from.is_empty() {
            self.stop(&from).await.map_err(Setback::Failed)?;
        }
        self.bring_up(&to).await.map_err(Setback::Failed)
    }

    /// Brings the profile before back, if there was one that can be.
    async fn roll_back(&mut self) -> (SwitchOutcome, String) {
        let (from, to) = (self.switch.from.clone(), self.switch.to.clone());
        let was_started = |profile: &str| {
            let mut steps = self.switch.steps.iter();
            steps.any(|step| step.phase == SwitchPhase::Starting && step.profile == profile)
        };
        let (is_begun, is_undone) = (was_started(&to), was_started(&from));
        if !is_begun {
            return (self.leave(&from).await, String::new());
        }
        if !is_undone && let Err(words) = self.stop(&to).await {
            return (self.leave(&from).await, words);
        }
        if from == to || !self.facts(&from).is_some_and(|facts| facts.can_start) {
            return (
                SwitchOutcome::Failed,
                "There is no other profile before it that could be brought back.".to_owned(),
            );
        }
        match self.bring_up(&from).await {
            Ok(()) => (SwitchOutcome::RolledBack, String::new()),
            Err(words) => (
                SwitchOutcome::Failed,
                format!("Bringing {from} back failed too: {words}"),
            ),
        }
    }

    /// Nothing could be ended. Whenever the node can do something again, it is to run what ran before; if that has not even
    /// stopped, it goes on to serve.
    async fn leave(&self, from: &str) -> SwitchOutcome {
        if self.facts(from).is_some_and(|facts| facts.can_start) {
            self.order(Some(from));
        }
        let config = &self.switching.config;
        let engine = Arc::clone(&config.engine.borrow());
        if engine.state != EngineState::Up || !engine.model.eq_ignore_ascii_case(from) {
            return SwitchOutcome::Failed;
        }
        config.data_path.release(engine).await;
        SwitchOutcome::RolledBack
    }

    /// Whether it had failed already when the gateway before this one ended.
    fn is_rolling_back(&self) -> bool {
        let Switch { from, to, steps, .. } = &self.switch;
        from != to
            && steps.iter().any(|step| match step.phase {
                SwitchPhase::Stopping => step.profile == *to,
                SwitchPhase::Draining => false,
                _ => step.profile == *from,
            })
    }

    /// New requests wait, and those under way finish, until the deadline.
    async fn drain(&mut self, from: &str, to: &str) -> Result<(), Setback> {
        let switching = Arc::clone(&self.switching);
        let data_path = &switching.config.data_path;
        let facts = self.facts(from);
        let drain = Duration::from_secs(facts.as_ref().map_or(0, |facts| facts.drain_seconds));
        data_path.hold(Some(switching.config.clock.now().plus(self.expected_load(to).await)));
        self.switch.can_cancel = true;
        self.switch.draining = data_path.under_way();
        self.step(SwitchPhase::Draining, from).await;
        let id = self.switch.id;
        let mut called_off = switching.called_off.subscribe();
        let deadline = Instant::now() + drain;
        let mut news = interval(DRAIN_NEWS);
        let mut drained = data_path.drained();
        let is_called_off = loop {
            tokio::select! {
                biased;
                seen = called_off.wait_for(|called_off| *called_off == id) => break seen.is_ok(),
                () = &mut drained => break false,
                () = tokio::time::sleep_until(deadline) => {
                    let left = data_path.under_way();
                    let words = format!("{left} answers were cut off: they had not finished within {} s.", drain.as_secs());
                    add_sentence(&mut self.switch.detail, &words);
                    break false;
                }
                _ = news.tick() => {
                    self.switch.draining = data_path.under_way();
                    self.publish();
                }
            }
        };
        if is_called_off {
            let engine = Arc::clone(&switching.config.engine.borrow());
            data_path.release(engine).await;
            return Err(Setback::CalledOff);
        }
        self.switch.can_cancel = false;
        self.switch.draining = 0;
        self.publish();
        Ok(())
    }

    /// Ends the engine.
    async fn stop(&mut self, profile: &str) -> Result<(), String> {
        self.step(SwitchPhase::Stopping, profile).await;
        let order = self.order(None);
        let patience = Duration::from_secs(self.facts(profile).map_or(0, |facts| facts.stop_seconds))
            + self.switching.config.margin;
        let stopped = |report: &NodeReport| {
            let supervision = &report.supervision;
            let is_stopped = supervision.order >= order && supervision.process.state == ProcessState::Stopped;
            is_stopped.then_some(Ok(()))
        };
        self.until(Instant::now() + patience, stopped).await.unwrap_or_else(|| {
            let detail = self.last_words();
            Err(format!(
                "The engine did not end within {} s. {detail}",
                patience.as_secs()
            ))
        })
    }

    /// Starts the engine, and sends requests to it once it has shown that it works.
    async fn bring_up(&mut self, profile: &str) -> Result<(), String> {
        let switching = Arc::clone(&self.switching);
        let started_at = switching.config.clock.now();
        let expected = self.expected_load(profile).await;
        switching.config.data_path.hold(Some(started_at.plus(expected)));
        if self.switch.steps.last().is_none_or(|step| {
            step.profile != profile
                || !matches!(
                    step.phase,
                    SwitchPhase::Loading | SwitchPhase::Warming | SwitchPhase::SmokeTest | SwitchPhase::Live
                )
        }) {
            self.step(SwitchPhase::Starting, profile).await;
        }
        let order = self.order(Some(profile));
        let patience = Duration::from_secs(self.facts(profile).map_or(0, |facts| facts.start_timeout_seconds))
            + self.switching.config.margin;
        self.follow_start(profile, order, Instant::now() + patience).await?;
        self.step(SwitchPhase::Warming, profile).await;
        switching.trial.warm_up(profile).await?;
        self.step(SwitchPhase::SmokeTest, profile).await;
        switching.trial.smoke_test(profile).await?;
        // The data path must know the new model before the first request reaches it.
        let mut engine = switching.config.engine.clone();
        let serves = |status: &Arc<worv_api::EngineStatus>| {
            status.state == EngineState::Up && status.model.eq_ignore_ascii_case(profile)
        };
        let seen = timeout_at(Instant::now() + SIGHT, engine.wait_for(serves)).await;
        let Ok(Ok(status)) = seen.map(|seen| seen.map(|status| Arc::clone(&status))) else {
            return Err("The gateway does not see the engine, though it answers.".to_owned());
        };
        self.step(SwitchPhase::Live, profile).await;
        switching.config.data_path.release(status).await;
        Ok(())
    }

    /// Waits until the engine answers, showing how much it has loaded.
    async fn follow_start(&mut self, profile: &str, order: i64, deadline: Instant) -> Result<(), String> {
        loop {
            let shown = (self.switch.phase(), self.switch.loading);
            let changed = |report: &NodeReport| {
                let now = &report.supervision;
                if now.order < order || now.process.profile != profile {
                    return None;
                }
                let failed = now.process.failures > 0 || now.process.state == ProcessState::GaveUp;
                if failed {
                    return Some(Err(now.process.detail.clone()));
                }
                let phase = match now.stage {
                    Stage::Loading | Stage::Serving => SwitchPhase::Loading,
                    Stage::Idle | Stage::Stopping | Stage::Starting => SwitchPhase::Starting,
                };
                let is_news = now.stage == Stage::Serving || (phase, now.loading) != shown;
                is_news.then_some(Ok((phase, now.loading, now.stage == Stage::Serving)))
            };
            let news = self.until(deadline, changed).await.unwrap_or_else(|| {
                let detail = self.last_words();
                Err(format!("{profile} did not start in time. {detail}"))
            });
            let (phase, loading, is_serving) = news?;
            self.switch.loading = loading;
            // After a restart of the gateway it may have been loaded before.
            let is_loaded = is_serving
                && matches!(
                    self.switch.phase(),
                    SwitchPhase::Warming | SwitchPhase::SmokeTest | SwitchPhase::Live
                );
            if phase == SwitchPhase::Loading && self.switch.phase() != SwitchPhase::Loading && !is_loaded {
                self.step(SwitchPhase::Loading, profile).await;
            }
            self.publish();
            if is_serving {
                self.switch.loading = None;
                return Ok(());
            }
        }
    }

    /// Begins a step, which ends the one before it. The same step again goes on, after a restart of the gateway.
    async fn step(&mut self, phase: SwitchPhase, profile: &str) {
        let now = self.switching.config.clock.now().0;
        match self.switch.steps.last_mut() {
            Some(last) if last.phase == phase && last.profile == profile => {}
            last => {
                if let Some(last) = last {
                    last.ended_at = Some(now);
                }
                self.switch.steps.push(SwitchStep {
                    phase,
                    profile: profile.to_owned(),
                    started_at: now,
                    ended_at: None,
                });
                tracing::info!(id = self.switch.id, ?phase, profile, "switch");
            }
        }
        if let Err(error) = self.switching.config.store.save_switch(&self.switch).await {
            tracing::error!(%error, "cannot write down how far the switch is");
        }
        // What is seen of it holds after a restart too.
        self.publish();
    }

    async fn end(mut self, outcome: SwitchOutcome) {
        let switching = Arc::clone(&self.switching);
        let now = switching.config.clock.now().0;
        if let Some(last) = self.switch.steps.last_mut() {
            last.ended_at = Some(now);
        }
        (self.switch.ended_at, self.switch.outcome) = (Some(now), Some(outcome));
        (self.switch.can_cancel, self.switch.draining, self.switch.loading) = (false, 0, None);
        let Switch {
            id, from, to, detail, ..
        } = &self.switch;
        tracing::info!(id, from, to, ?outcome, detail, "a switch has ended");
        if outcome == SwitchOutcome::Failed {
            // Nobody is kept waiting for what does not come.
            let engine = Arc::clone(&switching.config.engine.borrow());
            switching.config.data_path.release(engine).await;
        }
        // Until it is written down, nobody may begin another.
        while let Err(error) = switching.config.store.save_switch(&self.switch).await {
            tracing::error!(%error, "cannot write down how the switch ended");
            sleep(DATABASE_PAUSE).await;
        }
        self.publish();
    }

    /// The first answer of `look` to a report of the node; none at the deadline.
    async fn until<T>(&self, deadline: Instant, look: impl Fn(&NodeReport) -> Option<T>) -> Option<T> {
        let mut reports = self.switching.config.node.report.clone();
        loop {
            let report = Arc::clone(&reports.borrow_and_update());
            if let Some(found) = look(&report) {
                return Some(found);
            }
            if !matches!(timeout_at(deadline, reports.changed()).await, Ok(Ok(()))) {
                return None;
            }
        }
    }

    /// Tells the node what to run, and with which number.
    fn order(&self, profile: Option<&str>) -> i64 {
        let node = &self.switching.config.node;
        let last = node.orders.borrow().as_ref().map_or(0, |order| order.id);
        let taken = node.report.borrow().supervision.order;
        let id = self.switching.config.clock.now().0.max(last + 1).max(taken + 1);
        let profile = profile.map(str::to_owned);
        node.orders.send_replace(Some(Order { id, profile }));
        id
    }

    fn facts(&self, profile: &str) -> Option<ProfileFacts> {
        let report = self.switching.config.node.report.borrow();
        report.profiles.iter().find(|facts| facts.name == profile).cloned()
    }

    /// How long the profile is expected to take from its start to its first answer: as it did the last time, else as the
    /// configuration says.
    async fn expected_load(&self, profile: &str) -> Duration {
        let config = &self.switching.config;
        let measured = config.store.engine_loads(&config.node.name).await.unwrap_or_default();
        let expected = || Duration::from_secs(self.facts(profile).map_or(0, |facts| facts.load_seconds));
        measured.get(profile).copied().unwrap_or_else(expected)
    }

    /// What the node says of the engine's process.
    fn last_words(&self) -> String {
        self.switching.config.node.report.borrow().process().detail
    }

    fn publish(&self) {
        self.switching.current.send_replace(Some(self.switch.clone()));
    }
}

fn add_sentence_if_any(text: &mut String, sentence: &str) {
    if !sentence.is_empty() {
        add_sentence(text, sentence);
    }
}
