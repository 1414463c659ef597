//! The machine, as the console shows and switches it.

use worv_api::{ApiError, EngineState, Gpus, Profile, Profiles, Switch, Switches};

use super::Console;

impl Console {
    /// The GPUs with the last 15 minutes.
    pub fn gpus(&self) -> Gpus {
        Gpus {
            report: self.node.gpu_report(),
            history: self.node.gpu_history(),
        }
    }

    /// The models that the machine can be switched to.
    pub fn profiles(&self) -> Profiles {
        let engine = self.live.overview().engine;
        let live = |name: &str| engine.state == EngineState::Up && engine.model.eq_ignore_ascii_case(name);
        let profiles = self.node.profiles().iter().map(|profile| Profile {
            name: profile.name.clone(),
            description: String::new(),
            live: live(&profile.name),
            can_start: false,
            load_seconds: None,
            load_measured: false,
        });
        Profiles {
            process: None,
            profiles: profiles.collect(),
            configuration_error: String::new(),
        }
    }

    /// The switch under way and those before it.
    pub fn switches() -> Switches {
        Switches {
            current: None,
            history: Vec::new(),
            log: Vec::new(),
        }
    }

    /// Starts a switch.
    pub fn start_switch() -> Result<Switch, ApiError> {
        Err(not_ours())
    }

    /// Calls the switch under way off.
    pub fn cancel_switch() -> Result<Switch, ApiError> {
        Err(not_ours())
    }
}

/// The engine is run by others.
fn not_ours() -> ApiError {
    let message = "This gateway does not run the engine, so it cannot switch it. To let it, give the profiles a \
                   [profile.launch] in its configuration.";
    ApiError::new(409, "engine_not_managed", message)
}
