//! What the running server knows, for the places in the pages that ask for it.

use http::HeaderMap;
use worv_api::{EngineState, EngineStatus};

use super::tables;
use crate::{
    config::{Config, Profile},
    console::site_url,
};

/// What a place in a page stands for while nothing is known of the live model.
const UNKNOWN_MODEL: &str = "live";

/// The facts of one moment.
pub struct Facts {
    /// Where the API answers, such as `https://proxy.example.com`.
    pub api: String,
    /// Where these pages are, such as `https://docs.proxy.example.com`.
    pub docs: String,
    /// The live model's name; none while no engine has answered.
    pub model: Option<String>,
    /// Whether the engine answers now.
    pub up: bool,
    /// The engine's version; empty while it is not known.
    pub engine_version: String,
    /// Prompt and answer together, in tokens.
    pub window: u64,
    /// The longest answer, in tokens.
    pub max_output: u64,
    /// Kept free of the window, in tokens.
    pub reserved: u64,
    /// The largest body, in bytes.
    pub max_body: usize,
    /// Seconds of silence after which a stream gets a keep-alive.
    pub keep_alive: u64,
    /// The models that the engine may be started with.
    pub profiles: Vec<Profile>,
    /// Further names that lead to the live model.
    pub aliases: Vec<String>,
}

impl Facts {
    /// What is known now, with addresses as the reader reaches them.
    pub fn gather(config: &Config, engine: &EngineStatus, headers: &HeaderMap, base: &str) -> Self {
        let hosts = config.hosts();
        let secure = config.secure_cookies();
        let url = |host| site_url(secure, host, headers);
        let known = !engine.model.is_empty();
        let is_live = |profile: &&Profile| profile.name.eq_ignore_ascii_case(&engine.model);
        let of_profile = config
            .profile
            .iter()
            .find(is_live)
            .and_then(|profile| profile.max_output_tokens);
        let window = engine
            .max_model_len
            .unwrap_or(u64::MAX)
            .min(config.limits.max_context_tokens);
        Self {
            api: url(hosts.as_ref().map(|hosts| &hosts.api)),
            docs: format!("{}{base}", url(hosts.as_ref().and_then(|hosts| hosts.docs.as_ref()))),
            model: known.then(|| engine.model.clone()),
            up: engine.state == EngineState::Up,
            engine_version: engine.version.clone(),
            window,
            max_output: of_profile.unwrap_or(config.limits.max_output_tokens),
            reserved: config.limits.reserved_tokens,
            max_body: config.limits.max_body_bytes,
            keep_alive: config.proxy.keep_alive_seconds,
            profiles: config.profile.clone(),
            aliases: config.proxy.aliases.clone(),
        }
    }

    /// `text` with every `{{…}}` replaced. What is not known stays as it is; a test sees to it that there is none.
    pub fn fill(&self, text: &str) -> String {
        let mut filled = String::with_capacity(text.len() * 2);
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            filled += before;
            match after.split_once("}}") {
                Some((name, tail)) if self.value(name).is_some() => {
                    filled += &self.value(name).unwrap_or_default();
                    rest = tail;
                }
                _ => {
                    filled += "{{";
                    rest = after;
                }
            }
        }
        filled + rest
    }

    fn value(&self, name: &str) -> Option<String> {
        Some(match name {
            "api" => self.api.clone(),
            "docs" => self.docs.clone(),
            "model" => self.model.clone().unwrap_or_else(|| UNKNOWN_MODEL.to_owned()),
            "live" => self.live(),
            "window_digits" => self.window.to_string(),
            "window" => grouped(self.window),
            "max_output" => grouped(self.max_output),
            "reserved" => grouped(self.reserved),
            "longest_prompt" => grouped(self.window.saturating_sub(self.reserved + 1)),
            "max_body" => format!("{} MiB", self.max_body >> 20),
            "keep_alive" => self.keep_alive.to_string(),
            "table:endpoints" => tables::endpoints(),
            "table:fields" => tables::fields(),
            "table:headers" => tables::headers(),
            "table:names" => tables::names(self),
            "table:thinking" => tables::thinking(&self.profiles),
            "list:form_fields" => tables::form_fields(),
            "list:template_kwargs" => tables::template_kwargs(),
            _ => return None,
        })
    }

    /// The live model in a sentence.
    fn live(&self) -> String {
        let version = match &*self.engine_version {
            "" => String::new(),
            version => format!(", vLLM {version}"),
        };
        match (&self.model, self.up) {
            (Some(model), true) => format!("`{model}` is live{version}."),
            (Some(model), false) => format!("`{model}` was live last; the engine does not answer at the moment."),
            (None, _) => "No model is live at the moment.".to_owned(),
        }
    }
}

/// A number with commas between groups of three digits.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::docs::page::PAGES;

    fn facts(status: &EngineStatus) -> Facts {
        Facts::gather(&Config::default(), status, &HeaderMap::new(), "/docs")
    }

    #[test]
    fn every_place_in_every_page_is_filled() {
        let facts = facts(&EngineStatus::starting(0));
        for page in &PAGES {
            let filled = facts.fill(page.markdown);
            assert!(!filled.contains("{{"), "{}: {filled}", page.name);
        }
    }

    #[test]
    fn what_holds_is_the_smaller_of_our_limit_and_the_engine_s() {
        let mut status = EngineStatus::starting(0);
        assert_eq!(
            facts(&status).fill("{{window}} {{live}}"),
            "202,752 No model is live at the moment."
        );
        status.model = "GLM-5.1-FP8".to_owned();
        status.max_model_len = Some(131_072);
        status.state = EngineState::Up;
        assert_eq!(
            facts(&status).fill("{{window}} {{live}}"),
            "131,072 `GLM-5.1-FP8` is live."
        );
        assert_eq!(
            facts(&status).fill("{{longest_prompt}} {{nonsense}}"),
            "130,559 {{nonsense}}"
        );
    }

    #[test]
    fn numbers_are_grouped() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }
}
