//! What a key may do, as it is checked and stored.

use sqlx::{Row, any::AnyRow};
use worv_core::key::KeySettings;

use crate::{StoreError, row, text};

/// Refuses settings that are out of their ranges.
pub(super) fn check(settings: &KeySettings) -> Result<(), StoreError> {
    let must = |holds: bool, field, rule| {
        if holds {
            Ok(())
        } else {
            Err(StoreError::Invalid { field, rule })
        }
    };
    must(settings.tags.len() <= 20, "tags", "must be at most 20")?;
    for tag in &settings.tags {
        text::check("tag", tag, 1..=50, "must have 1 to 50 characters and no line breaks")?;
    }
    let models = settings.models.as_deref();
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
        ("requests per minute", settings.requests_per_minute),
        ("tokens per minute", settings.tokens_per_minute),
        ("concurrency", settings.concurrency),
        ("budget per day", settings.budget_day),
        ("budget per month", settings.budget_month),
        ("output tokens", settings.max_output_tokens),
    ] {
        must(
            limit != Some(0),
            field,
            "must be more than 0; suspend the key to stop it",
        )?;
    }
    must((1..=1000).contains(&settings.weight), "weight", "must be 1 to 1000")
}

/// Binds the settings in the order of their columns in the statements of [`super`].
pub(super) fn bind(settings: &KeySettings, query: super::BoundQuery) -> super::BoundQuery {
    let limit = |limit: Option<u64>| limit.map(row::stored);
    query
        .bind(json(&settings.tags))
        .bind(settings.models.as_deref().map(json))
        .bind(limit(settings.requests_per_minute))
        .bind(limit(settings.tokens_per_minute))
        .bind(limit(settings.concurrency))
        .bind(limit(settings.budget_day))
        .bind(limit(settings.budget_month))
        .bind(limit(settings.max_output_tokens))
        .bind(i32::from(settings.weight))
        .bind(i16::from(settings.strip_han))
        .bind(i16::from(settings.echo_model))
}

/// Reads the settings from the columns that [`bind`] fills.
pub(super) fn from_row(row: &AnyRow) -> sqlx::Result<KeySettings> {
    let limit = |column| -> sqlx::Result<Option<u64>> {
        let limit: Option<i64> = row.try_get(column)?;
        Ok(limit.map(i64::unsigned_abs))
    };
    Ok(KeySettings {
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

fn json(texts: &[String]) -> String {
    serde_json::Value::from(texts).to_string()
}

fn list(json: &str) -> sqlx::Result<Vec<String>> {
    serde_json::from_str(json).map_err(|error| sqlx::Error::Decode(error.into()))
}
