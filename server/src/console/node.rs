//! The machine, as the console shows and switches it.

use worv_api::{ApiError, EngineState, GpuPoint, Gpus, Profile, Profiles, Switch, Switches};
use worv_store::{Actor, GpuMinute};

use super::{Console, api::database_failed};

/// Switches that are listed.
const LISTED: u32 = 50;

/// Lines of the engine's log that are shown.
const LOG_LINES: usize = 200;

/// The longest time that the GPUs' minutes are kept, in hours.
const LONGEST: u32 = 30 * 24;

/// Points of a chart, about.
const POINTS: i64 = 480;

impl Console {
    /// The GPUs with the last 15 minutes.
    pub fn gpus(&self) -> Gpus {
        Gpus {
            report: self.node.gpu_report(),
            history: self.node.gpu_history(),
        }
    }

    /// The GPUs over the last hours, in at most about 480 points.
    pub async fn gpu_history(&self, hours: u32) -> Result<Vec<GpuPoint>, ApiError> {
        if !(1..=LONGEST).contains(&hours) {
            let message = format!("hours is {hours}: give 1 to {LONGEST}.");
            return Err(ApiError::new(422, "invalid_request", message));
        }
        let end = self.clock.now().0.div_euclid(60_000) + 1;
        let minutes = i64::from(hours) * 60;
        let step = (minutes / POINTS).max(1);
        // Whole steps, so that a point does not change its place as time passes.
        let begin = (end - minutes).div_euclid(step) * step;
        let rows = self.store.gpu_minutes_by_step(&self.node.name, begin, end, step).await;
        Ok(points(&rows.map_err(database_failed)?))
    }

    /// The models that the machine can be switched to.
    pub async fn profiles(&self) -> Result<Profiles, ApiError> {
        let engine = self.live.overview().engine;
        let live = |name: &str| engine.state == EngineState::Up && engine.model.eq_ignore_ascii_case(name);
        let Some(managed) = &self.node.managed else {
            let profile = |profile: &crate::config::Profile| Profile {
                name: profile.name.clone(),
                description: profile.description.clone(),
                live: live(&profile.name),
                can_start: false,
                load_seconds: None,
                load_measured: false,
            };
            return Ok(Profiles {
                process: None,
                by_agent: false,
                profiles: self.node.profiles().iter().map(profile).collect(),
                configuration_error: String::new(),
            });
        };
        let measured = self
            .store
            .engine_loads(&self.node.name)
            .await
            .map_err(database_failed)?;
        let report = managed.node.report.borrow();
        let profiles = report.profiles.iter().map(|facts| {
            let took = measured.get(&facts.name).map(|took| took.as_secs_f64().ceil());
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a time of some minutes"
            )]
            let took = took.map(|seconds| seconds as u64);
            Profile {
                name: facts.name.clone(),
                description: facts.description.clone(),
                live: live(&facts.name),
                can_start: facts.can_start,
                load_measured: took.is_some(),
                load_seconds: took.or_else(|| facts.can_start.then_some(facts.load_seconds)),
            }
        });
        Ok(Profiles {
            process: Some(report.process()),
            by_agent: self.node.by_agent,
            profiles: profiles.collect(),
            configuration_error: report.configuration_error.clone(),
        })
    }

    /// The switch under way and those before it.
    pub async fn switches(&self) -> Result<Switches, ApiError> {
        let Some(managed) = &self.node.managed else {
            return Ok(Switches {
                current: None,
                history: Vec::new(),
                log: Vec::new(),
            });
        };
        let history = self.store.ended_switches(&self.node.name, LISTED).await;
        let current = managed.switching.current().borrow().clone();
        Ok(Switches {
            current: current.filter(|switch| switch.ended_at.is_none()),
            history: history.map_err(database_failed)?,
            log: managed.node.log.last(LOG_LINES),
        })
    }

    /// What is kept of the engine's log, a line each.
    pub fn engine_log(&self) -> Result<String, ApiError> {
        let managed = self.node.managed.as_ref().ok_or_else(not_ours)?;
        let lines = managed.node.log.last(usize::MAX);
        Ok(lines.into_iter().map(|line| line + "\n").collect())
    }

    /// Starts a switch.
    pub async fn start_switch(&self, profile: &str, by: &Actor) -> Result<Switch, ApiError> {
        let managed = self.node.managed.as_ref().ok_or_else(not_ours)?;
        managed.switching.begin(profile, by).await
    }

    /// Calls the switch under way off.
    pub async fn cancel_switch(&self, by: &Actor) -> Result<Switch, ApiError> {
        let managed = self.node.managed.as_ref().ok_or_else(not_ours)?;
        managed.switching.cancel(by).await
    }
}

/// Rows in the order of time as points with all GPUs of a moment.
fn points(rows: &[GpuMinute]) -> Vec<GpuPoint> {
    let mut points: Vec<GpuPoint> = Vec::new();
    for row in rows {
        let at = row.minute * 60_000;
        if points.last().is_none_or(|last| last.at != at) {
            points.push(GpuPoint { at, gpus: Vec::new() });
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share in percent"
        )]
        let utilization = row.utilization.map(|percent| percent.round().clamp(0.0, 100.0) as u32);
        if let Some(point) = points.last_mut() {
            point.gpus.push(worv_api::GpuFigures {
                index: row.gpu,
                memory_used: row.memory_used,
                utilization_percent: utilization,
                temperature_celsius: row.temperature,
                power_watts: row.power,
            });
        }
    }
    points
}

/// The engine is run by others.
fn not_ours() -> ApiError {
    let message = "This gateway does not run the engine, so it cannot switch it. To let it, give the profiles a \
                   [profile.launch] in its configuration.";
    ApiError::new(409, "engine_not_managed", message)
}
