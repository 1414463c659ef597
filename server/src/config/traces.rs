//! Where traces of requests go.

use http::HeaderValue;
use serde::{Deserialize, Serialize};
use worv_core::Secret;

/// `[traces]`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Traces {
    /// An OpenTelemetry collector's address for OTLP over HTTP, such as `http://127.0.0.1:4318`; spans are posted to
    /// `/v1/traces` there. Without it nothing is traced, and `traceparent` passes to the engine as it came.
    pub otlp_endpoint: Option<String>,
    /// Sent to the collector as `Authorization`.
    #[serde(skip_serializing)]
    pub authorization: Option<Secret>,
    /// The share of requests that are traced without being asked to, from 0 to 1. A request that comes with a sampled
    /// `traceparent` is traced in any case, one with another is not.
    pub sample_ratio: f64,
}

impl Traces {
    /// What is wrong with the keys, in one line.
    pub fn complaint(&self) -> Option<String> {
        let Some(endpoint) = &self.otlp_endpoint else {
            return (self.sample_ratio != 0.0).then(|| {
                "traces.sample_ratio is set, but traces.otlp_endpoint is not: give the collector's address, such as http://127.0.0.1:4318"
                    .to_owned()
            });
        };
        let fits = reqwest::Url::parse(endpoint)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host() && url.query().is_none());
        if !fits {
            return Some(format!(
                "traces.otlp_endpoint is {endpoint:?}: give the collector's address, such as http://127.0.0.1:4318"
            ));
        }
        let sendable = |value: &Secret| HeaderValue::from_str(value.expose()).is_ok();
        if !self.authorization.as_ref().is_none_or(sendable) {
            return Some("traces.authorization has characters that a header cannot carry".to_owned());
        }
        (!(0.0..=1.0).contains(&self.sample_ratio))
            .then(|| format!("traces.sample_ratio is {}: give 0 to 1", self.sample_ratio))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wrong_key_is_named() {
        let traces = |endpoint: Option<&str>, sample_ratio| Traces {
            otlp_endpoint: endpoint.map(str::to_owned),
            sample_ratio,
            ..Traces::default()
        };
        assert_eq!(Traces::default().complaint(), None);
        assert_eq!(traces(Some("https://collector.test/otlp"), 0.5).complaint(), None);
        for (traces, says) in [
            (traces(None, 0.5), "traces.otlp_endpoint is not"),
            (traces(Some("collector:4318"), 0.5), "traces.otlp_endpoint is"),
            (traces(Some("http://collector:4318"), 1.5), "traces.sample_ratio is 1.5"),
            (
                traces(Some("http://collector:4318"), f64::NAN),
                "traces.sample_ratio is NaN",
            ),
        ] {
            let complaint = traces.complaint().unwrap();
            assert!(complaint.contains(says), "{complaint}");
        }
    }
}
