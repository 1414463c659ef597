//! What the GPUs took, hour by hour, and whose it was: a request's share is its share of the tokens that were worked on.

use sqlx::{AssertSqlSafe, Row};
use worv_core::{UnixMillis, calendar};

use super::{
    code,
    query::{Group, UsageQuery},
    sums::{Part, Span},
};
use crate::{Store, StoreError, row};

/// Hours up to which a range is shared out hour by hour; a longer one is, day by day.
const MOST_HOURS: i64 = 4_000;

/// Uncached tokens of a prompt that count as one of an answer: an engine reads several in the time that it writes one.
const READ_FOR_ONE_WRITTEN: i64 = 4;

/// What GPUs took.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GpuUse {
    /// Seconds of one GPU: eight GPUs take eight in a second, busy or not.
    pub gpu_seconds: f64,
    /// Energy.
    pub joules: f64,
}

/// What GPUs took in a range of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GpuShares {
    /// All of it, hours included in which no request was answered.
    pub all: GpuUse,
    /// The part of each group, in the order of keys, models or endpoints.
    pub groups: Vec<(Option<Group>, GpuUse)>,
}

impl Store {
    /// Adds to the hour that a moment lies in: milliseconds of one GPU, and thousandths of a joule.
    pub async fn add_gpu_use(&self, at: UnixMillis, gpu_millis: u64, millijoules: u64) -> Result<(), StoreError> {
        const ADD: &str = "INSERT INTO gpu_hours (bucket, gpu_millis, millijoules) VALUES ($1, $2, $3) \
             ON CONFLICT (bucket) DO UPDATE SET gpu_millis = gpu_hours.gpu_millis + excluded.gpu_millis, \
             millijoules = gpu_hours.millijoules + excluded.millijoules";
        let mut transaction = self.begin().await?;
        sqlx::query(ADD)
            .bind(at.0.div_euclid(calendar::HOUR))
            .bind(row::stored(gpu_millis))
            .bind(row::stored(millijoules))
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// What GPUs took in the hours (over 4000 hours, the days) of a question, split as the question says. Of what they took
    /// in one of them, a request has its share of the tokens that were worked on in it: those of answers, and a quarter of
    /// those of prompts that were not cached. Where there were none, nobody has any.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] where the range is empty or too long to be looked at.
    pub async fn gpu_use(&self, query: &UsageQuery) -> Result<GpuShares, StoreError> {
        query.stretch()?;
        let (first_hour, end_hour) = query.buckets(Span::Hour);
        let (span, hours_in_each) = if end_hour - first_hour > MOST_HOURS {
            (Span::Day, 24)
        } else {
            (Span::Hour, 1)
        };
        let (first, end) = query.buckets(span);
        let rows = sqlx::query(AssertSqlSafe(statement(query, hours_in_each)))
            .bind(span.code())
            .bind(first)
            .bind(end)
            .bind(query.part().code())
            .bind(query.model.as_deref())
            .bind(query.endpoint.map(code::of_endpoint))
            .fetch_all(self.readers())
            .await?;
        let names = self.names_of_groups(query).await?;
        let mut shares = GpuShares::default();
        for row in rows {
            let (millis, energy): (f64, f64) = (row.try_get("millis")?, row.try_get("energy")?);
            let part = GpuUse {
                gpu_seconds: millis / 1_000.0,
                joules: energy / 1_000.0,
            };
            match row.try_get("usage_group")? {
                None => shares.all = part,
                Some(group) => shares.groups.push((query.group(group, &names)?, part)),
            }
        }
        Ok(shares)
    }
}

/// The statement: a row without a group for everything, and one for each group, put together from literals and numbers.
fn statement(query: &UsageQuery, hours_in_each: i64) -> String {
    let all = Part::All.code();
    let work = |rows: &str| {
        format!("({rows}.completion_tokens * {READ_FOR_ONE_WRITTEN} + {rows}.prompt_tokens - {rows}.cached_tokens)")
    };
    let (of_group, of_all) = (work("of_group"), work("of_all"));
    let share = format!("CAST({of_group} AS DOUBLE PRECISION) / {of_all}");
    let of_keys = if query.keys.is_empty() {
        String::new()
    } else {
        format!("AND of_group.key_id IN ({}) ", query.key_list())
    };
    format!(
        "WITH taken AS (SELECT bucket / {hours_in_each} AS bucket, \
         CAST(SUM(gpu_millis) AS DOUBLE PRECISION) AS millis, CAST(SUM(millijoules) AS DOUBLE PRECISION) AS energy \
         FROM gpu_hours WHERE bucket >= $2 * {hours_in_each} AND bucket < $3 * {hours_in_each} GROUP BY 1) \
         SELECT CAST(NULL AS BIGINT) AS usage_group, COALESCE(SUM(millis), 0.0) AS millis, \
         COALESCE(SUM(energy), 0.0) AS energy FROM taken \
         UNION ALL SELECT CAST(of_group.{group} AS BIGINT), SUM({share} * millis), SUM({share} * energy) FROM taken \
         JOIN usage_by_part AS of_all ON of_all.part = {all} AND of_all.span = $1 AND of_all.bucket = taken.bucket \
         JOIN usage_by_part AS of_group ON of_group.part = $4 AND of_group.span = $1 AND of_group.bucket = taken.bucket \
         WHERE {of_group} > 0 {of_keys}AND ($6 IS NULL OR of_group.endpoint = $6) \
         AND ($5 IS NULL OR of_group.model_id = (SELECT id FROM models WHERE name = $5)) GROUP BY 1 ORDER BY 1",
        group = query.group_column(),
    )
}
