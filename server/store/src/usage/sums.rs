//! Sums of requests by hour, by day and by month, for each key, model and endpoint. They grow with each batch, in its own
//! transaction, and outlive the requests.

use std::{
    collections::{BTreeMap, HashMap},
    sync::LazyLock,
};

use sqlx::{AnyConnection, AssertSqlSafe, any::AnyRow};
use worv_core::{
    UnixMillis, calendar,
    usage::{Outcome, UsageRecord},
};

use super::{
    code,
    requests::{self, Models},
};
use crate::{StoreError, TokenTotals, row, statement::RowStatements, store::Kind};

/// What is summed of requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UsageTotals {
    /// Requests, however they ended.
    pub requests: u64,
    /// Those of them whose client went away first.
    pub client_left: u64,
    /// Those of them whose engine could not be reached, failed, or broke off.
    pub engine_failed: u64,
    /// Those of them that the engine refused.
    pub refused: u64,
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

/// The length of time that one sum is of. All are in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Span {
    /// Full hours.
    Hour,
    /// Full days.
    Day,
    /// Full months.
    Month,
}

/// What a row sums. Each request counts once in each part, so that a question reads the part with the fewest rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// One key's requests for one model by one endpoint.
    Each,
    /// One key's requests; model and endpoint are [`ANY_MODEL`] and [`ANY_ENDPOINT`].
    Keys,
    /// All keys' requests for one model by one endpoint; the key is [`ANY_KEY`].
    Models,
    /// All requests.
    All,
}

/// What one row sums: part, span, bucket, key, model and endpoint, all as in the database.
type Place = (i16, i16, i64, i64, i64, i16);

/// What a record adds to: key, model, endpoint and hour, all as in the database.
type Source = (i64, i64, i16, i64);

const ANY_KEY: i64 = 0;
const ANY_MODEL: i64 = 0;
const ANY_ENDPOINT: i16 = -1;

/// The columns that are summed, in the order of [`UsageTotals::values`].
pub(super) const SUMMED: [&str; 15] = [
    "requests",
    "client_left",
    "engine_failed",
    "refused",
    "lost",
    "prompt_tokens",
    "cached_tokens",
    "completion_tokens",
    "reasoning_tokens",
    "duration_ms",
    "first_bytes",
    "first_byte_ms",
    "queue_ms",
    "overhead_us",
    "clamped",
];

/// Columns of a [`Place`].
const PLACES: usize = 6;

/// Rows that one statement adds to: as many as one request has sums.
const ROWS: [usize; 2] = [12, 1];

static ADD: LazyLock<RowStatements<{ ROWS.len() }>> =
    LazyLock::new(|| RowStatements::new(ROWS, PLACES + SUMMED.len(), add));

