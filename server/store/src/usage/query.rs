//! Questions about usage: over a range of time, split by time and by what it was for.

use std::collections::HashMap;

use sqlx::{AssertSqlSafe, Row, any::AnyRow};
use worv_core::{UnixMillis, key::KeyId, usage::Endpoint};

use super::{
    code,
    sums::{Part, SUMMED, Span, UsageTotals},
};
use crate::{Store, StoreError};

/// Hours or days that one question may be about: 166 days by the hour, 10 years by the day.
const MOST_BUCKETS: i64 = 4_000;

/// A question about usage.
#[derive(Clone, Debug)]
pub struct UsageQuery {
    /// From here on; the hour or day that this is in counts in full.
    pub from: UnixMillis,
    /// Up to here; the hour or day that this is in counts in full, unless this is its very beginning.
    pub to: UnixMillis,
    /// Whether hours or days are looked at.
    pub span: Span,
    /// Whether each hour or day is answered by itself, or all of them together.
    pub series: bool,
    /// What the answer is split by; none for all together.
    pub by: Option<GroupBy>,
    /// This key's usage only.
    pub key: Option<KeyId>,
    /// This model's usage only, by the name the engine serves it under.
    pub model: Option<String>,
    /// This endpoint's usage only.
    pub endpoint: Option<Endpoint>,
}

/// What usage can be split by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupBy {
    /// The key of the request.
    Key,
    /// The model that the engine ran.
    Model,
    /// The route the request came in by.
    Endpoint,
}

/// One part of the answer. Parts without requests are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageBucket {
    /// When the hour or day begins; for all of them together, when the first one does.
    pub start: UnixMillis,
    /// What these requests have in common, where the answer is split by it.
    pub group: Option<Group>,
    /// The sums.
    pub totals: UsageTotals,
}

/// What requests have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Group {
    /// Their key.
    Key(KeyId),
    /// Their model's name.
    Model(String),
    /// Their endpoint.
    Endpoint(Endpoint),
}

impl Store {
    /// Sums usage, in the order of time and then of keys, models (by their first use) or endpoints. The cost grows with
    /// the hours or days in the range, not with the requests.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] where the range is empty or has more than 4000 hours or days.
    pub async fn usage(&self, query: &UsageQuery) -> Result<Vec<UsageBucket>, StoreError> {
        let (first, end) = query.buckets()?;
        let models = match query.by {
            Some(GroupBy::Model) => self.model_names().await?,
            _ => HashMap::new(),
        };
        let rows = sqlx::query(AssertSqlSafe(query.statement()))
            .bind(query.span.code())
            .bind(first)
            .bind(end)
            .bind(query.key.map(|key| key.0))
            .bind(query.model.as_deref())
            .bind(query.endpoint.map(code::of_endpoint))
            .bind(query.part().code())
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(|row| Ok(query.bucket(row, first, &models)?)).collect()
    }

    async fn model_names(&self) -> Result<HashMap<i64, String>, StoreError> {
        let rows = sqlx::query("SELECT id, name FROM models")
            .fetch_all(self.readers())
            .await?;
        rows.iter()
            .map(|row| Ok((row.try_get("id")?, row.try_get("name")?)))
            .collect()
    }
}

impl UsageQuery {
    /// The first bucket and the one after the last.
    fn buckets(&self) -> Result<(i64, i64), StoreError> {
        let invalid = |rule| StoreError::Invalid { field: "range", rule };
        if self.to <= self.from {
            return Err(invalid("must end after it begins"));
        }
        let first = self.span.bucket(self.from.0);
        let end = self.span.bucket(self.to.0 - 1) + 1;
        if end - first > MOST_BUCKETS {
            return Err(invalid("must have at most 4000 hours or days"));
        }
        Ok((first, end))
    }

    /// The part with the fewest rows that the question can be answered from.
    fn part(&self) -> Part {
        let of_models = self.model.is_some() || matches!(self.by, Some(GroupBy::Model));
        let of_endpoints = self.endpoint.is_some() || matches!(self.by, Some(GroupBy::Endpoint));
        let of_keys = self.key.is_some() || matches!(self.by, Some(GroupBy::Key));
        match (of_keys, of_models || of_endpoints) {
            (false, _) => Part::Models,
            (true, false) => Part::Keys,
            (true, true) => Part::Each,
        }
    }

    /// The statement, put together from nothing but the literals here; all that a caller chose is bound.
    fn statement(&self) -> String {
        let bucket = if self.series { "bucket" } else { "$2" };
        let group = match self.by {
            None => "0",
            Some(GroupBy::Key) => "key_id",
            Some(GroupBy::Model) => "model_id",
            Some(GroupBy::Endpoint) => "endpoint",
        };
        let sums = SUMMED.map(|column| format!("CAST(SUM({column}) AS BIGINT) AS {column}"));
        format!(
            "SELECT {bucket} AS bucket, {group} AS usage_group, {} \
             FROM usage_by_part WHERE part = $7 AND span = $1 AND bucket >= $2 AND bucket < $3 \
             AND ($4 IS NULL OR key_id = $4) AND ($6 IS NULL OR endpoint = $6) \
             AND ($5 IS NULL OR model_id = (SELECT id FROM models WHERE name = $5)) \
             GROUP BY 1, 2 ORDER BY 1, 2",
            sums.join(", ")
        )
    }

    fn bucket(&self, row: &AnyRow, first: i64, models: &HashMap<i64, String>) -> sqlx::Result<UsageBucket> {
        let bucket = if self.series { row.try_get("bucket")? } else { first };
        let group = match self.by {
            None => None,
            Some(GroupBy::Key) => Some(Group::Key(KeyId(row.try_get("usage_group")?))),
            Some(GroupBy::Model) => {
                let id: i64 = row.try_get("usage_group")?;
                Some(Group::Model(models.get(&id).cloned().unwrap_or_default()))
            }
            Some(GroupBy::Endpoint) => Some(Group::Endpoint(code::endpoint(row.try_get("usage_group")?)?)),
        };
        Ok(UsageBucket {
            start: UnixMillis(bucket * self.span.millis()),
            group,
            totals: UsageTotals::from_row(row)?,
        })
    }
}
