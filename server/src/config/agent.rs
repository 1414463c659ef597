//! The agent on the machine that runs the engine, where that is not the gateway's.

use std::{fs, path::PathBuf};

use serde::{Deserialize, Serialize};
use worv_core::Secret;

use crate::failure::{Failure, Kind};

/// The fewest characters of a token.
const TOKEN_LENGTH: usize = 32;

/// `[agent]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Agent {
    /// A file with the secret by which the gateway knows the agent, the same on both machines. On the gateway, it says that
    /// an agent runs the engine.
    pub token_file: Option<PathBuf>,
    /// For `worv agent` alone: the console's address at the gateway, where it reports.
    pub gateway: Option<String>,
}

impl Agent {
    /// Whether the engine is run by an agent that reports here.
    pub fn reports_here(&self) -> bool {
        self.token_file.is_some() && self.gateway.is_none()
    }

    /// What is wrong with the keys, in one line. `starts_engine`: whether a profile says how to start it.
    pub fn complaint(&self, starts_engine: bool) -> Option<String> {
        let Some(gateway) = &self.gateway else {
            let both = self.token_file.is_some() && starts_engine;
            return both.then(|| {
                "agent.token_file leaves the engine to an agent, and a profile has a [profile.launch]: move that to the \
                 agent's configuration, or leave agent.token_file out"
                    .to_owned()
            });
        };
        let fits = reqwest::Url::parse(gateway)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some() && url.path() == "/");
        if !fits {
            return Some(format!(
                "agent.gateway is {gateway:?}: give the console's address as https://HOST, or as http://HOST:PORT in a \
                 private network"
            ));
        }
        if self.token_file.is_none() {
            return Some(
                "agent.token_file is not set: give a file with the secret that the gateway has too".to_owned(),
            );
        }
        (!starts_engine).then(|| "agent.gateway is set, and no profile has a [profile.launch] to start".to_owned())
    }

    /// The secret.
    pub fn token(&self) -> Result<Secret, Failure> {
        let Some(file) = &self.token_file else {
            return Err(Failure::new(Kind::Config, "agent.token_file is not set"));
        };
        let read = fs::read_to_string(file).map_err(|error| {
            let message = format!("agent.token_file: cannot read {}: {error}", file.display());
            Failure::new(Kind::NoInput, message)
        })?;
        let token = read.trim();
        if token.len() < TOKEN_LENGTH || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            let message = format!(
                "agent.token_file: {} is no token: give at least {TOKEN_LENGTH} characters without a space, such as from \
                 `openssl rand -hex 32`",
                file.display()
            );
            return Err(Failure::new(Kind::Config, message));
        }
        Ok(Secret::new(token))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent(token_file: Option<&str>, gateway: Option<&str>) -> Agent {
        Agent {
            token_file: token_file.map(PathBuf::from),
            gateway: gateway.map(str::to_owned),
        }
    }

    #[test]
    fn a_machine_is_the_gateways_or_the_agents() {
        for (agent, starts_engine) in [
            (agent(None, None), true),
            (agent(Some("token"), None), false),
            (agent(Some("token"), Some("https://admin.example.com")), true),
        ] {
            assert_eq!(agent.complaint(starts_engine), None);
        }
        for (agent, starts_engine, word) in [
            (agent(Some("token"), None), true, "[profile.launch]"),
            (agent(None, Some("https://admin.example.com")), true, "agent.token_file"),
            (
                agent(Some("token"), Some("https://admin.example.com")),
                false,
                "no profile",
            ),
            (agent(Some("token"), Some("admin.example.com")), true, "https://HOST"),
            (
                agent(Some("token"), Some("https://admin.example.com/api")),
                true,
                "https://HOST",
            ),
        ] {
            let complaint = agent.complaint(starts_engine).unwrap();
            assert!(complaint.contains(word), "{complaint}");
        }
    }

    #[test]
    fn the_configuration_that_ships_is_an_agents() {
        let text = include_str!("../../../deploy/agent.toml");
        let mut config: crate::config::Config = toml::from_str(text).unwrap();
        config.agent.token_file = Some("token".into());
        config.validate().unwrap();
        assert!(!config.agent.reports_here() && config.runs_engine());
    }

    #[test]
    fn a_token_is_long_and_in_a_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let read = |text: &str| {
            fs::write(file.path(), text).unwrap();
            agent(file.path().to_str(), None).token()
        };
        let long = "k".repeat(TOKEN_LENGTH);
        assert_eq!(read(&format!("{long}\n")).unwrap().expose(), long);
        for wrong in ["short", &format!("{long} {long}"), ""] {
            assert!(
                read(wrong).unwrap_err().to_string().contains("is no token"),
                "{wrong:?}"
            );
        }
        assert!(
            agent(Some("/nowhere/token"), None)
                .token()
                .unwrap_err()
                .to_string()
                .contains("cannot read /nowhere")
        );
    }
}
