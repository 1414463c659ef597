//! The colour theme: chosen by the user, kept in a cookie, known before the first paint.

use serde::{Deserialize, Serialize};

/// Which colours the console uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// What the operating system asks for.
    #[default]
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Theme {
    /// The cookie that holds the choice. It is not a secret and scripts may write it.
    pub const COOKIE: &'static str = "worv_theme";

    /// Every theme, in the order the switch shows them.
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// The value of the cookie and of `data-theme` on `<html>`.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The theme of that name; [`Theme::System`] for anything unknown, since the value comes from the client.
    pub fn from_name(name: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|theme| theme.name() == name)
            .unwrap_or_default()
    }
}
