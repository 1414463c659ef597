//! Taking the configuration over again while it serves: the profiles. Everything else holds until the next start.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;
use worv_node::{machine::ProfileSet, supervisor::LaunchProfile};

use crate::config::{self, Config, Profile};

/// How often the file is looked at.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// The profiles in force.
#[derive(Clone)]
pub struct Profiles {
    /// As the configuration has them.
    pub configured: watch::Receiver<Arc<Vec<Profile>>>,
    /// As the node starts them, and what is wrong with those on disk.
    pub set: watch::Receiver<ProfileSet>,
    /// As the supervisor takes them.
    pub launch: watch::Receiver<Arc<Vec<LaunchProfile>>>,
}

/// Tells everybody of new profiles.
struct Senders {
    configured: watch::Sender<Arc<Vec<Profile>>>,
    set: watch::Sender<ProfileSet>,
    launch: watch::Sender<Arc<Vec<LaunchProfile>>>,
}

/// Changes the profiles of the demo, which has no file.
pub struct ProfileChanger(Senders);

/// The profiles that the program has started with.
pub fn profiles(start: &[Profile]) -> (Profiles, ProfileChanger) {
    let launch = Arc::new(launch_profiles(start));
    let set = ProfileSet {
        profiles: Arc::clone(&launch),
        error: String::new(),
    };
    let senders = Senders {
        configured: watch::Sender::new(Arc::new(start.to_vec())),
        set: watch::Sender::new(set),
        launch: watch::Sender::new(launch),
    };
    let profiles = Profiles {
        configured: senders.configured.subscribe(),
        set: senders.set.subscribe(),
        launch: senders.launch.subscribe(),
    };
    (profiles, ProfileChanger(senders))
}

/// Follows the file until `stopping`: whenever it has changed, and at each SIGHUP after this call, its profiles are taken
/// over. One that is wrong changes nothing; why is shown with the profiles.
pub fn follow(
    file: Option<PathBuf>,
    start: Config,
    changer: ProfileChanger,
    stopping: CancellationToken,
) -> impl Future<Output = ()> {
    // From here on the signal does not end the program.
    let hang_up = signal(SignalKind::hangup());
    async move {
        match hang_up {
            Ok(hang_up) => follow_signal(hang_up, file, start, changer, stopping).await,
            Err(error) => tracing::error!(%error, "cannot listen for SIGHUP"),
        }
    }
}

async fn follow_signal(
    mut hang_up: Signal,
    file: Option<PathBuf>,
    start: Config,
    changer: ProfileChanger,
    stopping: CancellationToken,
) {
    let mut looks = interval(LOOK_INTERVAL);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut seen = file.as_deref().and_then(stamp);
    loop {
        tokio::select! {
            () = stopping.cancelled() => return,
            _ = hang_up.recv() => {}
            _ = looks.tick(), if file.is_some() => {
                let now = file.as_deref().and_then(stamp);
                if now == seen {
                    continue;
                }
                seen = now;
            }
        }
        if let Some(file) = &file {
            changer.take(
                config::load(Some(file), std::env::vars()).map(|(config, _)| config),
                &start,
            );
        }
    }
}

impl ProfileChanger {
    /// Puts other profiles in force.
    pub fn replace(&self, profiles: &[Profile]) {
        let launch = Arc::new(launch_profiles(profiles));
        self.0.launch.send_replace(Arc::clone(&launch));
        self.0.set.send_replace(ProfileSet {
            profiles: launch,
            error: String::new(),
        });
        self.0.configured.send_replace(Arc::new(profiles.to_vec()));
    }

    fn take(&self, read: Result<Config, crate::failure::Failure>, start: &Config) {
        match read {
            Ok(config) => {
                let others = Config {
                    profile: start.profile.clone(),
                    ..config.clone()
                };
                if others != *start {
                    tracing::warn!(
                        "what has changed in the configuration besides profiles holds from the next start on"
                    );
                }
                tracing::info!(profiles = config.profile.len(), "the configuration was taken over");
                self.replace(&config.profile);
            }
            Err(failure) => {
                let error = failure.to_string();
                tracing::error!(error, "the configuration cannot be taken over; what was before holds");
                self.0.set.send_modify(|set| set.error = error);
            }
        }
    }
}

fn launch_profiles(profiles: &[Profile]) -> Vec<LaunchProfile> {
    let launch = |profile: &Profile| LaunchProfile {
        name: profile.name.clone(),
        description: profile.description.clone(),
        launch: profile.launch.clone(),
    };
    profiles.iter().map(launch).collect()
}

/// What tells one version of a file from the next.
fn stamp(file: &Path) -> Option<(SystemTime, u64)> {
    let file = std::fs::metadata(file).ok()?;
    Some((file.modified().ok()?, file.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Result<Config, crate::failure::Failure> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        config::load(Some(file.path()), std::iter::empty()).map(|(config, _)| config)
    }

    #[test]
    fn new_profiles_are_taken_over_and_wrong_ones_are_told_of() {
        let start = config("[[profile]]\nname = \"Alpha\"\n").unwrap();
        let (profiles, changer) = profiles(&start.profile);
        let names = || -> Vec<String> {
            profiles
                .launch
                .borrow()
                .iter()
                .map(|profile| profile.name.clone())
                .collect()
        };

        changer.take(config("[[profile]]\nnam = \"Beta\"\n"), &start);
        assert!(
            profiles.set.borrow().error.contains("`nam`"),
            "{}",
            profiles.set.borrow().error
        );
        assert_eq!(names(), ["Alpha"]);

        changer.take(
            config("[[profile]]\nname = \"Beta\"\n[profile.launch]\nargv = [\"vllm\"]\n"),
            &start,
        );
        assert_eq!(profiles.set.borrow().error, "");
        assert_eq!(names(), ["Beta"]);
        assert!(profiles.launch.borrow()[0].launch.is_some());
    }
}
