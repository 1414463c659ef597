//! Usage over a range of time, as the server reports it.

use serde::{Deserialize, Serialize};

/// The answer to `GET /api/usage`: sums of what requests used, over time and by what they have in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageReport {
    /// The beginning of the first bucket, in Unix milliseconds.
    pub from: i64,
    /// The end of the last bucket, in Unix milliseconds.
    pub to: i64,
    /// When the report was made, in Unix milliseconds.
    pub as_of: i64,
    /// How long a bucket is.
    pub granularity: Granularity,
    /// What the series count.
    pub metric: Metric,
    /// What usage is split by.
    pub by: Grouping,
    /// The beginning of each bucket, in Unix milliseconds.
    pub buckets: Vec<i64>,
    /// Whether the last bucket is not over yet; it may not have begun either, where the range ends later than now.
    pub incomplete: bool,
    /// The largest groups over time, at most eight, and after them the others together. Means do not add up: of those there
    /// is one series, of everything.
    pub series: Vec<UsageSeries>,
    /// Every group, the largest first; none where usage is not split.
    pub groups: Vec<UsageGroup>,
    /// Everything in the range.
    pub totals: UsageTotals,
    /// Everything in as long a time just before it.
    pub before: UsageTotals,
    /// The part of these requests in what GPUs took.
    pub gpu_use: GpuUse,
    /// What all GPUs took in the range, whether there were requests or not.
    pub all_gpus: GpuUse,
}

/// What GPUs took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GpuUse {
    /// Seconds of one GPU: eight GPUs take eight in a second, busy or not.
    pub gpu_seconds: u64,
    /// Energy.
    pub joules: u64,
}

/// One group over time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageSeries {
    /// The group's name for people.
    pub name: String,
    /// The group as it is written into a filter; none for everything and for the others.
    pub filter: Option<String>,
    /// One value for each bucket, in the metric's unit.
    pub values: Vec<u64>,
}

/// What requests that have something in common used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageGroup {
    /// The group's name for people.
    pub name: String,
    /// The group as it is written into a filter; none for an outcome.
    pub filter: Option<String>,
    /// The sums.
    pub totals: GroupTotals,
    /// The group's part of what GPUs took, by its part of the tokens that were worked on; none for an outcome.
    pub gpu_use: Option<GpuUse>,
}

/// What is known of a group's sums. What is not known is left out of the JSON: it is not zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum GroupTotals {
    /// Every sum.
    All(UsageTotals),
    /// The count alone: more is not recorded by how requests ended.
    Count {
        /// Requests that ended in this way.
        requests: u64,
    },
}

/// What a key has used: the answer to `GET /v1/usage` with that key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyUsage {
    /// Always `usage`.
    pub object: String,
    /// The key's name.
    pub key: String,
    /// The beginning of the first bucket, in Unix milliseconds.
    pub from: i64,
    /// The end of the last bucket, in Unix milliseconds.
    pub to: i64,
    /// How long a bucket is.
    pub granularity: Granularity,
    /// Everything in the range.
    pub totals: UsageTotals,
    /// The buckets in which there were requests, in the order of time.
    pub buckets: Vec<KeyUsageBucket>,
}

/// What a key has used in one bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyUsageBucket {
    /// The beginning, in Unix milliseconds.
    pub start: i64,
    /// The sums.
    #[serde(flatten)]
    pub totals: UsageTotals,
}

/// Sums over requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageTotals {
    /// Requests, however they ended.
    pub requests: u64,
    /// Those of them whose client went away first.
    pub client_left: u64,
    /// Those of them whose engine could not be reached, failed, or broke off.
    pub engine_failed: u64,
    /// Those of them that the engine refused.
    pub refused_by_engine: u64,
    /// Those of them that the gateway itself was killed under.
    pub lost: u64,
    /// Tokens of prompts, cached ones included.
    pub prompt_tokens: u64,
    /// Tokens of prompts that the engine had in its prefix cache.
    pub cached_tokens: u64,
    /// Tokens generated, reasoning included.
    pub completion_tokens: u64,
    /// Tokens generated that were reasoning.
    pub reasoning_tokens: u64,
    /// Milliseconds from start to end, of all requests together.
    pub duration_ms: u64,
    /// Requests whose answer had a first byte.
    pub first_bytes: u64,
    /// Milliseconds from start to first byte, of those requests together.
    pub first_byte_ms: u64,
    /// Milliseconds that requests waited for their turn, of all of them together.
    pub queue_ms: u64,
    /// Microseconds that the gateway itself added, to all of them together.
    pub overhead_us: u64,
    /// Requests whose answers were allowed fewer tokens than their callers had asked for.
    pub clamped: u64,
}

