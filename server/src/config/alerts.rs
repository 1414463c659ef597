//! Who is told when something is wrong.

use http::HeaderValue;
use serde::{Deserialize, Serialize};
use worv_core::Secret;

/// `[alerts]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Alerts {
    /// Where alerts are posted, as Prometheus' Alertmanager posts them, with a `text` for chat programs beside. The address
    /// is a secret: chat programs know their callers by it. Without it, nobody is told.
    #[serde(skip_serializing)]
    pub webhook: Option<Secret>,
    /// Sent as `Authorization`, such as `Bearer …`.
    #[serde(skip_serializing)]
    pub authorization: Option<Secret>,
    /// Seconds that something has to be wrong before anybody is told.
    pub after_seconds: u64,
    /// Requests that wait for room at the engine from which on the queue is too long.
    pub queue_length: u64,
    /// Days before its end at which a certificate that has not been renewed is spoken of.
    pub certificate_days: u32,
    /// Free space on the disk of `server.data_dir`, in percent, below which it counts as filling.
    pub disk_free_percent: u8,
}

impl Alerts {
    /// What is wrong with the keys, in one line.
    pub fn complaint(&self) -> Option<String> {
        let webhook = self.webhook.as_ref()?;
        let fits = reqwest::Url::parse(webhook.expose())
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some());
        if !fits {
            return Some("alerts.webhook is not an address: give one that begins with https:// or http://".to_owned());
        }
        let sendable = |value: &Secret| HeaderValue::from_str(value.expose()).is_ok();
        if !self.authorization.as_ref().is_none_or(sendable) {
            return Some("alerts.authorization has characters that a header cannot carry".to_owned());
        }
        if self.disk_free_percent > 100 {
            return Some(format!(
                "alerts.disk_free_percent is {}: give 0 to 100",
                self.disk_free_percent
            ));
        }
        None
    }
}

impl Default for Alerts {
    fn default() -> Self {
        Self {
            webhook: None,
            authorization: None,
            after_seconds: 60,
            queue_length: 100,
            certificate_days: 14,
            disk_free_percent: 10,
        }
    }
}
