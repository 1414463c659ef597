//! Posting alerts, in the form that Prometheus' Alertmanager posts them in
//! (<https://prometheus.io/docs/alerting/latest/configuration/#webhook_config>), so that what takes its alerts takes these.

use std::time::Duration;

use http::{HeaderValue, Method, Request, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use serde_json::{Value, json};
use tokio::time::timeout;
use worv_core::calendar::iso;

use super::book::Alert;
use crate::{
    config,
    failure::{Failure, Kind},
    https::{self, HttpsClient},
};

/// How long one attempt may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is read of an answer, in bytes.
const ANSWER: usize = 1_000;

/// The form's version.
const VERSION: &str = "4";

/// What stands for an alert that is not over.
const NO_END: &str = "0001-01-01T00:00:00Z";

/// Where alerts go.
pub struct Webhook {
    client: HttpsClient,
    uri: Uri,
    authorization: Option<HeaderValue>,
}

impl Webhook {
    /// The one of the configuration, if it names one.
    pub fn of(config: &config::Alerts) -> Result<Option<Self>, Failure> {
        let Some(webhook) = &config.webhook else {
            return Ok(None);
        };
        let wrong = |key: &str| Failure::new(Kind::Config, format!("alerts.{key} cannot be sent in an HTTP request"));
        let authorization = config.authorization.as_ref().map(|value| {
            let mut value = HeaderValue::from_str(value.expose()).map_err(|_| wrong("authorization"))?;
            value.set_sensitive(true);
            Ok(value)
        });
        Ok(Some(Self {
            client: https::client()?,
            uri: webhook.expose().parse().map_err(|_| wrong("webhook"))?,
            authorization: authorization.transpose()?,
        }))
    }

    /// Posts alerts, and returns what was answered. What the address is stays out of the error: it may be a secret.
    pub(super) async fn post(&self, alerts: &[Alert]) -> Result<String, Failure> {
        let failed = |why: &str| Failure::new(Kind::Unavailable, format!("alerts.webhook {why}"));
        let mut request = Request::new(Full::from(message(alerts).to_string()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.clone();
        let headers = request.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(authorization) = &self.authorization {
            headers.insert(header::AUTHORIZATION, authorization.clone());
        }
        let exchange = async {
            let answer = self
                .client
                .request(request)
                .await
                .map_err(|_| failed("cannot be reached"))?;
            let status = answer.status();
            let body = Limited::new(answer.into_body(), ANSWER).collect().await;
            let body = body.map(http_body_util::Collected::to_bytes).unwrap_or_default();
            let answer = format!("{status} {}", String::from_utf8_lossy(&body));
            let answer = answer.trim_end().to_owned();
            if status.is_success() {
                Ok(answer)
            } else {
                Err(failed(&format!("answered {answer}")))
            }
        };
        timeout(PATIENCE, exchange)
            .await
            .unwrap_or_else(|_| Err(failed("does not answer within 10 seconds")))
    }
}

fn message(alerts: &[Alert]) -> Value {
    let firing = alerts.iter().any(|alert| alert.ended_at.is_none());
    let lines: Vec<_> = alerts.iter().map(line).collect();
    json!({
        "version": VERSION,
        "receiver": "worv",
        "status": if firing { "firing" } else { "resolved" },
        "groupKey": "worv",
        "groupLabels": {},
        "commonLabels": {"job": "worv"},
        "commonAnnotations": {},
        "externalURL": "",
        "truncatedAlerts": 0,
        "alerts": alerts.iter().map(member).collect::<Vec<_>>(),
        "text": lines.join("\n"),
    })
}

fn member(alert: &Alert) -> Value {
    let mut labels = json!({
        "job": "worv",
        "alertname": alert.subject.name,
        "severity": if alert.critical { "critical" } else { "warning" },
    });
    if let Some(gpu) = alert.subject.gpu {
        labels["gpu"] = gpu.to_string().into();
    }
    let fingerprint = match alert.subject.gpu {
        Some(gpu) => format!("{}-{gpu}", alert.subject.name),
        None => alert.subject.name.to_owned(),
    };
    json!({
        "status": if alert.ended_at.is_some() { "resolved" } else { "firing" },
        "labels": labels,
        "annotations": {"summary": alert.summary},
        "startsAt": iso(alert.started_at),
        "endsAt": alert.ended_at.map_or_else(|| NO_END.to_owned(), iso),
        "generatorURL": "",
        "fingerprint": fingerprint,
    })
}

/// One alert for people to read.
fn line(alert: &Alert) -> String {
    let (name, summary) = (alert.subject.name, &alert.summary);
    match alert.ended_at {
        Some(ended_at) => {
            let seconds = ended_at.since(alert.started_at).as_secs();
            format!("worv, {name} is over after {seconds} s. It was: {summary}")
        }
        None => format!("worv, {name}: {summary}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::book::Subject;
    use worv_core::UnixMillis;

    #[test]
    fn the_form_is_alertmanagers() {
        let alert = Alert {
            subject: Subject {
                name: "GpuFault",
                gpu: Some(3),
            },
            critical: true,
            summary: "GPU 3: gone.".to_owned(),
            started_at: UnixMillis(1_800_000_000_000),
            ended_at: None,
        };
        let over = Alert {
            subject: Subject {
                name: "EngineDown",
                gpu: None,
            },
            ended_at: Some(UnixMillis(1_800_000_090_000)),
            ..alert.clone()
        };
        let message = message(&[alert, over.clone()]);
        assert_eq!(message["status"], "firing");
        assert_eq!(
            message["alerts"][0],
            json!({
                "status": "firing",
                "labels": {"job": "worv", "alertname": "GpuFault", "severity": "critical", "gpu": "3"},
                "annotations": {"summary": "GPU 3: gone."},
                "startsAt": "2027-01-15T08:00:00Z",
                "endsAt": "0001-01-01T00:00:00Z",
                "generatorURL": "",
                "fingerprint": "GpuFault-3",
            })
        );
        assert_eq!(message["alerts"][1]["endsAt"], "2027-01-15T08:01:30Z");
        assert_eq!(
            message["text"],
            "worv, GpuFault: GPU 3: gone.\nworv, EngineDown is over after 90 s. It was: GPU 3: gone."
        );
        assert_eq!(super::message(&[over])["status"], "resolved");
    }
}
