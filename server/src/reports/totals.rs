//! Sums of usage.

use worv_api::UsageTotals;
use worv_store::usage::UsageBucket;

/// Of all buckets together.
pub(super) fn sum(buckets: &[UsageBucket]) -> UsageTotals {
    buckets
        .iter()
        .fold(UsageTotals::default(), |sum, bucket| plus(sum, shown(bucket.totals)))
}

/// Of two together.
pub(super) fn plus(one: UsageTotals, other: UsageTotals) -> UsageTotals {
    UsageTotals {
        requests: one.requests + other.requests,
        client_left: one.client_left + other.client_left,
        engine_failed: one.engine_failed + other.engine_failed,
        refused_by_engine: one.refused_by_engine + other.refused_by_engine,
        lost: one.lost + other.lost,
        prompt_tokens: one.prompt_tokens + other.prompt_tokens,
        cached_tokens: one.cached_tokens + other.cached_tokens,
        completion_tokens: one.completion_tokens + other.completion_tokens,
        reasoning_tokens: one.reasoning_tokens + other.reasoning_tokens,
        duration_ms: one.duration_ms + other.duration_ms,
        first_bytes: one.first_bytes + other.first_bytes,
        first_byte_ms: one.first_byte_ms + other.first_byte_ms,
        queue_ms: one.queue_ms + other.queue_ms,
        overhead_us: one.overhead_us + other.overhead_us,
        clamped: one.clamped + other.clamped,
    }
}

/// As the console is told.
pub(super) fn shown(totals: worv_store::usage::UsageTotals) -> UsageTotals {
    UsageTotals {
        requests: totals.requests,
        client_left: totals.client_left,
        engine_failed: totals.engine_failed,
        refused_by_engine: totals.refused,
        lost: totals.lost,
        prompt_tokens: totals.prompt_tokens,
        cached_tokens: totals.cached_tokens,
        completion_tokens: totals.completion_tokens,
        reasoning_tokens: totals.reasoning_tokens,
        duration_ms: totals.duration_ms,
        first_bytes: totals.first_bytes,
        first_byte_ms: totals.first_byte_ms,
        queue_ms: totals.queue_ms,
        overhead_us: totals.overhead_us,
        clamped: totals.clamped,
    }
}
