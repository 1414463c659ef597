//! `worv switch`: another model on the machine, from a terminal.

use std::time::Duration;

use clap::{Args, Subcommand};
use reqwest::Method;
use tokio::time::{MissedTickBehavior, interval};
use worv_api::{NewSwitch, Switch as Course, SwitchOutcome, SwitchStep, Switches};
use worv_core::{UnixMillis, calendar::iso};

use super::{output, running::Running};
use crate::{
    config::Config,
    failure::{Failure, Kind},
};

/// How often a switch that is watched is looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);

/// What to do about the model that is live.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, arg_required_else_help = true)]
pub struct Switch {
    /// The profile to switch to.
    profile: Option<String>,
    /// Show each step until the end; fails if the profile does not come to serve.
    #[arg(long)]
    watch: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the switch under way, or the last one.
    Status {
        /// As JSON on one line.
        #[arg(long)]
        json: bool,
    },
    /// Call the switch under way off, as long as the engine before it still runs.
    Cancel,
}

/// Does it.
pub async fn run(options: Switch, config: &Config) -> Result<(), Failure> {
    let running = Running::new(config)?;
    match (options.command, options.profile) {
        (Some(Command::Status { json }), _) => status(&running, json).await,
        (Some(Command::Cancel), _) => {
            let cancelled: Course = running.command(Method::POST, "/control/switch/cancel", &()).await?;
            output::line(&summary(&cancelled));
            Ok(())
        }
        (None, profile) => {
            let profile = profile.unwrap_or_default();
            let begun: Course = running
                .command(Method::POST, "/control/switch", &NewSwitch { profile })
                .await?;
            output::line(&summary(&begun));
            if options.watch {
                watch(&running, begun).await
            } else {
                Ok(())
            }
        }
    }
}

async fn switches(running: &Running) -> Result<Switches, Failure> {
    running.command(Method::GET, "/control/switch", &()).await
}

async fn status(running: &Running, json: bool) -> Result<(), Failure> {
    let switches = switches(running).await?;
    let last = switches.current.or_else(|| switches.history.into_iter().next());
    match &last {
        _ if json => output::json(&last),
        None => output::line("nothing was ever switched"),
        Some(switch) => {
            output::line(&summary(switch));
            for step in &switch.steps {
                output::line(&step_line(step));
            }
        }
    }
    Ok(())
}

/// Shows each step as it begins, and how it ended.
async fn watch(running: &Running, begun: Course) -> Result<(), Failure> {
    let mut shown = 0;
    let mut looks = interval(LOOK_INTERVAL);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        let Switches { current, history, .. } = switches(running).await?;
        let Some(now) = current.into_iter().chain(history).find(|switch| switch.id == begun.id) else {
            // It has ended and is not written down yet.
            continue;
        };
        // A step is shown once it is over, with its time; the last one when everything is.
        let over = now.steps.iter().filter(|step| step.ended_at.is_some()).count();
        for step in now.steps.iter().take(over).skip(shown) {
            output::line(&step_line(step));
        }
        shown = over;
        if let Some(outcome) = now.outcome {
            output::line(&summary(&now));
            return match outcome {
                SwitchOutcome::Done => Ok(()),
                _ => Err(Failure::new(Kind::Unavailable, format!("{} does not serve", now.to))),
            };
        }
    }
}

fn summary(switch: &Course) -> String {
    let Course {
        id, from, to, actor, ..
    } = switch;
    let at = iso(UnixMillis(switch.started_at));
    let from = if from.is_empty() { "nothing" } else { from };
    let how = match switch.outcome {
        None => "under way",
        Some(SwitchOutcome::Done) => "done",
        Some(SwitchOutcome::Cancelled) => "called off",
        Some(SwitchOutcome::RolledBack) => "failed, and the model before was brought back",
        Some(SwitchOutcome::Failed) => "failed, and nothing serves",
    };
    let detail = if switch.detail.is_empty() {
        String::new()
    } else {
        format!(" {}", switch.detail)
    };
    format!("switch {id} from {from} to {to}, by {actor} at {at}: {how}.{detail}")
}

fn step_line(step: &SwitchStep) -> String {
    let phase = serde_json::to_value(step.phase).unwrap_or_default();
    let phase = phase.as_str().unwrap_or_default().replace('_', " ");
    let took = step.ended_at.map_or_else(
        || "under way".to_owned(),
        |ended_at| {
            format!(
                "{:.1} s",
                UnixMillis(ended_at).since(UnixMillis(step.started_at)).as_secs_f64()
            )
        },
    );
    format!("  {phase} {}: {took}", step.profile)
}
