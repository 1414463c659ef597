//! `GET /v1/limits`: what the caller's key may do and how much of it is left, from memory.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use worv_core::calendar::iso;

use crate::{Gateway, account::Left};

#[derive(Serialize)]
struct Limits<'a> {
    object: &'static str,
    key: &'a str,
    expires_at: Option<String>,
    models: Option<&'a [String]>,
    max_output_tokens: u64,
    max_context_tokens: u64,
    requests_per_minute: Option<PerMinute>,
    tokens_per_minute: Option<PerMinute>,
    concurrency: Concurrency,
    budget_day: Option<Budget>,
    budget_month: Option<Budget>,
}

#[derive(Serialize)]
struct PerMinute {
    limit: u64,
    remaining: u64,
    reset_seconds: u64,
}

#[derive(Serialize)]
struct Concurrency {
    limit: Option<u64>,
    under_way: u64,
}

#[derive(Serialize)]
struct Budget {
    limit: u64,
    /// What neither has been spent nor is reserved for requests under way.
    remaining: u64,
    resets_at: String,
}

/// Answers with the limits of the key that asks. Asking costs nothing of them.
pub(crate) async fn limits(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let caller = match gateway.caller(request.uri().path(), request.headers()) {
        Ok(caller) => caller,
        Err(refusal) => return refusal,
    };
    let now = gateway.clock.now();
    let (grant, live) = (caller.grant(), gateway.live());
    let settings = &grant.settings;
    let standing = caller.holder().account.standing(settings, now);
    let per_minute = |left: Left| PerMinute {
        limit: left.limit,
        remaining: left.remaining,
        reset_seconds: left.reset.as_millis().div_ceil(1_000).try_into().unwrap_or(u64::MAX),
    };
    let budget = |left: Left| Budget {
        limit: left.limit,
        remaining: left.remaining,
        resets_at: iso(now.plus(left.reset + Duration::from_millis(999))),
    };
    let of_key = live.limits.of_key(settings);
    let limits = Limits {
        object: "limits",
        key: &grant.name,
        expires_at: grant.expires_at.map(iso),
        models: settings.models.as_deref(),
        max_output_tokens: of_key.max_output,
        max_context_tokens: of_key.window,
        requests_per_minute: standing.requests.map(per_minute),
        tokens_per_minute: standing.tokens.map(per_minute),
        concurrency: Concurrency {
            limit: settings.concurrency,
            under_way: standing.under_way,
        },
        budget_day: standing.day.map(budget),
        budget_month: standing.month.map(budget),
    };
    caller.answer(&gateway, Json(limits).into_response())
}
