//! The configuration that is in force, and where each value of it comes from.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The configuration that is in force.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EffectiveSettings {
    /// The configuration file that was read; none if there was none.
    pub file: Option<String>,
    /// Every setting, in the order of the sections.
    pub settings: Vec<Setting>,
}

/// One setting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Setting {
    /// Its name, such as `server.listen`.
    pub key: String,
    /// Its value; none for one that is not set, and for a secret.
    pub value: Option<Value>,
    /// Whether it is a secret that is set and not told.
    pub hidden: bool,
    /// Where the value comes from.
    pub source: SettingSource,
    /// The environment variable that set it.
    pub variable: Option<String>,
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SettingSource {
    /// Nobody set it.
    Default,
    /// The configuration file.
    File,
    /// An environment variable.
    Environment,
}
