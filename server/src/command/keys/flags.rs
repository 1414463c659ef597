//! What the command line can say of a key.

use std::time::Duration;

use clap::{Args, ValueEnum};
use worv_core::UnixMillis;
use worv_store::KeyEdit;

/// What a key may have besides its name. What is not given is left as it is.
#[derive(Debug, Default, Args)]
pub struct Fields {
    /// Whom it belongs to.
    #[arg(long)]
    owner: Option<String>,
    /// Anything worth remembering.
    #[arg(long)]
    note: Option<String>,
    /// A word for lists and filters; may be given more than once.
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// How long it works from now on, such as 12h, 30d or 52w; without this, until it is revoked.
    #[arg(long, value_name = "TIME", value_parser = time)]
    expires_in: Option<Duration>,
    /// A model that it may use; may be given more than once. Without this, all.
    #[arg(long = "model", value_name = "NAME")]
    models: Vec<String>,
    /// Requests that are admitted in a minute.
    #[arg(long, value_name = "N")]
    rpm: Option<u64>,
    /// Tokens, of prompts and answers, in a minute.
    #[arg(long, value_name = "N")]
    tpm: Option<u64>,
    /// Requests under way at the same time.
    #[arg(long, value_name = "N")]
    concurrency: Option<u64>,
    /// Tokens in a UTC day.
    #[arg(long, value_name = "N")]
    budget_day: Option<u64>,
    /// Tokens in a UTC month.
    #[arg(long, value_name = "N")]
    budget_month: Option<u64>,
    /// Tokens that one answer may have.
    #[arg(long, value_name = "N")]
    max_output_tokens: Option<u64>,
    /// Share of the engine when requests have to wait: 1 to 1000, usually 100.
    #[arg(long, value_name = "N")]
    weight: Option<u16>,
    /// Take Han script out of answers.
    #[arg(long, value_name = "WHETHER", num_args = 0..=1, default_missing_value = "true")]
    strip_han: Option<bool>,
    /// Let answers name the model as the caller wrote it.
    #[arg(long, value_name = "WHETHER", num_args = 0..=1, default_missing_value = "true")]
    echo_model: Option<bool>,
}

/// What is changed of a key.
#[derive(Debug, Args)]
pub struct Change {
    /// What the key is for.
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    fields: Fields,
    /// Something to take away; may be given more than once.
    #[arg(long = "clear", value_name = "WHAT", value_enum)]
    cleared: Vec<Clearable>,
}

/// What can be taken away from a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Clearable {
    Owner,
    Note,
    Tags,
    Expiry,
    Models,
    Rpm,
    Tpm,
    Concurrency,
    BudgetDay,
    BudgetMonth,
    MaxOutputTokens,
}

impl Fields {
    /// The key with what was given.
    pub fn apply(self, mut key: KeyEdit, now: UnixMillis) -> KeyEdit {
        let settings = &mut key.settings;
        for (limit, given) in [
            (&mut settings.requests_per_minute, self.rpm),
            (&mut settings.tokens_per_minute, self.tpm),
            (&mut settings.concurrency, self.concurrency),
            (&mut settings.budget_day, self.budget_day),
            (&mut settings.budget_month, self.budget_month),
            (&mut settings.max_output_tokens, self.max_output_tokens),
        ] {
            *limit = given.or(*limit);
        }
        if !self.tags.is_empty() {
            settings.tags = self.tags;
        }
        if !self.models.is_empty() {
            settings.models = Some(self.models);
        }
        settings.weight = self.weight.unwrap_or(settings.weight);
        settings.strip_han = self.strip_han.unwrap_or(settings.strip_han);
        settings.echo_model = self.echo_model.unwrap_or(settings.echo_model);
        key.owner = self.owner.unwrap_or(key.owner);
        key.note = self.note.unwrap_or(key.note);
        key.expires_at = self.expires_in.map(|time| now.plus(time)).or(key.expires_at);
        key
    }
}

impl Change {
    /// The key with what is changed.
    pub fn apply(self, key: KeyEdit, now: UnixMillis) -> KeyEdit {
        let mut key = self.fields.apply(key, now);
        key.name = self.name.unwrap_or(key.name);
        for cleared in self.cleared {
            match cleared {
                Clearable::Owner => key.owner.clear(),
                Clearable::Note => key.note.clear(),
                Clearable::Tags => key.settings.tags.clear(),
                Clearable::Expiry => key.expires_at = None,
                Clearable::Models => key.settings.models = None,
                Clearable::Rpm => key.settings.requests_per_minute = None,
                Clearable::Tpm => key.settings.tokens_per_minute = None,
                Clearable::Concurrency => key.settings.concurrency = None,
                Clearable::BudgetDay => key.settings.budget_day = None,
                Clearable::BudgetMonth => key.settings.budget_month = None,
                Clearable::MaxOutputTokens => key.settings.max_output_tokens = None,
            }
        }
        key
    }
}

/// A time such as `90m`, `12h`, `30d` or `52w`.
pub fn time(text: &str) -> Result<Duration, String> {
    let objection = || format!("{text:?} is no time: give a number and one of m, h, d, w, such as 30d");
    let split = text
        .len()
        .checked_sub(1)
        .filter(|&split| text.is_char_boundary(split))
        .ok_or_else(objection)?;
    let (count, unit) = text.split_at(split);
    let minutes: u64 = match unit {
        "m" => 1,
        "h" => 60,
        "d" => 24 * 60,
        "w" => 7 * 24 * 60,
        _ => return Err(objection()),
    };
    let count: u32 = count.parse().map_err(|_| objection())?;
    if count == 0 {
        return Err(objection());
    }
    Ok(Duration::from_secs(u64::from(count) * minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_a_number_and_a_unit() {
        assert_eq!(time("90m"), Ok(Duration::from_mins(90)));
        assert_eq!(time("30d"), Ok(Duration::from_hours(30 * 24)));
        assert_eq!(time("2w"), Ok(Duration::from_hours(14 * 24)));
        for wrong in ["", "d", "30", "0d", "-1d", "1y", "30é", "1.5h"] {
            assert!(time(wrong).is_err(), "{wrong:?}");
        }
    }
}
