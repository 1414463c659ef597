//! What a Messages request asks for.

use axum::http::HeaderMap;
use serde_json::{Value, json};

use super::super::{
    chat::request::{check_sampling, content_text, stop_texts, thinks},
    errors::ApiError,
    fields::{self, Fields},
    prompt::{Prompt, Tool, ToolChoice, Turn},
    quirks::Quirks,
    script::Task,
    service::{AskedOutput, Engine},
};

/// The least that `thinking.budget_tokens` may be.
const LEAST_BUDGET: i64 = 1024;

/// A Messages request, read and checked.
pub(super) struct MessagesRequest {
    pub task: Task,
    pub stream: bool,
}

/// What a body is read for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// An answer: it says how long that may be.
    Answer,
    /// Its length only.
    Count,
}

impl MessagesRequest {
    /// Reads a body, or says what is wrong with it.
    pub(super) fn read(engine: &Engine, headers: &HeaderMap, body: &[u8], purpose: Purpose) -> Result<Self, ApiError> {
        let body = fields::parse(headers, body)?;
        let quirks = engine.quirks();
        let mut fields = Fields::new(&body)?;
        fields.required("model");
        let model = fields.text("model");
        let messages = fields.required_list("messages");
        check_messages(&mut fields, messages, quirks);
        let asked = (purpose == Purpose::Answer).then(|| output(&mut fields)).flatten();
        let effort = effort(&mut fields, quirks);
        let thinking = fields.get("thinking").filter(|_| quirks.messages_thinking);
        if let Some(thinking) = thinking {
            check_thinking(&mut fields, thinking, asked, &body);
        }
        let stream = fields.boolean("stream").unwrap_or(false);
        let temperature = fields.number("temperature");
        let tools = fields.list("tools");
        check_tools(&mut fields, tools);
        let template = if quirks.messages_template_kwargs {
            fields.object("chat_template_kwargs")
        } else {
            None
        };
        let prompt = Prompt {
            turns: system(fields.get("system"))
                .into_iter()
                .chain(messages.iter().map(turn))
                .collect(),
            tools: tools.iter().filter_map(tool).collect(),
            tool_choice: tool_choice(fields.get("tool_choice")),
        };
        let stop = stop_texts(fields.get("stop_sequences"));
        fields.finish()?;
        engine.check_model(model)?;
        let disabled = thinking
            .and_then(|thinking| thinking.get("type"))
            .is_some_and(|kind| kind == "disabled");
        let effort = if disabled { Some("none") } else { effort };
        let thinking = thinks(template, effort, quirks);
        let prompt_tokens = prompt.tokens(thinking);
        // The converter sets both fields of a chat request, and the newer one is checked first.
        let asked = asked.map(|tokens| AskedOutput {
            field: "max_completion_tokens",
            tokens,
        });
        let fitted = engine.fit(prompt.characters(), prompt_tokens, asked);
        let masked = |error: ApiError| {
            if quirks.overflow_is_500_on_messages {
                error.masked()
            } else {
                error
            }
        };
        let max_tokens = fitted.map_err(masked)?;
        check_sampling(1, temperature)?;
        Ok(Self {
            task: Task {
                prompt,
                prompt_tokens,
                thinking,
                max_tokens,
                stop,
                ignore_end: false,
                choices: 1,
            },
            stream,
        })
    }
}

fn output(fields: &mut Fields<'_>) -> Option<i64> {
    fields.required("max_tokens")?;
    let tokens = fields.integer("max_tokens")?;
    if tokens <= 0 {
        value_error(fields, &["max_tokens"], "max_tokens must be positive", &tokens.into());
    }
    Some(tokens)
}

fn effort<'a>(fields: &mut Fields<'a>, quirks: Quirks) -> Option<&'a str> {
    if !quirks.messages_effort {
        return None;
    }
    let effort = fields.object("output_config")?.get("effort");
    fields.one_of(
        &["output_config", "effort"],
        effort,
        &["low", "medium", "high", "xhigh", "max"],
    );
    effort?.as_str()
}

fn check_messages(fields: &mut Fields<'_>, messages: &[Value], quirks: Quirks) {
    let roles: &[&str] = if quirks.messages_system_turns {
        &["user", "assistant", "system"]
    } else {
        &["user", "assistant"]
    };
    for (index, message) in messages.iter().enumerate() {
        let index = index.to_string();
        fields.one_of(&["messages", &index, "role"], message.get("role"), roles);
        let Some(content) = message.get("content") else {
            fields.missing(vec!["messages", &index, "content"], message);
            continue;
        };
        let blocks = content.as_array().into_iter().flatten();
        let known = |block: &Value| {
            let kind = block.get("type").and_then(Value::as_str);
            kind.is_some_and(|kind| quirks.messages_blocks.contains(&kind))
        };
        let unknown: Vec<_> = blocks.enumerate().filter(|(_, block)| !known(block)).collect();
        if unknown.is_empty() {
            continue;
        }
        // It is neither of the two things it could be.
        fields.problem(
            "string_type",
            &["messages", &index, "content"],
            "Input should be a valid string",
            content,
        );
        for (place, block) in unknown {
            let place = ["messages", &index, "content", &place.to_string(), "type"];
            fields.one_of(&place, block.get("type"), quirks.messages_blocks);
        }
    }
}

