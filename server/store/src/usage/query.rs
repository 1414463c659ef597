//! Questions about usage: over a range of time, split by time and by what it was for.

use std::collections::{BTreeMap, HashMap};

use sqlx::{AssertSqlSafe, Row, any::AnyRow};
use worv_core::{UnixMillis, key::KeyId, usage::Endpoint};

use super::{
    code,
    sums::{Part, SUMMED, Span, UsageTotals},
};
use crate::{Store, StoreError};

/// Hours, days or months that a series may have; months that sums may be about.
const MOST_BUCKETS: i64 = 4_000;

/// A question about usage.
#[derive(Clone, Debug)]
pub struct UsageQuery {
    /// From here on; the hour, day or month that this is in counts in full.
    pub from: UnixMillis,
    /// Up to here; the hour, day or month that this is in counts in full, unless this is its very beginning.
    pub to: UnixMillis,
    /// Whether hours, days or months are looked at.
    pub span: Span,
    /// Whether each hour, day or month is answered by itself, or all of them together.
    pub series: bool,
    /// What the answer is split by; none for all together.
    pub by: Option<GroupBy>,
    /// These keys' usage only; everybody's if there are none.
    pub keys: Vec<KeyId>,
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
    /// When the hour, day or month begins; for all of them together, when the first one does.
    pub start: UnixMillis,
    /// What these requests have in common, where the answer is split by it.
    pub group: Option<Group>,
    /// The sums.
    pub totals: UsageTotals,
}

/// What requests have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Group {
    /// Their key.
    Key(KeyId),
    /// Their model's name.
    Model(String),
    /// Their endpoint.
    Endpoint(Endpoint),
}

/// Buckets of one span that follow each other: from the first to the one before the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    span: Span,
    first: i64,
    end: i64,
}

impl Store {
    /// Sums usage, in the order of time and then of keys, models (by their first use) or endpoints. The cost grows with
    /// the hours, days or months in the range, not with the requests; what is not split by time is summed from the
    /// longest spans that fit into the range.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] where the range is empty, or too long to be looked at.
    pub async fn usage(&self, query: &UsageQuery) -> Result<Vec<UsageBucket>, StoreError> {
        let whole = query.stretch()?;
        self.backlog().caught_up().await;
        let mut sums = BTreeMap::<(i64, i64), UsageTotals>::new();
        for stretch in query.stretches(whole) {
            let rows = sqlx::query(AssertSqlSafe(query.statement()))
                .bind(stretch.span.code())
                .bind(stretch.first)
                .bind(stretch.end)
                .bind(query.part().code())
                .bind(query.model.as_deref())
                .bind(query.endpoint.map(code::of_endpoint))
                .fetch_all(self.readers())
                .await?;
            for row in rows {
                let bucket = if query.series {
                    row.try_get("bucket")?
                } else {
                    whole.first
                };
                let place = (bucket, row.try_get("usage_group")?);
                sums.entry(place).or_default().add_all_of(UsageTotals::from_row(&row)?);
            }
        }
        let models = self.names_of_groups(query).await?;
        let bucket = |((bucket, group), totals)| {
            Ok(UsageBucket {
                start: query.span.start(bucket),
                group: query.group(group, &models)?,
                totals,
            })
        };
        sums.into_iter().map(bucket).collect()
    }

    /// The names of all models that have been used, in the order of their first use.
    pub async fn models(&self) -> Result<Vec<String>, StoreError> {
        let rows = sqlx::query("SELECT name FROM models ORDER BY id")
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(|row| Ok(row.try_get("name")?)).collect()
    }

    /// The names of models by their numbers, where the answer to a question is split by model.
    pub(super) async fn names_of_groups(&self, query: &UsageQuery) -> Result<HashMap<i64, String>, StoreError> {
        if query.by != Some(GroupBy::Model) {
            return Ok(HashMap::new());
        }
        let rows = sqlx::query("SELECT id, name FROM models")
            .fetch_all(self.readers())
            .await?;
        let name = |row: &AnyRow| Ok((row.try_get("id")?, row.try_get("name")?));
        rows.iter().map(name).collect()
    }
}

impl UsageQuery {
    /// The buckets that the question is about.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] where the range is empty, or too long to be looked at.
    pub(super) fn stretch(&self) -> Result<Stretch, StoreError> {
        let invalid = |rule| StoreError::Invalid { field: "range", rule };
        if self.to <= self.from {
            return Err(invalid("must end after it begins"));
        }
        let (first, end) = self.buckets(if self.series { self.span } else { Span::Month });
        if end - first > MOST_BUCKETS {
            return Err(invalid("must have at most 4000 hours, days or months"));
        }
        let (first, end) = self.buckets(self.span);
        Ok(Stretch {
            span: self.span,
            first,
            end,
        })
    }

    /// The first bucket of a span that the range is in, and the one after the last.
    pub(super) fn buckets(&self, span: Span) -> (i64, i64) {
        (span.bucket(self.from), span.bucket(UnixMillis(self.to.0 - 1)) + 1)
    }

    /// What is to be added up for the answer.
    fn stretches(&self, whole: Stretch) -> Vec<Stretch> {
        let mut stretches = Vec::new();
        if self.series {
            stretches.push(whole);
        } else {
            whole.divide(&mut stretches);
        }
        stretches
    }

