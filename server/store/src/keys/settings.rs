//! What a key may do.

use serde::{Deserialize, Serialize};
use sqlx::{Row, any::AnyRow};

use crate::{StoreError, row, text};

/// What a key may do. The default sets no limit of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeySettings {
    /// For lists and filters: at most 20 of at most 50 characters.
    pub tags: Vec<String>,
    /// The profiles that the key may use; none for all. At most 100 of at most 200 characters, and never an empty list.
    pub models: Option<Vec<String>>,
    /// Requests that are admitted in a minute.
    pub requests_per_minute: Option<u64>,
    /// Tokens, of prompts and answers, in a minute.
    pub tokens_per_minute: Option<u64>,
    /// Requests under way at the same time.
    pub concurrency: Option<u64>,
    /// Tokens, of prompts and answers, in a UTC day.
    pub budget_day: Option<u64>,
    /// Tokens, of prompts and answers, in a UTC month.
    pub budget_month: Option<u64>,
    /// Tokens that one answer may have.
    pub max_output_tokens: Option<u64>,
    /// Share of the engine when requests have to wait, against other keys' weights: 1 to 1000, usually 100.
    pub weight: u16,
    /// Whether Han script is taken out of answers.
    pub strip_han: bool,
    /// Whether answers name the model as the caller wrote it.
    pub echo_model: bool,
}

impl Default for KeySettings {
    fn default() -> Self {
        Self {
            tags: Vec::new(),
            models: None,
            requests_per_minute: None,
            tokens_per_minute: None,
            concurrency: None,
            budget_day: None,
            budget_month: None,
            max_output_tokens: None,
            weight: 100,
            strip_han: false,
            echo_model: false,
        }
    }
}

impl KeySettings {
    pub(super) fn check(&self) -> Result<(), StoreError> {
        let must = |holds: bool, field, rule| {
            if holds {
                Ok(())
            } else {
                Err(StoreError::Invalid { field, rule })
            }
        };
        must(self.tags.len() <= 20, "tags", "must be at most 20")?;
        for tag in &self.tags {
            text::check("tag", tag, 1..=50, "must have 1 to 50 characters and no line breaks")?;
        }
        let models = self.models.as_deref();
        let counted = models.is_none_or(|models| (1..=100).contains(&models.len()));
        must(counted, "models", "must be 1 to 100 where they are listed")?;
        for model in models.unwrap_or_default() {
            text::check(
                "model",
                model,
                1..=200,
                "must have 1 to 200 characters and no line breaks",
            )?;
        }
        for (field, limit) in [
            ("requests per minute", self.requests_per_minute),
            ("tokens per minute", self.tokens_per_minute),
            ("concurrency", self.concurrency),
            ("budget per day", self.budget_day),
            ("budget per month", self.budget_month),
            ("output tokens", self.max_output_tokens),
        ] {
            must(
                limit != Some(0),
                field,
                "must be more than 0; suspend the key to stop it",
            )?;
        }
        must((1..=1000).contains(&self.weight), "weight", "must be 1 to 1000")
    }

    /// Binds the settings in the order of their columns in the statements of [`super`].
    pub(super) fn bind(&self, query: super::BoundQuery) -> super::BoundQuery {
        let limit = |limit: Option<u64>| limit.map(row::stored);
        query
            .bind(json(&self.tags))
            .bind(self.models.as_deref().map(json))
            .bind(limit(self.requests_per_minute))
            .bind(limit(self.tokens_per_minute))
            .bind(limit(self.concurrency))
            .bind(limit(self.budget_day))
            .bind(limit(self.budget_month))
            .bind(limit(self.max_output_tokens))
            .bind(i32::from(self.weight))
            .bind(i16::from(self.strip_han))
            .bind(i16::from(self.echo_model))
    }

    pub(super) fn from_row(row: &AnyRow) -> sqlx::Result<Self> {
        let limit = |column| -> sqlx::Result<Option<u64>> {
            let limit: Option<i64> = row.try_get(column)?;
            Ok(limit.map(i64::unsigned_abs))
        };
        Ok(Self {
            tags: list(row.try_get("tags")?)?,
            models: row.try_get::<Option<&str>, _>("models")?.map(list).transpose()?,
            requests_per_minute: limit("requests_per_minute")?,
            tokens_per_minute: limit("tokens_per_minute")?,
            concurrency: limit("concurrency")?,
            budget_day: limit("budget_day")?,
            budget_month: limit("budget_month")?,
            max_output_tokens: limit("max_output_tokens")?,
            weight: row::count(row, "weight")?,
            strip_han: row.try_get::<i16, _>("strip_han")? != 0,
            echo_model: row.try_get::<i16, _>("echo_model")? != 0,
        })
    }
}

fn json(texts: &[String]) -> String {
    serde_json::Value::from(texts).to_string()
}

fn list(json: &str) -> sqlx::Result<Vec<String>> {
    serde_json::from_str(json).map_err(|error| sqlx::Error::Decode(error.into()))
}