fn check_thinking(fields: &mut Fields<'_>, thinking: &Value, max_tokens: Option<i64>, body: &Value) {
    let kind = thinking.get("type").and_then(Value::as_str).unwrap_or_default();
    match kind {
        "enabled" => {
            let place = ["thinking", "enabled", "budget_tokens"];
            let Some(budget) = thinking.get("budget_tokens") else {
                return fields.missing(place.to_vec(), thinking);
            };
            let tokens = budget.as_i64().unwrap_or_default();
            if tokens < LEAST_BUDGET {
                let message = format!("Input should be greater than or equal to {LEAST_BUDGET}");
                let context = format!("{{'ge': {LEAST_BUDGET}}}");
                fields.problem_with("greater_than_equal", &place, &message, budget, context);
            } else if max_tokens.is_some_and(|max_tokens| tokens >= max_tokens) {
                value_error(fields, &[], "thinking.budget_tokens must be less than max_tokens", body);
            }
        }
        "disabled" | "adaptive" => {}
        other => {
            let expected = "'enabled', 'disabled', 'adaptive'";
            let message =
                format!("Input tag '{other}' found using 'type' does not match any of the expected tags: {expected}");
            let context = format!("{{'discriminator': \"'type'\", 'tag': '{other}', 'expected_tags': \"{expected}\"}}");
            fields.problem_with("union_tag_invalid", &["thinking"], &message, thinking, context);
        }
    }
}

fn check_tools(fields: &mut Fields<'_>, tools: &[Value]) {
    for (index, tool) in tools.iter().enumerate() {
        if tool.get("input_schema").is_none() {
            fields.missing(vec!["tools", &index.to_string(), "input_schema"], tool);
        }
    }
}

fn value_error(fields: &mut Fields<'_>, place: &[&str], message: &str, input: &Value) {
    let context = format!("{{'error': ValueError('{message}')}}");
    fields.problem_with("value_error", place, &format!("Value error, {message}"), input, context);
}

/// The system prompt as the first turn, without Claude Code's billing line, as vLLM reads it.
fn system(system: Option<&Value>) -> Option<Turn> {
    let text = match system? {
        Value::Array(blocks) => {
            let texts = blocks
                .iter()
                .filter_map(|block| block.get("text").and_then(Value::as_str));
            let kept = texts.filter(|text| !text.starts_with("x-anthropic-billing-header"));
            kept.collect::<Vec<_>>().join("\n")
        }
        text => content_text(Some(text)),
    };
    Some(Turn {
        role: Some("system".to_owned()),
        text,
    })
}

fn turn(message: &Value) -> Turn {
    let mut text = content_text(message.get("content"));
    let blocks = message.get("content").and_then(Value::as_array).into_iter().flatten();
    let mut result = false;
    for block in blocks {
        match block.get("type").and_then(Value::as_str) {
            Some("thinking") => text += block.get("thinking").and_then(Value::as_str).unwrap_or_default(),
            Some("tool_use") => text += &block.to_string(),
            Some("tool_result") => {
                result = true;
                text += &content_text(block.get("content"));
            }
            _ => {}
        }
    }
    let role = if result {
        "tool"
    } else {
        message.get("role").and_then(Value::as_str).unwrap_or("user")
    };
    Turn {
        role: Some(role.to_owned()),
        text,
    }
}

/// The template sees a tool as chat completions define it, so that is what is counted.
fn tool(definition: &Value) -> Option<Tool> {
    let name = definition.get("name")?.as_str()?;
    let schema = definition.get("input_schema");
    let function = json!({"name": name, "description": definition.get("description"), "parameters": schema});
    Some(Tool::new(
        name,
        &json!({"type": "function", "function": function}),
        schema,
    ))
}

fn tool_choice(choice: Option<&Value>) -> ToolChoice {
    let text = |name| choice.and_then(|choice| choice.get(name)).and_then(Value::as_str);
    match (text("type"), text("name")) {
        (Some("none"), _) => ToolChoice::None,
        (Some("any"), _) => ToolChoice::Required,
        (Some("tool"), Some(name)) => ToolChoice::Named(name.to_owned()),
        _ => ToolChoice::Auto,
    }
}
