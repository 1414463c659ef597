//! The configuration that is in force, as it may be shown: with the source of each value, and without secrets.

use serde_json::Value;
use worv_api::{EffectiveSettings, Setting, SettingSource};

use crate::config::{Config, Origin};

/// Settings that are secrets as a whole; the configuration does not even print them.
const SECRETS: [&str; 5] = [
    "acme.external_account_key",
    "alerts.authorization",
    "alerts.webhook",
    "engine.api_key",
    "traces.authorization",
];

/// Members of a profile whose values may be secrets, such as tokens in the engine's environment.
const SECRET_MEMBERS: [&str; 2] = ["env", "environment"];

/// Every setting, by section.
pub fn effective(config: &Config, origin: &Origin) -> EffectiveSettings {
    let mut settings = Vec::new();
    if let Ok(Value::Object(sections)) = serde_json::to_value(config) {
        for (section, values) in sections {
            match values {
                Value::Object(values) => settings.extend(values.into_iter().map(|(key, value)| {
                    let key = format!("{section}.{key}");
                    setting(&key, presentable(value), origin)
                })),
                Value::Array(entries) => settings.push(setting(&section, presentable(Value::Array(entries)), origin)),
                value => settings.push(setting(&section, presentable(value), origin)),
            }
        }
    }
    for key in SECRETS {
        let mut secret = setting(key, Value::Null, origin);
        secret.hidden = secret.source != SettingSource::Default;
        settings.push(secret);
    }
    settings.sort_by(|one, other| one.key.cmp(&other.key));
    EffectiveSettings {
        file: origin.file.as_ref().map(|file| file.display().to_string()),
        settings,
    }
}

fn setting(key: &str, value: Value, origin: &Origin) -> Setting {
    let variable = origin.environment.get(key).cloned();
    let source = if variable.is_some() {
        SettingSource::Environment
    } else if origin.file_keys.contains(key) {
        SettingSource::File
    } else {
        SettingSource::Default
    };
    Setting {
        key: key.to_owned(),
        value: (!value.is_null()).then_some(value),
        hidden: false,
        source,
        variable,
    }
}

/// A value without what nobody needs to see: passwords in addresses, and what may be secret in a profile.
fn presentable(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(without_password(text)),
        Value::Array(entries) => entries.into_iter().map(presentable).collect(),
        Value::Object(members) => members
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| {
                let hidden = SECRET_MEMBERS.contains(&name.as_str());
                (name, if hidden { names_only(value) } else { presentable(value) })
            })
            .collect(),
        other => other,
    }
}

fn names_only(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .map(|(name, _)| (name, Value::from("hidden")))
            .collect(),
        _ => Value::from("hidden"),
    }
}

fn without_password(text: String) -> String {
    let Ok(mut url) = reqwest::Url::parse(&text) else {
        return text;
    };
    if url.password().is_some() && url.set_password(Some("hidden")).is_ok() {
        url.into()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    fn shown(settings: &EffectiveSettings, key: &str) -> Setting {
        settings
            .settings
            .iter()
            .find(|setting| setting.key == key)
            .unwrap()
            .clone()
    }

    #[test]
    fn each_value_has_its_source_and_no_secret_is_told() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(
            file.path(),
            "[limits]\nreserved_tokens = 7\n[engine]\napi_key = \"hunter2\"\n",
        )
        .unwrap();
        let environment = [
            ("MAX_OUTPUT_TOKENS", "11"),
            ("WORV_DATABASE__URL", "postgres://worv:hunter2@db/worv"),
        ];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let (config, origin) = config::load(Some(file.path()), environment.into_iter()).unwrap();
        let settings = effective(&config, &origin);

        let reserved = shown(&settings, "limits.reserved_tokens");
        assert_eq!(
            (reserved.value, reserved.source),
            (Some(Value::from(7)), SettingSource::File)
        );
        let output = shown(&settings, "limits.max_output_tokens");
        assert_eq!(
            (output.value, output.source),
            (Some(Value::from(11)), SettingSource::Environment)
        );
        assert_eq!(output.variable.as_deref(), Some("MAX_OUTPUT_TOKENS"));
        assert_eq!(
            shown(&settings, "limits.max_context_tokens").source,
            SettingSource::Default
        );
        let secret = shown(&settings, "engine.api_key");
        assert_eq!(
            (secret.value, secret.hidden, secret.source),
            (None, true, SettingSource::File)
        );
        assert_eq!(
            shown(&settings, "database.url").value,
            Some(Value::from("postgres://worv:hidden@db/worv"))
        );
        assert!(!serde_json::to_string(&settings).unwrap().contains("hunter2"));
    }
}