/// Adds records to the sums that they belong to. The rows are taken in order, so that two servers that do this at the
/// same time cannot wait for each other.
pub(super) async fn add_all<'a>(
    connection: &mut AnyConnection,
    kind: Kind,
    records: impl Iterator<Item = &'a UsageRecord>,
    models: &Models,
) -> Result<(), StoreError> {
    let mut sums = BTreeMap::<Place, UsageTotals>::new();
    for ((key, model, endpoint, hour), totals) in by_hour(records, models)? {
        for span in Span::ALL {
            let bucket = span.bucket(Span::Hour.start(hour));
            for (part, key, model, endpoint) in [
                (Part::Each, key, model, endpoint),
                (Part::Keys, key, ANY_MODEL, ANY_ENDPOINT),
                (Part::Models, ANY_KEY, model, endpoint),
                (Part::All, ANY_KEY, ANY_MODEL, ANY_ENDPOINT),
            ] {
                let place = (part.code(), span.code(), bucket, key, model, endpoint);
                sums.entry(place).or_default().add_all_of(totals);
            }
        }
    }
    let sums: Vec<_> = sums.into_iter().collect();
    for (statement, chunk) in ADD.each(kind, &sums) {
        let mut query = sqlx::query(AssertSqlSafe(statement));
        for ((part, span, bucket, key, model, endpoint), totals) in chunk {
            query = query
                .bind(*part)
                .bind(*span)
                .bind(*bucket)
                .bind(*key)
                .bind(*model)
                .bind(*endpoint);
            for value in totals.values() {
                query = query.bind(row::stored(value));
            }
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// The sums of each key, model, endpoint and hour: the records of a batch have few of them.
fn by_hour<'a>(
    records: impl Iterator<Item = &'a UsageRecord>,
    models: &Models,
) -> Result<HashMap<Source, UsageTotals>, StoreError> {
    let mut sums = HashMap::<_, UsageTotals>::new();
    for record in records {
        let model = models.id_of(record)?;
        let hour = Span::Hour.bucket(record.started_at);
        let place = (record.key.0, model, code::of_endpoint(record.endpoint), hour);
        sums.entry(place).or_default().add(record);
    }
    Ok(sums)
}

/// Tokens that are recorded of a model, of all time.
pub(crate) async fn recorded_of(connection: &mut AnyConnection, model: &str) -> Result<TokenTotals, StoreError> {
    const SUM: &str = "SELECT CAST(COALESCE(SUM(prompt_tokens), 0) AS BIGINT) AS prompt, \
         CAST(COALESCE(SUM(completion_tokens), 0) AS BIGINT) AS generated FROM usage_by_part \
         WHERE part = $1 AND span = $2 AND model_id = (SELECT id FROM models WHERE name = $3)";
    let row = sqlx::query(SUM)
        .bind(Part::Models.code())
        .bind(Span::Month.code())
        .bind(model)
        .fetch_one(connection)
        .await?;
    Ok(TokenTotals {
        prompt: row::count(&row, "prompt")?,
        generated: row::count(&row, "generated")?,
    })
}

fn add(rows: &str) -> String {
    let sums = SUMMED.map(|column| format!("{column} = usage_by_part.{column} + excluded.{column}"));
    format!(
        "INSERT INTO usage_by_part (part, span, bucket, key_id, model_id, endpoint, {}) VALUES {rows} \
         ON CONFLICT (part, span, bucket, key_id, model_id, endpoint) DO UPDATE SET {}",
        SUMMED.join(", "),
        sums.join(", ")
    )
}

impl Part {
    /// The number that stands for it in the database.
    pub(super) fn code(self) -> i16 {
        match self {
            Self::Each => 0,
            Self::Keys => 1,
            Self::Models => 2,
            Self::All => 3,
        }
    }
}

impl Span {
    const ALL: [Self; 3] = [Self::Hour, Self::Day, Self::Month];

    /// The number that stands for it in the database.
    pub(crate) fn code(self) -> i16 {
        match self {
            Self::Hour => 0,
            Self::Day => 1,
            Self::Month => 2,
        }
    }

    /// The span that is made of whole ones of this.
    pub(super) fn coarser(self) -> Option<Self> {
        match self {
            Self::Hour => Some(Self::Day),
            Self::Day => Some(Self::Month),
            Self::Month => None,
        }
    }

    /// The number of the hour, day or month since 1970 that a time is in.
    pub fn bucket(self, at: UnixMillis) -> i64 {
        match self {
            Self::Hour => at.0.div_euclid(calendar::HOUR),
            Self::Day => at.0.div_euclid(calendar::DAY),
            Self::Month => calendar::month(at),
        }
    }

    /// When the hour, day or month of that number begins.
    pub fn start(self, bucket: i64) -> UnixMillis {
        match self {
            Self::Hour => UnixMillis(bucket * calendar::HOUR),
            Self::Day => UnixMillis(bucket * calendar::DAY),
            Self::Month => calendar::start_of_month(bucket),
        }
    }
}

impl UsageTotals {
    fn add(&mut self, record: &UsageRecord) {
        let outcome = match record.outcome {
            Outcome::Done => None,
            Outcome::ClientLeft => Some(&mut self.client_left),
            Outcome::EngineFailed => Some(&mut self.engine_failed),
            Outcome::RefusedByEngine => Some(&mut self.refused),
            Outcome::Lost => Some(&mut self.lost),
        };
        if let Some(count) = outcome {
            *count += 1;
        }
        self.requests += 1;
        self.prompt_tokens += requests::tokens(record.prompt_tokens);
        self.cached_tokens += requests::tokens(record.cached_tokens);
        self.completion_tokens += requests::tokens(record.completion_tokens);
        self.reasoning_tokens += requests::tokens(record.reasoning_tokens);
        self.duration_ms += u64::from(record.duration_ms);
        if let Some(millis) = record.first_byte_ms {
            self.first_bytes += 1;
            self.first_byte_ms += u64::from(millis);
        }
        self.queue_ms += u64::from(record.queue_ms);
        self.overhead_us += u64::from(record.overhead_us);
        self.clamped += u64::from(record.clamped);
    }

    /// Adds what another part of the same question has.
    pub(super) fn add_all_of(&mut self, mut other: Self) {
        for (sum, more) in self.values_mut().into_iter().zip(other.values_mut()) {
            *sum = sum.saturating_add(*more);
        }
    }

    /// The values in the order of [`SUMMED`].
    fn values(mut self) -> [u64; SUMMED.len()] {
        self.values_mut().map(|value| *value)
    }

    fn values_mut(&mut self) -> [&mut u64; SUMMED.len()] {
        [
            &mut self.requests,
            &mut self.client_left,
            &mut self.engine_failed,
            &mut self.refused,
            &mut self.lost,
            &mut self.prompt_tokens,
            &mut self.cached_tokens,
            &mut self.completion_tokens,
            &mut self.reasoning_tokens,
            &mut self.duration_ms,
            &mut self.first_bytes,
            &mut self.first_byte_ms,
            &mut self.queue_ms,
            &mut self.overhead_us,
            &mut self.clamped,
        ]
    }

    pub(super) fn from_row(row: &AnyRow) -> sqlx::Result<Self> {
        let mut totals = Self::default();
        for (column, value) in SUMMED.into_iter().zip(totals.values_mut()) {
            *value = row::count(row, column)?;
        }
        Ok(totals)
    }
}