/// How long a bucket is. All are in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Granularity {
    /// Full hours.
    Hour,
    /// Full days.
    Day,
    /// Full months.
    Month,
}

/// What usage can be split by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grouping {
    /// The key of the request.
    Key,
    /// The model that the engine ran.
    Model,
    /// The route the request came in by.
    Endpoint,
    /// How the request ended.
    Outcome,
    /// Nothing: everything together.
    None,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Requests, however they ended.
    Requests,
    /// Requests that the engine failed, and those that were lost.
    Errors,
    /// Tokens of prompts, cached ones included.
    PromptTokens,
    /// Tokens of prompts that the engine had in its prefix cache.
    CachedTokens,
    /// Tokens generated, reasoning included.
    CompletionTokens,
    /// Tokens generated that were reasoning.
    ReasoningTokens,
    /// The mean time to the first byte of an answer, in milliseconds.
    FirstToken,
    /// Tokens generated in a second of an answer, in the mean.
    TokenRate,
}

impl GroupTotals {
    /// Requests, however they ended.
    pub fn requests(&self) -> u64 {
        match self {
            Self::All(totals) => totals.requests,
            Self::Count { requests } => *requests,
        }
    }

    /// Every sum, where they are known.
    pub fn all(&self) -> Option<&UsageTotals> {
        match self {
            Self::All(totals) => Some(totals),
            Self::Count { .. } => None,
        }
    }
}

impl UsageTotals {
    /// Requests that the engine failed, and those that were lost.
    pub fn errors(&self) -> u64 {
        self.engine_failed + self.lost
    }

    /// Requests whose whole answer was handed on.
    pub fn done(&self) -> u64 {
        let others = self.client_left + self.engine_failed + self.refused_by_engine + self.lost;
        self.requests.saturating_sub(others)
    }
}

impl Granularity {
    /// Every granularity, the shortest first.
    pub const ALL: [Self; 3] = [Self::Hour, Self::Day, Self::Month];

    /// The name in the API and in addresses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Month => "month",
        }
    }
}

impl Grouping {
    /// Every grouping.
    pub const ALL: [Self; 5] = [Self::Key, Self::Model, Self::Endpoint, Self::Outcome, Self::None];

    /// The name in the API and in addresses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Model => "model",
            Self::Endpoint => "endpoint",
            Self::Outcome => "outcome",
            Self::None => "none",
        }
    }
}

impl Metric {
    /// Every metric.
    pub const ALL: [Self; 8] = [
        Self::Requests,
        Self::Errors,
        Self::PromptTokens,
        Self::CachedTokens,
        Self::CompletionTokens,
        Self::ReasoningTokens,
        Self::FirstToken,
        Self::TokenRate,
    ];

    /// The name in the API and in addresses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Errors => "errors",
            Self::PromptTokens => "prompt_tokens",
            Self::CachedTokens => "cached_tokens",
            Self::CompletionTokens => "completion_tokens",
            Self::ReasoningTokens => "reasoning_tokens",
            Self::FirstToken => "first_token",
            Self::TokenRate => "token_rate",
        }
    }

    /// Whether the values of parts add up to the value of the whole.
    pub fn adds_up(self) -> bool {
        !matches!(self, Self::FirstToken | Self::TokenRate)
    }

    /// The value in these sums.
    pub fn of(self, totals: &UsageTotals) -> u64 {
        match self {
            Self::Requests => totals.requests,
            Self::Errors => totals.errors(),
            Self::PromptTokens => totals.prompt_tokens,
            Self::CachedTokens => totals.cached_tokens,
            Self::CompletionTokens => totals.completion_tokens,
            Self::ReasoningTokens => totals.reasoning_tokens,
            Self::FirstToken => rounded(totals.first_byte_ms, totals.first_bytes),
            Self::TokenRate => {
                let answering = totals.duration_ms.saturating_sub(totals.first_byte_ms);
                rounded(totals.completion_tokens.saturating_mul(1_000), answering)
            }
        }
    }
}

/// A quotient, rounded; 0 where there is nothing to divide by.
fn rounded(sum: u64, count: u64) -> u64 {
    sum.saturating_add(count / 2).checked_div(count).unwrap_or(0)
}
