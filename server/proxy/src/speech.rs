//! Speech to text (`/v1/audio/…`): a form with a recording in it, as the engine gets it.

use std::collections::HashSet;

use bytes::Bytes;
use http::HeaderValue;
use worv_core::{Entropy, key::KeySettings};

use crate::{
    envelope::StreamOptions,
    error::ApiError,
    fields::Fields,
    form::{self, FormWriter, Part},
    live::Live,
    rewrite::check_allowed,
    shield,
};

/// The fields of a form that reach the engine. Whatever else a form has is left out.
pub const FORM_FIELDS: [&str; 20] = [
    FILE,
    "frequency_penalty",
    "hotwords",
    "language",
    MAX_COMPLETION_TOKENS,
    "min_p",
    MODEL,
    "presence_penalty",
    "prompt",
    "repetition_penalty",
    "response_format",
    "seed",
    STREAM,
    CONTINUOUS_USAGE_STATS,
    INCLUDE_USAGE,
    "temperature",
    TIMESTAMP_GRANULARITIES,
    "to_language",
    "top_k",
    "top_p",
];

const FILE: &str = "file";
const MODEL: &str = "model";
const STREAM: &str = "stream";
const INCLUDE_USAGE: &str = "stream_include_usage";
const CONTINUOUS_USAGE_STATS: &str = "stream_continuous_usage_stats";
const MAX_COMPLETION_TOKENS: &str = "max_completion_tokens";
/// The one field that may be given more than once: it is a list.
const TIMESTAMP_GRANULARITIES: &str = "timestamp_granularities[]";

/// Bytes around the fields of a form, at most about this many.
const FRAMING_BYTES: usize = 4 << 10;

/// A request for a transcription or a translation, opened.
#[derive(Debug)]
pub(crate) struct SpeechRequest<'a> {
    /// The model as the caller wrote it.
    pub(crate) model: &'a str,
    /// Whether the answer is to be a stream.
    pub(crate) stream: bool,
    /// What the caller asked to see of the usage.
    pub(crate) stream_options: StreamOptions,
    /// Tokens that the caller allows the answer.
    max_tokens: Option<u64>,
    recording: Part<'a>,
    /// The fields that pass as they are.
    others: Vec<(&'static str, &'a str)>,
}

impl<'a> SpeechRequest<'a> {
    /// Opens a form.
    pub(crate) fn parse(headers: &Fields, body: &'a [u8]) -> Result<Self, ApiError> {
        let (mut recording, mut others) = (None, Vec::new());
        let (mut model, mut stream, mut max_tokens) = (None, false, None);
        let mut stream_options = StreamOptions::default();
        let mut given = HashSet::new();
        for part in form::parse(headers, body)? {
            let Some(name) = FORM_FIELDS.into_iter().find(|name| *name == part.name) else {
                let value = String::from_utf8_lossy(part.content).to_ascii_lowercase();
                shield::check(&part.name, &value)?;
                continue;
            };
            // A second one would let a caller show us one value and the engine another.
            if !given.insert(name) && name != TIMESTAMP_GRANULARITIES {
                return Err(ApiError::invalid_field(
                    name,
                    format!("`{name}` is given more than once."),
                ));
            }
            if name == FILE {
                recording = Some(part);
                continue;
            }
            let value = simdutf8::basic::from_utf8(part.content)
                .map_err(|_| ApiError::invalid_field(name, format!("`{name}` is not valid UTF-8.")))?;
            match name {
                MODEL => model = Some(value).filter(|model| !model.is_empty()),
                STREAM => stream = truth(name, value)?,
                INCLUDE_USAGE => stream_options.include_usage = truth(name, value)?,
                CONTINUOUS_USAGE_STATS => stream_options.continuous_usage_stats = truth(name, value)?,
                MAX_COMPLETION_TOKENS => max_tokens = length(value)?,
                _ => others.push((name, value)),
            }
        }
        Ok(Self {
            model: model.ok_or_else(|| ApiError::invalid_field(MODEL, "`model` must be given."))?,
            stream,
            stream_options,
            max_tokens,
            recording: recording.ok_or_else(|| ApiError::invalid_field(FILE, "`file` must be given."))?,
            others,
        })
    }

    /// The form as the engine gets it from one of a key's requests, with its `Content-Type`.
    pub(crate) fn rewrite(
        &self,
        entropy: &Entropy,
        live: &Live,
        key: &KeySettings,
    ) -> Result<(Bytes, HeaderValue), ApiError> {
        check_allowed(live, key)?;
        if let Some(name) = live.name() {
            live.names.resolve(self.model, Some(name))?;
        }
        let texts: usize = self.others.iter().map(|(_, value)| value.len()).sum();
        let mut form = FormWriter::new(entropy, self.recording.content.len() + texts + FRAMING_BYTES);
        form.field(MODEL, live.name().unwrap_or(self.model));
        for &(name, value) in &self.others {
            form.field(name, value);
        }
        let most = live.limits.of_key(key).max_output;
        let granted = self.max_tokens.map_or(most, |asked| asked.min(most));
        form.field(MAX_COMPLETION_TOKENS, &granted.to_string());
        // A stream that is cut short would otherwise end without a count.
        let options = if self.stream {
            form.field(STREAM, "true");
            StreamOptions::ALL
        } else {
            self.stream_options
        };
        let asked = [
            (INCLUDE_USAGE, options.include_usage),
            (CONTINUOUS_USAGE_STATS, options.continuous_usage_stats),
        ];
        for (name, _) in asked.into_iter().filter(|(_, asked)| *asked) {
            form.field(name, "true");
        }
        form.file(FILE, &self.recording);
        Ok(form.finish())
    }
}

/// Whether a field says yes, in the words that the engine knows for it.
fn truth(name: &'static str, value: &str) -> Result<bool, ApiError> {
    match &*value.to_ascii_lowercase() {
        "true" | "1" | "on" | "yes" => Ok(true),
        "false" | "0" | "off" | "no" | "" => Ok(false),
        _ => Err(ApiError::invalid_field(
            name,
            format!("`{name}` must be true or false."),
        )),
    }
}

fn length(value: &str) -> Result<Option<u64>, ApiError> {
    match value.parse() {
        _ if value.is_empty() => Ok(None),
        Ok(tokens @ 1..) => Ok(Some(tokens)),
        _ => Err(ApiError::invalid_field(
            MAX_COMPLETION_TOKENS,
            format!("`{MAX_COMPLETION_TOKENS}` must be a whole number above 0."),
        )),
    }
}
