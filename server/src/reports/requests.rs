//! Single requests: which are asked for, and what is told of them.

use std::collections::HashMap;

use worv_api::{ApiError, RequestDetail, RequestPage, RequestPhase, RequestSummary};
use worv_core::{
    id::RequestId,
    key::KeyId,
    usage::{ClientKind, Endpoint, Outcome, UsageRecord},
};
use worv_store::{
    Store, StoreError,
    usage::{RequestFilter, RequestQuery},
};

use super::parameters::Parameters;

/// Requests on a page, where nothing else is asked for.
const PAGE: u32 = 50;

/// Requests on a page at most.
const MOST: u32 = 500;

/// What may be asked.
const PARAMETERS: [&str; 8] = [
    "key", "model", "endpoint", "outcome", "client", "status", "before", "limit",
];

/// A question about requests.
#[derive(Clone, Debug)]
pub struct RequestQuestion(pub RequestQuery);

impl RequestQuestion {
    /// Reads a question.
    pub fn read(query: &str) -> Result<Self, ApiError> {
        let given = Parameters::read(query, &PARAMETERS)?;
        let limit = |text: &str| text.parse().ok().filter(|limit| (1..=MOST).contains(limit));
        let filter = RequestFilter {
            key: given
                .get("key", "the number of a key", |text| text.parse().ok())?
                .map(KeyId),
            model: given.text("model").map(str::to_owned),
            endpoint: given.one_of("endpoint", &Endpoint::ALL, Endpoint::path)?,
            outcome: given.one_of("outcome", &Outcome::ALL, Outcome::as_str)?,
            client: given.one_of("client", &ClientKind::ALL, ClientKind::as_str)?,
            status: given.get("status", "a status such as 503, or a class such as 5xx", statuses)?,
        };
        Ok(Self(RequestQuery {
            filter,
            before: given.get("before", "the id of a request", RequestId::parse)?,
            limit: given
                .get("limit", &format!("a number from 1 to {MOST}"), limit)?
                .unwrap_or(PAGE),
        }))
    }
}

/// A page of requests.
pub async fn listed(store: &Store, question: &RequestQuestion) -> Result<RequestPage, StoreError> {
    let page = store.request_page(&question.0).await?;
    let names = store.keys().await?.into_iter().map(|key| (key.id, key.name)).collect();
    Ok(RequestPage {
        requests: page.requests.iter().map(|request| summary(request, &names)).collect(),
        next: page.next.map(|id| id.to_string()),
    })
}

/// One request with its timeline; none where there is no such request, or it is not kept any more.
pub async fn detail(store: &Store, id: RequestId) -> Result<Option<RequestDetail>, StoreError> {
    let Some(request) = store.request(id).await? else {
        return Ok(None);
    };
    let names = store.keys().await?.into_iter().map(|key| (key.id, key.name)).collect();
    let request = summary(&request, &names);
    let timeline = timeline(&request);
    Ok(Some(RequestDetail { request, timeline }))
}

/// What is told of a request.
pub fn summary(request: &UsageRecord, names: &HashMap<KeyId, String>) -> RequestSummary {
    let key = names.get(&request.key).cloned();
    RequestSummary {
        id: request.request_id.to_string(),
        key_id: request.key.0,
        key: key.unwrap_or_else(|| format!("key {}", request.key.0)),
        endpoint: request.endpoint.path().to_owned(),
        requested_model: request.requested_model.clone(),
        model: request.served_model.clone(),
        stream: request.stream,
        client: request.client.as_str().to_owned(),
        chat_user: request.chat_user.clone(),
        outcome: request.outcome.as_str().to_owned(),
        status: request.status,
        prompt_tokens: request.prompt_tokens,
        cached_tokens: request.cached_tokens,
        completion_tokens: request.completion_tokens,
        reasoning_tokens: request.reasoning_tokens,
        granted_tokens: request.granted_tokens,
        clamped: request.clamped,
        started_at: request.started_at.0,
        queue_ms: request.queue_ms,
        overhead_us: request.overhead_us,
        first_byte_ms: request.first_byte_ms,
        duration_ms: request.duration_ms,
    }
}