    /// The part with the fewest rows that the question can be answered from.
    pub(super) fn part(&self) -> Part {
        let of_keys = !self.keys.is_empty() || self.by == Some(GroupBy::Key);
        let of_models = self.model.is_some()
            || self.endpoint.is_some()
            || matches!(self.by, Some(GroupBy::Model | GroupBy::Endpoint));
        match (of_keys, of_models) {
            (false, false) => Part::All,
            (false, true) => Part::Models,
            (true, false) => Part::Keys,
            (true, true) => Part::Each,
        }
    }

    /// The numbers of the keys that are asked for, as a statement lists them.
    pub(super) fn key_list(&self) -> String {
        let numbers: Vec<_> = self.keys.iter().map(|key| key.0.to_string()).collect();
        numbers.join(", ")
    }

    /// The column that tells one group from another; where there is one, it is the same in all rows.
    pub(super) fn group_column(&self) -> &'static str {
        match self.by {
            None => "part",
            Some(GroupBy::Key) => "key_id",
            Some(GroupBy::Model) => "model_id",
            Some(GroupBy::Endpoint) => "endpoint",
        }
    }

    /// The statement, put together from literals and numbers; every text that a caller chose is bound.
    fn statement(&self) -> String {
        let bucket = if self.series { "bucket" } else { "0" };
        let group = self.group_column();
        let sums = SUMMED.map(|column| format!("CAST(SUM({column}) AS BIGINT) AS {column}"));
        // The rows of a few keys lie apart: they are looked up bucket by bucket, in place of reading those between them.
        let (before, from) = if self.keys.is_empty() {
            (
                String::new(),
                "usage_by_part WHERE bucket >= $2 AND bucket < $3".to_owned(),
            )
        } else {
            let buckets = "WITH RECURSIVE buckets (number) AS (SELECT CAST($2 AS BIGINT) \
                 UNION ALL SELECT number + 1 FROM buckets WHERE number + 1 < $3) ";
            let from = "buckets CROSS JOIN usage_by_part WHERE bucket = number AND key_id IN";
            (buckets.to_owned(), format!("{from} ({})", self.key_list()))
        };
        format!(
            "{before}SELECT CAST({bucket} AS BIGINT) AS bucket, CAST({group} AS BIGINT) AS usage_group, {} FROM {from} \
             AND part = $4 AND span = $1 AND ($6 IS NULL OR endpoint = $6) \
             AND ($5 IS NULL OR model_id = (SELECT id FROM models WHERE name = $5)) GROUP BY 1, 2",
            sums.join(", ")
        )
    }

    /// What requests of the group with this number have in common.
    pub(super) fn group(&self, number: i64, models: &HashMap<i64, String>) -> Result<Option<Group>, StoreError> {
        Ok(match self.by {
            None => None,
            Some(GroupBy::Key) => Some(Group::Key(KeyId(number))),
            Some(GroupBy::Model) => Some(Group::Model(models.get(&number).cloned().unwrap_or_default())),
            Some(GroupBy::Endpoint) => {
                let code = i16::try_from(number).unwrap_or(i16::MAX);
                Some(Group::Endpoint(code::endpoint(code)?))
            }
        })
    }
}

impl Stretch {
    /// Splits it into as few buckets as possible, by taking longer ones where they fit.
    fn divide(self, into: &mut Vec<Self>) {
        if self.first >= self.end {
            return;
        }
        let Some(span) = self.span.coarser() else {
            return into.push(self);
        };
        let (from, to) = (self.span.start(self.first), self.span.start(self.end));
        // The first long one begins in the range, and the last one ends in it.
        let first = span.bucket(UnixMillis(from.0 - 1)) + 1;
        let end = span.bucket(to);
        if first >= end {
            return into.push(self);
        }
        let border = |long: i64| self.span.bucket(span.start(long));
        let (head, tail) = ((self.first, border(first)), (border(end), self.end));
        Self { span, first, end }.divide(into);
        for (first, end) in [head, tail] {
            if first < end {
                into.push(Self { first, end, ..self });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use worv_core::calendar;

    #[test]
    fn long_ranges_are_summed_from_long_spans() {
        let divide = |from: &str, to: &str| {
            let bucket = |text: &str| Span::Hour.bucket(calendar::parse(text).unwrap());
            let whole = Stretch {
                span: Span::Hour,
                first: bucket(from),
                end: bucket(to),
            };
            let mut stretches = Vec::new();
            whole.divide(&mut stretches);
            let hours: i64 = stretches
                .iter()
                .map(|stretch| {
                    let (from, to) = (stretch.span.start(stretch.first), stretch.span.start(stretch.end));
                    (to.0 - from.0) / calendar::HOUR
                })
                .sum();
            assert_eq!(hours, whole.end - whole.first, "{from} to {to}");
            stretches
                .iter()
                .map(|stretch| (stretch.span, stretch.end - stretch.first))
                .collect::<Vec<_>>()
        };
        assert_eq!(divide("2026-02-01", "2026-03-01"), [(Span::Month, 1)]);
        assert_eq!(divide("2026-02-02", "2026-03-01"), [(Span::Day, 27)]);
        assert_eq!(divide("2026-02-01T22:00", "2026-02-02T01:00"), [(Span::Hour, 3)]);
        let all = [
            (Span::Month, 23),
            (Span::Day, 3),
            (Span::Day, 1),
            (Span::Hour, 1),
            (Span::Hour, 2),
        ];
        assert_eq!(divide("2024-01-28T23:00", "2026-01-02T02:00"), all);
        assert!(divide("2026-02-01", "2026-02-01").is_empty());
    }
}
