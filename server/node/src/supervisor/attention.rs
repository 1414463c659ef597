//! Watching an engine that was started: until it answers, and from then on for whether it still does.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{mpsc, watch},
    time::{Instant, Interval, MissedTickBehavior, interval},
};
use tokio_util::task::AbortOnDropHandle;
use worv_api::EngineMetrics;

use super::{launch::Launch, log::LogFile, start_log::StartLog};
use crate::engine::{
    EngineConfig,
    probe::{Answer, Probe},
};

/// How often the log is looked at; a file cannot be waited for.
const LOG_INTERVAL: Duration = Duration::from_millis(200);

/// How often an engine is asked that does not answer yet, and one that does.
const PROBE_INTERVALS: [Duration; 2] = [Duration::from_millis(250), Duration::from_secs(2)];

/// How one run of the engine goes.
pub(super) struct Attention {
    profile: String,
    launch: Launch,
    is_ready: bool,
    begun: Instant,
    /// When it last answered, or was started.
    answered: Instant,
    /// Since when it has requests and makes no token of them; none while it gets on, or does not tell.
    stuck_since: Option<Instant>,
    /// Why it did not answer when it was last asked.
    complaint: String,
    log_looks: Interval,
    start_log: StartLog,
    answers: mpsc::Receiver<Answer>,
    _prober: AbortOnDropHandle<()>,
}

/// What is new of a run.
pub(super) enum News {
    /// Its log tells more about the start.
    Start(StartLog),
    /// It answers for the first time, under the right name.
    Ready,
    /// It counts as failed; why, as the end of a sentence about the engine.
    Failed(String),
}

impl Attention {
    /// Watches a run; `is_ready` says whether it has answered before.
    pub(super) fn new(config: &EngineConfig, profile: &str, launch: &Launch, is_ready: bool) -> Result<Self, String> {
        let probe = Probe::with_health(config, &launch.ready_path).map_err(|error| error.to_string())?;
        let (sender, answers) = mpsc::channel(1);
        let every = PROBE_INTERVALS[usize::from(is_ready)];
        let prober = tokio::spawn(async move {
            let mut ticks = interval(every);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                if sender.send(probe.ask().await).await.is_err() {
                    return;
                }
            }
        });
        let mut log_looks = interval(LOG_INTERVAL);
        log_looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let now = Instant::now();
        Ok(Self {
            profile: profile.to_owned(),
            launch: launch.clone(),
            is_ready,
            begun: now,
            answered: now,
            stuck_since: None,
            complaint: String::new(),
            log_looks,
            start_log: StartLog::default(),
            answers,
            _prober: AbortOnDropHandle::new(prober),
        })
    }

    /// Waits for news. Safe to drop and to call again.
    pub(super) async fn next(
        &mut self,
        log: &Arc<Mutex<LogFile>>,
        metrics: &mut watch::Receiver<Arc<EngineMetrics>>,
    ) -> News {
        loop {
            let news = tokio::select! {
                _ = self.log_looks.tick() => self.take_log(look(log).await).or_else(|| self.overdue()),
                Some(answer) = self.answers.recv() => self.take_answer(answer),
                Ok(()) = metrics.changed() => {
                    self.take_metrics(&metrics.borrow_and_update());
                    None
                }
            };
            if let Some(news) = news {
                return news;
            }
        }
    }

    fn take_log(&mut self, lines: Vec<String>) -> Option<News> {
        if self.is_ready {
            return None;
        }
        let before = (self.start_log.is_loading, self.start_log.progress);
        for line in lines {
            self.start_log.take(&line);
        }
        let changed = before != (self.start_log.is_loading, self.start_log.progress);
        changed.then(|| News::Start(self.start_log.clone()))
    }

    fn take_answer(&mut self, answer: Answer) -> Option<News> {
        match answer {
            Answer::Serving(engine) if engine.model.eq_ignore_ascii_case(&self.profile) => {
                self.answered = Instant::now();
                self.complaint.clear();
                let is_first = !std::mem::replace(&mut self.is_ready, true);
                return is_first.then_some(News::Ready);
            }
            Answer::Serving(engine) => {
                let (served, wanted) = (engine.model, &self.profile);
                self.complaint = format!(
                    "It serves {served:?}: have it serve {wanted:?}, which is the profile's name (--served-model-name)."
                );
            }
            Answer::Failed(words) | Answer::TimedOut(words) => self.complaint = words,
        }
        None
    }

    /// An engine that has requests but makes no tokens of them gets nowhere. One that does not tell is not judged.
    fn take_metrics(&mut self, metrics: &EngineMetrics) {
        let figures = &metrics.total;
        let stands = |rate: Option<f64>| rate == Some(0.0);
        let is_stuck = metrics.detail.is_empty()
            && figures.running > 0
            && stands(figures.generated_tokens_per_second)
            && stands(figures.prompt_tokens_per_second);
        self.stuck_since = is_stuck.then(|| self.stuck_since.unwrap_or_else(Instant::now));
    }

    fn overdue(&self) -> Option<News> {
        let Launch {
            start_timeout_seconds: start,
            hang_seconds: hang,
            ..
        } = self.launch;
        let words = if !self.is_ready {
            let is_late = self.begun.elapsed() >= Duration::from_secs(start);
            is_late.then(|| format!("was not ready within {start} s. {}", self.complaint))
        } else if self.answered.elapsed() >= Duration::from_secs(hang) {
            Some(format!("has not answered for {hang} s. {}", self.complaint))
        } else if self
            .stuck_since
            .is_some_and(|since| since.elapsed() >= Duration::from_secs(hang))
        {
            Some(format!("has requests, but has made no token for {hang} s."))
        } else {
            None
        };
        words.map(|words| News::Failed(words.trim_end().to_owned()))
    }
}

/// Reads the log on a thread that may wait for the disk.
pub(super) async fn look(log: &Arc<Mutex<LogFile>>) -> Vec<String> {
    let log = Arc::clone(log);
    let looking = tokio::task::spawn_blocking(move || log.lock().unwrap_or_else(PoisonError::into_inner).look());
    match looking.await {
        Ok(Ok(lines)) => lines,
        Ok(Err(error)) => {
            tracing::debug!(%error, "the engine's log cannot be read");
            Vec::new()
        }
        Err(_) => Vec::new(),
    }
}