/// The parts of a request's time, one after the other. They are measured apart, so each is kept within the whole.
fn timeline(request: &RequestSummary) -> Vec<RequestPhase> {
    let end = u64::from(request.duration_ms) * 1_000;
    let queue = u64::from(request.queue_ms) * 1_000;
    let first_byte = request.first_byte_ms.map(|millis| u64::from(millis) * 1_000);
    let ends = [
        ("gateway", Some(u64::from(request.overhead_us))),
        ("queue", Some(u64::from(request.overhead_us) + queue)),
        ("first_token", first_byte),
        ("answer", Some(end)),
    ];
    let mut phases = Vec::new();
    let mut from_us = 0;
    for (name, to) in ends {
        // Without a first byte, all that followed was waiting for it.
        let (name, to) = match (name, to) {
            (_, None) => continue,
            ("answer", Some(to)) if first_byte.is_none() => ("first_token", to),
            (name, Some(to)) => (name, to),
        };
        let to_us = to.clamp(from_us, end.max(from_us));
        if to_us > from_us {
            phases.push(RequestPhase {
                name: name.to_owned(),
                from_us,
                to_us,
            });
        }
        from_us = to_us;
    }
    phases
}

/// The first and the last status that a text means: `503`, or `5xx` for all that begin so.
fn statuses(text: &str) -> Option<(u16, u16)> {
    if let Some(class) = text.strip_suffix("xx") {
        let class: u16 = class.parse().ok().filter(|class| (1..=5).contains(class))?;
        return Some((class * 100, class * 100 + 99));
    }
    let status: u16 = text.parse().ok().filter(|status| (100..=599).contains(status))?;
    Some((status, status))
}

#[cfg(test)]
mod tests {
    use super::*;
    use worv_core::{Clock, Entropy, UnixMillis};

    fn request() -> UsageRecord {
        let id = RequestId::new(&Clock::manual(UnixMillis(0)), &Entropy::counted(1));
        UsageRecord {
            requested_model: "claude-opus".to_owned(),
            served_model: "DeepSeek-V4-Pro".to_owned(),
            stream: true,
            prompt_tokens: 100,
            cached_tokens: 60,
            completion_tokens: 20,
            reasoning_tokens: 5,
            outcome: Outcome::Done,
            status: 200,
            first_byte_ms: Some(40),
            duration_ms: 900,
            queue_ms: 30,
            overhead_us: 250,
            client: ClientKind::ClaudeCode,
            granted_tokens: Some(16_384),
            clamped: true,
            ..UsageRecord::begun(id, KeyId(7), Endpoint::Messages, UnixMillis(0))
        }
    }

    fn phases(request: &UsageRecord) -> Vec<(String, u64, u64)> {
        let timeline = timeline(&summary(request, &HashMap::new()));
        timeline
            .into_iter()
            .map(|phase| (phase.name, phase.from_us, phase.to_us))
            .collect()
    }

    #[test]
    fn a_timeline_has_no_gap_and_ends_with_the_request() {
        let named = |name: &str, from, to| (name.to_owned(), from, to);
        assert_eq!(
            phases(&request()),
            [
                named("gateway", 0, 250),
                named("queue", 250, 30_250),
                named("first_token", 30_250, 40_000),
                named("answer", 40_000, 900_000),
            ]
        );
        let unanswered = UsageRecord {
            first_byte_ms: None,
            queue_ms: 0,
            ..request()
        };
        assert_eq!(
            phases(&unanswered),
            [named("gateway", 0, 250), named("first_token", 250, 900_000)]
        );
        let at_odds = UsageRecord {
            queue_ms: 5_000,
            ..request()
        };
        assert_eq!(
            phases(&at_odds),
            [named("gateway", 0, 250), named("queue", 250, 900_000)]
        );
        let at_once = UsageRecord {
            queue_ms: 0,
            overhead_us: 0,
            first_byte_ms: None,
            duration_ms: 0,
            ..request()
        };
        assert!(phases(&at_once).is_empty());
    }

    #[test]
    fn filters_are_read_or_refused() {
        let read = |query: &str| RequestQuestion::read(query).map(|question| question.0);
        let query = read("key=7&model=%25&outcome=engine_failed&client=curl&status=5xx&limit=10").unwrap();
        assert_eq!(
            (query.filter.key, query.filter.model.as_deref(), query.limit),
            (Some(KeyId(7)), Some("%"), 10)
        );
        assert_eq!(
            (query.filter.outcome, query.filter.client),
            (Some(Outcome::EngineFailed), Some(ClientKind::Curl))
        );
        assert_eq!((query.filter.status, query.before), (Some((500, 599)), None));
        let id = request().request_id;
        assert_eq!(read(&format!("before={id}")).unwrap().before, Some(id));
        for wrong in [
            "status=6xx",
            "status=99",
            "status=655xx",
            "limit=0",
            "limit=501",
            "outcome=fine",
            "before=1",
            "owner=x",
        ] {
            assert_eq!(read(wrong).unwrap_err().status, 422, "{wrong}");
        }
    }
}
