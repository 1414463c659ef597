//! What a request for a transcription or a translation asks for.

use axum::extract::Multipart;
use serde_json::{Map, Value};

use super::super::{
    chat::request::StreamedUsage,
    errors::ApiError,
    fields::Fields,
    prompt::Prompt,
    script::Task,
    service::{AskedOutput, Engine},
};

/// Bytes of one second of a recording.
const BYTES_PER_SECOND: u64 = 32_000;

/// Tokens of one second of a recording, as Whisper counts.
const TOKENS_PER_SECOND: u64 = 50;

/// A request, read and checked.
pub(super) struct SpeechRequest {
    pub task: Task,
    pub stream: bool,
    pub usage: StreamedUsage,
    /// How long the recording is, rounded up.
    pub seconds: u64,
}

impl SpeechRequest {
    /// Reads a form, or says what is wrong with it.
    pub(super) async fn read(engine: &Engine, form: Option<Multipart>) -> Result<Self, ApiError> {
        let (values, bytes) = read_form(form).await?;
        let values = Value::Object(values);
        let mut fields = Fields::new(&values)?;
        fields.required("file");
        let model = fields.text("model");
        let prompt = fields.text("prompt").unwrap_or_default();
        let tokens = fields.integer("max_completion_tokens");
        let format = fields.text("response_format").unwrap_or("json");
        fields.number("temperature");
        let stream = is_set(fields.text("stream"));
        let (at_end, continuous) = (
            is_set(fields.text("stream_include_usage")),
            is_set(fields.text("stream_continuous_usage_stats")),
        );
        fields.finish()?;
        if (at_end || continuous) && !stream {
            let message = "Stream options can only be defined when `stream=True`. (parameter=stream_include_usage)";
            return Err(ApiError::bad_request(message, Some("stream_include_usage")));
        }
        engine.check_model(model)?;
        if !matches!(format, "json" | "text") {
            let message = format!("Currently do not support {format} for {}", engine.model());
            return Err(ApiError::bad_request(message, None));
        }
        let seconds = bytes.div_ceil(BYTES_PER_SECOND);
        let prompt = Prompt::from_text(prompt);
        let prompt_tokens = prompt.tokens(true) + seconds * TOKENS_PER_SECOND;
        let asked = tokens.map(|tokens| AskedOutput {
            field: "max_completion_tokens",
            tokens,
        });
        Ok(Self {
            task: Task {
                max_tokens: engine.fit(prompt.characters(), prompt_tokens, asked)?,
                prompt,
                prompt_tokens,
                thinking: false,
                stop: Vec::new(),
                ignore_end: false,
                choices: 1,
            },
            stream,
            usage: match (at_end, continuous) {
                (false, _) => StreamedUsage::None,
                (true, false) => StreamedUsage::AtEnd,
                (true, true) => StreamedUsage::Continuous,
            },
            seconds,
        })
    }
}

/// The fields of a form as texts, the file by its name, and the file's length. Without a form there are none.
async fn read_form(form: Option<Multipart>) -> Result<(Map<String, Value>, u64), ApiError> {
    let (mut values, mut bytes) = (Map::new(), 0);
    let Some(mut form) = form else { return Ok((values, 0)) };
    let unreadable = |_| ApiError::bad_request("There was an error parsing the body", None);
    while let Some(field) = form.next_field().await.map_err(unreadable)? {
        let name = field.name().unwrap_or_default().to_owned();
        let value = if let Some(filename) = field.file_name() {
            let filename = filename.to_owned();
            bytes = field.bytes().await.map_err(unreadable)?.len() as u64;
            filename
        } else {
            field.text().await.map_err(unreadable)?
        };
        values.insert(name, Value::String(value));
    }
    Ok((values, bytes))
}

/// Whether a field says yes, in one of the words that pydantic knows.
fn is_set(value: Option<&str>) -> bool {
    value.is_some_and(|value| matches!(&*value.to_ascii_lowercase(), "true" | "1" | "on" | "yes" | "t" | "y"))
}
