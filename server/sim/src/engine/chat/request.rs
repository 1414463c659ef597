//! What a chat request asks for.

use axum::http::HeaderMap;
use serde_json::{Map, Value};

use super::super::{
    errors::ApiError,
    fields::{self, Fields},
    prompt::{Prompt, Tool, ToolChoice, Turn},
    quirks::Quirks,
    script::Task,
    service::{AskedOutput, Engine},
};

/// A chat request, read and checked.
pub(super) struct ChatRequest {
    pub task: Task,
    pub stream: bool,
    pub usage: StreamedUsage,
    /// Thoughts are part of the answer.
    pub include_reasoning: bool,
    /// One tool is named: such a call ends with `stop`.
    pub named_tool: bool,
}

/// Where a stream tells its usage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum StreamedUsage {
    /// Nowhere.
    None,
    /// In an event of its own at the end.
    AtEnd,
    /// There, and so far on every event.
    Continuous,
}

impl StreamedUsage {
    /// What `stream_options` asks for; it may be there only with `stream`.
    pub(in super::super) fn read(options: Option<&Map<String, Value>>, stream: bool) -> Result<Self, ApiError> {
        if options.is_some() && !stream {
            return Err(ApiError::bad_request(
                "Stream options can only be defined when `stream=True`. (parameter=stream_options)",
                Some("stream_options"),
            ));
        }
        let flag = |name| options.and_then(|options| options.get(name)).and_then(Value::as_bool) == Some(true);
        Ok(match (flag("include_usage"), flag("continuous_usage_stats")) {
            (false, _) => Self::None,
            (true, false) => Self::AtEnd,
            (true, true) => Self::Continuous,
        })
    }
}

impl ChatRequest {
    /// Reads a body, or says what is wrong with it.
    pub(super) fn read(engine: &Engine, headers: &HeaderMap, body: &[u8]) -> Result<Self, ApiError> {
        let body = fields::parse(headers, body)?;
        let quirks = engine.quirks();
        let mut fields = Fields::new(&body)?;
        let messages = fields.required_list("messages");
        let model = fields.text("model");
        let max_tokens = fields.integer("max_tokens");
        let max_completion_tokens = fields.integer("max_completion_tokens");
        let choices = fields.integer("n").unwrap_or(1);
        fields.one_of(
            &["reasoning_effort"],
            fields.get("reasoning_effort"),
            quirks.chat_efforts,
        );
        let effort = fields.get("reasoning_effort").and_then(Value::as_str);
        let stream = fields.boolean("stream").unwrap_or(false);
        let options = fields.object("stream_options");
        let temperature = fields.number("temperature");
        let tools = fields.list("tools");
        let include_reasoning = fields.boolean("include_reasoning").unwrap_or(true);
        let template = fields.object("chat_template_kwargs");
        let ignore_end = fields.boolean("ignore_eos").unwrap_or(false);
        let stop = stop_texts(fields.get("stop"));
        let prompt = conversation(messages, tools, fields.get("tool_choice"));
        fields.finish()?;
        let usage = StreamedUsage::read(options, stream)?;
        engine.check_model(model)?;
        if prompt.turns.is_empty() {
            let message = "Cannot apply chat template to an empty conversation. Provide at least one message.";
            return Err(ApiError::bad_request(message, None));
        }
        let thinking = thinks(template, effort, quirks);
        let asked = match (max_completion_tokens, max_tokens) {
            (Some(tokens), _) => Some(AskedOutput {
                field: "max_completion_tokens",
                tokens,
            }),
            (None, Some(tokens)) => Some(AskedOutput {
                field: "max_tokens",
                tokens,
            }),
            (None, None) => None,
        };
        let prompt_tokens = prompt.tokens(thinking);
        let max_tokens = engine.fit(prompt.characters(), prompt_tokens, asked)?;
        let choices = check_sampling(choices, temperature)?;
        let named_tool = matches!(prompt.tool_choice, ToolChoice::Named(_));
        Ok(Self {
            task: Task {
                prompt,
                prompt_tokens,
                thinking,
                max_tokens,
                stop,
                ignore_end,
                choices,
            },
            stream,
            usage,
            include_reasoning: include_reasoning && effort != Some("none"),
            named_tool,
        })
    }
}

/// A conversation with its tools.
pub(in super::super) fn conversation(messages: &[Value], tools: &[Value], choice: Option<&Value>) -> Prompt {
    Prompt {
        turns: messages.iter().map(turn).collect(),
        tools: tools.iter().filter_map(tool).collect(),
        tool_choice: ToolChoice::read_openai(choice, "/function/name"),
    }
}

/// Whether the model thinks: what the template is told, then the effort, then the version's default.
pub(in super::super) fn thinks(template: Option<&Map<String, Value>>, effort: Option<&str>, quirks: Quirks) -> bool {
    let told = |name| {
        template
            .and_then(|template| template.get(name))
            .and_then(Value::as_bool)
    };
    let effort = effort
        .filter(|_| quirks.effort_switches_thinking)
        .map(|effort| effort != "none");
    match (told("thinking"), told("enable_thinking").or(effort)) {
        (Some(true), _) | (_, Some(true)) => true,
        (None, None) => quirks.thinks_by_default,
        _ => false,
    }
}

/// The stop texts: one, or a list.
pub(in super::super) fn stop_texts(value: Option<&Value>) -> Vec<String> {
    let listed = |value: &Value| match value {
        Value::Array(items) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Value::String(text) => vec![text.clone()],
        _ => Vec::new(),
    };
    let mut texts: Vec<_> = value.map(listed).unwrap_or_default();
    texts.retain(|text| !text.is_empty());
    texts
}

/// The text of a message's content: a text, or parts of which some have text.
pub(in super::super) fn content_text(content: Option<&Value>) -> String {
    match content {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => parts
            .iter()
            .filter_map(|part| part.get("text").and_then(Value::as_str))
            .collect::<Vec<_>>()
            .join("\n"),
        _ => String::new(),
    }
}

/// The number of choices, once the sampling parameters that have a range are found to be in it.
pub(in super::super) fn check_sampling(choices: i64, temperature: Option<f64>) -> Result<u32, ApiError> {
    let Some(count) = u32::try_from(choices).ok().filter(|&count| count > 0) else {
        return Err(ApiError::bad_request(
            format!("n must be at least 1, got {choices}."),
            None,
        ));
    };
    if let Some(temperature) = temperature.filter(|&temperature| temperature < 0.0) {
        let message = format!(
            "temperature must be non-negative, got {temperature:?}. (parameter=temperature, value={temperature:?})"
        );
        return Err(ApiError::bad_request(message, Some("temperature")));
    }
    Ok(count)
}

fn turn(message: &Value) -> Turn {
    let text = |name| message.get(name).and_then(Value::as_str);
    let role = text("role").unwrap_or("user").to_owned();
    let mut all = content_text(message.get("content"));
    all += text("reasoning")
        .or_else(|| text("reasoning_content"))
        .unwrap_or_default();
    let calls = message
        .get("tool_calls")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    for function in calls.filter_map(|call| call.get("function")) {
        all += &function.to_string();
    }
    Turn {
        role: Some(role),
        text: all,
    }
}

fn tool(definition: &Value) -> Option<Tool> {
    let function = definition.get("function")?;
    let name = function.get("name")?.as_str()?;
    Some(Tool::new(name, definition, function.get("parameters")))
}
