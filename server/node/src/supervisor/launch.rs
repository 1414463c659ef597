//! How an engine is started: data from the node's own configuration, and nothing that came over a network.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};
use worv_core::Secret;

/// A profile as the supervisor knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct LaunchProfile {
    /// The name that the engine serves it under.
    pub name: String,
    /// What it is, for a person; may be empty.
    pub description: String,
    /// How it is started; none where it cannot be.
    pub launch: Option<Launch>,
}

/// `[profile.launch]`: how the engine is started with this profile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Launch {
    /// The program and its arguments; no shell is involved. For a container, `docker run` in the foreground.
    pub argv: Vec<String>,
    /// Variables on top of the gateway's own environment, of which those that begin with `WORV_` are left out.
    #[serde(default, skip_serializing)]
    pub environment: BTreeMap<String, Secret>,
    /// Where it runs; without it, where the gateway does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working_dir: Option<PathBuf>,
    /// Run once nothing of the engine is left, and before each start: removes what outlives the command, such as a
    /// container (`docker rm --force NAME`). What it answers is not looked at.
    #[serde(default)]
    pub cleanup: Vec<String>,
    /// The path that answers 200 once the engine is ready; the list of models must name the profile besides.
    #[serde(default = "Launch::health")]
    pub ready_path: String,
    /// Seconds that answers under way get to finish before the engine is stopped for another.
    #[serde(default = "Launch::ten_minutes")]
    pub drain_seconds: u64,
    /// Seconds from being told to end to being killed.
    #[serde(default = "Launch::half_a_minute")]
    pub stop_seconds: u64,
    /// Seconds that a start is expected to take, until one has been measured.
    #[serde(default = "Launch::ten_minutes")]
    pub load_seconds: u64,
    /// Seconds after which a start that is not ready counts as failed.
    #[serde(default = "Launch::an_hour")]
    pub start_timeout_seconds: u64,
    /// Seconds without an answer to health checks, or with requests and not one token, after which it counts as hung.
    #[serde(default = "Launch::five_minutes")]
    pub hang_seconds: u64,
    /// How often in a row it is started again after it failed, before somebody has to look at it.
    #[serde(default = "Launch::five")]
    pub restart_attempts: u32,
    /// Seconds before the first of these; each further pause is twice as long, up to a minute.
    #[serde(default = "Launch::one")]
    pub restart_pause_seconds: u64,
}

/// The longest pause before a start.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

impl Launch {
    /// What runs this program, with everything else by default.
    pub fn new(argv: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            argv: argv.into_iter().map(Into::into).collect(),
            environment: BTreeMap::new(),
            working_dir: None,
            cleanup: Vec::new(),
            ready_path: Self::health(),
            drain_seconds: Self::ten_minutes(),
            stop_seconds: Self::half_a_minute(),
            load_seconds: Self::ten_minutes(),
            start_timeout_seconds: Self::an_hour(),
            hang_seconds: Self::five_minutes(),
            restart_attempts: Self::five(),
            restart_pause_seconds: Self::one(),
        }
    }

    /// What is wrong with it, as the end of a sentence that begins with the key; none if nothing is.
    pub fn complaint(&self) -> Option<String> {
        if self.argv.first().is_none_or(String::is_empty) {
            return Some("argv is empty: give the program and its arguments".to_owned());
        }
        if self.cleanup.first().is_some_and(String::is_empty) {
            return Some("cleanup begins with an empty text: give a program and its arguments, or []".to_owned());
        }
        if !self.ready_path.starts_with('/') {
            return Some(format!("ready_path is {:?}: begin it with /", self.ready_path));
        }
        [
            ("start_timeout_seconds", self.start_timeout_seconds),
            ("hang_seconds", self.hang_seconds),
        ]
        .into_iter()
        .find_map(|(key, value)| (value == 0).then(|| format!("{key} is 0: give at least 1")))
    }

    /// How long to wait before a start that follows this many failed ones.
    pub(super) fn pause(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(16);
        Duration::from_secs(self.restart_pause_seconds.saturating_mul(1 << doublings)).min(LONGEST_PAUSE)
    }

    fn health() -> String {
        "/health".to_owned()
    }

    fn one() -> u64 {
        1
    }

    fn five() -> u32 {
        5
    }

    fn half_a_minute() -> u64 {
        30
    }

    fn five_minutes() -> u64 {
        300
    }

    fn ten_minutes() -> u64 {
        600
    }

    fn an_hour() -> u64 {
        3_600
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_minute() {
        let launch = Launch::new(["engine"]);
        let seconds = [1, 2, 3, 4, 7, 8, 4_000_000].map(|failures| launch.pause(failures).as_secs());
        assert_eq!(seconds, [1, 2, 4, 8, 60, 60, 60]);
    }

    #[test]
    fn what_cannot_start_is_complained_about() {
        assert_eq!(Launch::new(["engine"]).complaint(), None);
        assert!(Launch::new([""; 0]).complaint().unwrap().contains("argv"));
        let relative = Launch {
            ready_path: "health".to_owned(),
            ..Launch::new(["engine"])
        };
        assert!(relative.complaint().unwrap().contains("ready_path"));
    }
}
