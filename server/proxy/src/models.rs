//! Model names: what callers may write, and what it means.
//!
//! Every known name leads to the one model that is live. Names are compared without regard to case.

use crate::error::ApiError;

/// The name that always means the live model.
const LIVE: &str = "live";

/// Ends of a name that switch thinking, with what they switch it to. The longer one is the first.
const THINKING_SUFFIXES: [(&str, bool); 2] = [("-nonthinking", false), ("-thinking", true)];

/// The names that are accepted besides the live model's own.
#[derive(Debug)]
pub(crate) struct ModelNames {
    /// Profiles first, then aliases, as they are written in the settings.
    exact: Vec<String>,
    /// Beginnings of names, from aliases that end in `*`.
    prefixes: Vec<String>,
}

/// What a name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Resolved {
    /// Whether the name itself switches thinking on or off.
    pub(crate) thinking: Option<bool>,
}

impl ModelNames {
    /// The names of profiles, and aliases: whole names, or beginnings followed by `*`.
    pub(crate) fn new<'a>(
        profiles: impl Iterator<Item = &'a str>,
        aliases: impl IntoIterator<Item = &'a String>,
    ) -> Self {
        let mut names = Self {
            exact: profiles.map(str::to_owned).collect(),
            prefixes: Vec::new(),
        };
        for alias in aliases {
            match alias.strip_suffix('*') {
                Some(prefix) => names.prefixes.push(prefix.to_owned()),
                None => names.exact.push(alias.clone()),
            }
        }
        names
    }

    /// What `requested` means while `live` is served; none while that is not known.
    pub(crate) fn resolve(&self, requested: &str, live: Option<&str>) -> Result<Resolved, ApiError> {
        if self.is_exact(requested, live) {
            return Ok(Resolved { thinking: None });
        }
        for (suffix, thinking) in THINKING_SUFFIXES {
            if let Some(base) = strip_suffix_ignoring_case(requested, suffix)
                && (self.is_exact(base, live) || self.has_known_prefix(base))
            {
                return Ok(Resolved {
                    thinking: Some(thinking),
                });
            }
        }
        if self.has_known_prefix(requested) {
            return Ok(Resolved { thinking: None });
        }
        Err(ApiError::model_not_found(requested, live))
    }

    /// The names to show: the live model's own, then every other that is written out in full.
    pub(crate) fn listed<'a>(&'a self, live: Option<&'a str>) -> Vec<&'a str> {
        let mut listed: Vec<&str> = Vec::with_capacity(self.exact.len() + 2);
        for name in live
            .into_iter()
            .chain([LIVE])
            .chain(self.exact.iter().map(String::as_str))
        {
            if !listed.iter().any(|earlier| earlier.eq_ignore_ascii_case(name)) {
                listed.push(name);
            }
        }
        listed
    }

    fn is_exact(&self, name: &str, live: Option<&str>) -> bool {
        let mut known = self.exact.iter().map(String::as_str).chain(live).chain([LIVE]);
        known.any(|known| known.eq_ignore_ascii_case(name))
    }

    fn has_known_prefix(&self, name: &str) -> bool {
        let begins_with = |prefix: &String| {
            name.get(..prefix.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        };
        self.prefixes.iter().any(begins_with)
    }
}

fn strip_suffix_ignoring_case<'a>(name: &'a str, suffix: &str) -> Option<&'a str> {
    let at = name.len().checked_sub(suffix.len())?;
    name.get(at..)?.eq_ignore_ascii_case(suffix).then(|| &name[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> ModelNames {
        let aliases = ["claude-*", "glm-5.1-fp8", "kimi-k2.6"].map(str::to_owned);
        ModelNames::new(["DeepSeek-V4-Pro", "Kimi-K2.6"].into_iter(), &aliases)
    }

    #[test]
    fn aliases_and_suffixes_as_a_table() {
        let plain = Some(None);
        let cases = [
            ("DeepSeek-V4-Pro", plain),
            ("deepseek-v4-pro", plain),
            ("live", plain),
            ("LIVE", plain),
            ("claude-opus-4-5[1m]", plain),
            ("Claude-anything", plain),
            ("GLM-5.1-FP8", plain),
            ("kimi-k2.6", plain),
            ("served/by-engine", plain),
            ("DeepSeek-V4-Pro-nonthinking", Some(Some(false))),
            ("deepseek-v4-pro-NonThinking", Some(Some(false))),
            ("DeepSeek-V4-Pro-thinking", Some(Some(true))),
            ("live-nonthinking", Some(Some(false))),
            ("claude-opus-nonthinking", Some(Some(false))),
            ("gpt-4o", None),
            ("DeepSeek-V4", None),
            ("-thinking", None),
            ("glm-5.1-fp8é", None),
        ];
        for (name, expected) in cases {
            let resolved = names().resolve(name, Some("Served/By-Engine"));
            assert_eq!(
                resolved.as_ref().ok().map(|resolved| resolved.thinking),
                expected,
                "{name}"
            );
        }
    }

    #[test]
    fn the_list_begins_with_the_live_model_and_names_each_once() {
        let expected = ["deepseek-v4-pro", "live", "Kimi-K2.6", "glm-5.1-fp8"];
        assert_eq!(names().listed(Some("deepseek-v4-pro")), expected);
        assert_eq!(
            names().listed(None),
            ["live", "DeepSeek-V4-Pro", "Kimi-K2.6", "glm-5.1-fp8"]
        );
    }
}
