//! The agent's connection to the gateway.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use serde::Serialize;
use tokio::{
    sync::watch,
    time::{Instant, sleep, sleep_until, timeout},
};
use worv_api::{ApiError, GpuReport};
use worv_core::{Entropy, Secret};
use worv_node::{
    machine::NodeHandle,
    remote::{AgentAnswer, AgentReport, LogPiece, REPORT_INTERVAL, REPORT_LINES},
};

use crate::{
    failure::{Failure, Kind},
    https::{self, HttpsClient},
};

/// How long one exchange may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// The time from one report to the next at least, however much changes.
const PAUSE: Duration = Duration::from_millis(200);

/// The pause after a report that did not arrive; each further one is twice as long.
const FIRST_RETRY: Duration = Duration::from_millis(500);

/// The longest of these pauses.
const LONGEST_RETRY: Duration = Duration::from_secs(5);

/// What is read of an answer, in bytes.
const ANSWER: usize = 64 << 10;

/// Characters that tell one run of the agent from another.
const RUN_LENGTH: usize = 20;

/// Reports to a gateway.
pub struct Link {
    client: HttpsClient,
    uri: Uri,
    authorization: HeaderValue,
    name: String,
}

impl Link {
    /// To the gateway whose console is at that address.
    pub fn new(gateway: &str, token: &Secret, name: &str) -> Result<Self, Failure> {
        let wrong = |what: &str| Failure::new(Kind::Config, format!("{what} cannot be sent in an HTTP request"));
        let uri = format!("{}/api/agent", gateway.trim_end_matches('/'));
        let authorization = HeaderValue::from_str(&format!("Bearer {}", token.expose()));
        let mut authorization = authorization.map_err(|_| wrong("the token in agent.token_file"))?;
        authorization.set_sensitive(true);
        Ok(Self {
            client: https::client()?,
            uri: uri.parse().map_err(|_| wrong("agent.gateway"))?,
            authorization,
            name: name.to_owned(),
        })
    }

    /// Reports for ever, and gives the node the orders that come back. A gateway that does not answer is tried again.
    pub async fn report(&self, node: &NodeHandle, mut gpus: watch::Receiver<Arc<GpuReport>>, entropy: &Entropy) {
        let run = entropy.alphanumeric(RUN_LENGTH);
        let mut state = node.report.clone();
        let (mut number, mut log_wanted, mut failures) = (0, 0, 0_u32);
        let mut complaint = String::new();
        loop {
            let begun = Instant::now();
            number += 1;
            let (lines, next) = node.log.from(log_wanted, REPORT_LINES);
            let report = AgentReport {
                name: self.name.clone(),
                run: run.clone(),
                number,
                node: state.borrow_and_update().as_ref().clone(),
                gpus: gpus.borrow_and_update().as_ref().clone(),
                log: LogPiece {
                    wanted: log_wanted,
                    lines,
                    next,
                },
            };
            match timeout(PATIENCE, self.post(&report)).await {
                Ok(Ok(answer)) => {
                    if failures > 0 {
                        tracing::info!("the gateway answers again");
                    }
                    (failures, log_wanted) = (0, answer.log_wanted);
                    complaint.clear();
                    node.orders.send_if_modified(|order| {
                        let is_news = answer.order.is_some() && *order != answer.order;
                        if is_news {
                            order.clone_from(&answer.order);
                        }
                        is_news
                    });
                    // A new sample of the GPUs is shown at once, as it is where they are in the same machine.
                    let changed = tokio::select! {
                        () = sleep_until(begun + REPORT_INTERVAL) => Ok(()),
                        changed = state.changed() => changed,
                        changed = gpus.changed() => changed,
                    };
                    if changed.is_err() {
                        return;
                    }
                    sleep_until(begun + PAUSE).await;
                }
                failed => {
                    let words = match failed {
                        Ok(Err(words)) => words,
                        _ => format!("does not answer within {} s", PATIENCE.as_secs()),
                    };
                    if words != complaint {
                        tracing::error!("the gateway at {} {words}", self.uri);
                        complaint = words;
                    }
                    failures += 1;
                    sleep(retry_pause(failures)).await;
                }
            }
        }
    }

    /// Sends a report.
    ///
    /// # Errors
    /// What the gateway does instead of answering, as the end of a sentence.
    async fn post(&self, report: &impl Serialize) -> Result<AgentAnswer, String> {
        let body = serde_json::to_vec(report).map_err(|error| format!("cannot be told: {error}"))?;
        let mut request = Request::new(Full::from(Bytes::from(body)));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.clone();
        let headers = request.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::AUTHORIZATION, self.authorization.clone());
        let answer = self.client.request(request).await;
        let answer = answer.map_err(|error| format!("cannot be reached: {}", root_cause(&error)))?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), ANSWER).collect().await;
        let body = body.map_err(|error| format!("breaks off: {error}"))?.to_bytes();
        if status.is_success() {
            return serde_json::from_slice(&body).map_err(|error| format!("answers what is not understood: {error}"));
        }
        let said = serde_json::from_slice(&body).map(|error: ApiError| error.message);
        Err(match (status, said) {
            (StatusCode::UNAUTHORIZED, _) => {
                let cure = "put the same secret into agent.token_file on both machines, and start both again";
                format!("refuses the token: {cure}")
            }
            (StatusCode::NOT_FOUND, _) | (_, Err(_)) => {
                format!("answers {status}: is agent.gateway the console's address, and agent.token_file set there?")
            }
            (_, Ok(said)) => format!("refuses the report ({status}): {said}"),
        })
    }
}

fn retry_pause(failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    FIRST_RETRY.saturating_mul(1 << doublings).min(LONGEST_RETRY)
}

/// The innermost error: `Connection refused` rather than `client error (Connect)`.
fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateway_that_is_away_is_tried_less_and_less_often() {
        let pauses = [1, 2, 3, 6, 40].map(|failures| retry_pause(failures).as_millis());
        assert_eq!(pauses, [500, 1_000, 2_000, 5_000, 5_000]);
    }
}
