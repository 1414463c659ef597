//! What a Responses request asks for.

use axum::http::HeaderMap;
use serde::Serialize;
use serde_json::Value;

use super::super::{
    chat::request::{check_sampling, content_text, thinks},
    errors::ApiError,
    fields::{self, Fields},
    prompt::{Prompt, Tool, ToolChoice, Turn},
    script::Task,
    service::{AskedOutput, Engine},
};

/// A Responses request, read and checked.
pub(super) struct ResponsesRequest {
    pub task: Task,
    pub stream: bool,
    pub echo: Echo,
}

/// What the answer says back.
pub(super) struct Echo {
    pub instructions: Option<String>,
    pub metadata: Option<Value>,
    pub parallel_tool_calls: bool,
    pub temperature: f64,
    pub top_p: f64,
    pub tool_choice: Value,
    pub tools: Vec<ToolEcho>,
    pub reasoning: Option<Value>,
    pub text: Option<Value>,
    pub user: Option<String>,
}

/// A tool as vLLM says it back.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(super) enum ToolEcho {
    Function(FunctionEcho),
    /// As it came.
    Other(Value),
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct FunctionEcho {
    name: Value,
    parameters: Value,
    strict: Value,
    r#type: &'static str,
    allowed_callers: (),
    r#async: (),
    defer_loading: (),
    description: Value,
    output_schema: (),
}

impl ResponsesRequest {
    /// Reads a body, or says what is wrong with it.
    pub(super) fn read(engine: &Engine, headers: &HeaderMap, body: &[u8]) -> Result<Self, ApiError> {
        let body = fields::parse(headers, body)?;
        let quirks = engine.quirks();
        let mut fields = Fields::new(&body)?;
        let instructions = fields.text("instructions");
        let input = fields.required("input");
        if let Some(input) = input.filter(|input| !input.is_string() && !input.is_array()) {
            fields.problem("string_type", &["input"], "Input should be a valid string", input);
            fields.problem("list_type", &["input"], "Input should be a valid list", input);
        }
        let tokens = fields.integer("max_output_tokens");
        let model = fields.text("model");
        let parallel = fields.boolean("parallel_tool_calls").unwrap_or(true);
        let previous = fields.text("previous_response_id");
        let reasoning = fields.object("reasoning");
        let stream = fields.boolean("stream").unwrap_or(false);
        let temperature = fields.number("temperature");
        let tools = fields.list("tools");
        let top_p = fields.number("top_p");
        let user = fields.text("user");
        let template = if quirks.responses_template_kwargs {
            fields.object("chat_template_kwargs")
        } else {
            None
        };
        let choice = fields.get("tool_choice");
        let echo = Echo {
            instructions: instructions.map(str::to_owned),
            metadata: fields.get("metadata").cloned(),
            parallel_tool_calls: parallel,
            temperature: temperature.unwrap_or(1.0),
            top_p: top_p.unwrap_or(1.0),
            tool_choice: choice
                .cloned()
                .unwrap_or_else(|| if tools.is_empty() { "none" } else { "auto" }.into()),
            tools: tools.iter().map(say_back).collect(),
            reasoning: fields.get("reasoning").cloned(),
            text: fields.get("text").cloned(),
            user: user.map(str::to_owned),
        };
        fields.finish()?;
        engine.check_model(model)?;
        if let Some(previous) = previous {
            return Err(ApiError::unknown_response(previous));
        }
        check_sampling(1, temperature)?;
        let effort = reasoning
            .and_then(|reasoning| reasoning.get("effort"))
            .and_then(Value::as_str);
        let thinking = thinks(template, effort, quirks);
        let prompt = Prompt {
            turns: turns(instructions, input),
            tools: tools.iter().filter_map(tool).collect(),
            tool_choice: ToolChoice::read_openai(choice, "/name"),
        };
        let prompt_tokens = prompt.tokens(thinking);
        let asked = tokens.map(|tokens| AskedOutput {
            field: "max_output_tokens",
            tokens,
        });
        let max_tokens = engine.fit(prompt.characters(), prompt_tokens, asked)?;
        Ok(Self {
            task: Task {
                prompt,
                prompt_tokens,
                thinking,
                max_tokens,
                stop: Vec::new(),
                ignore_end: false,
                choices: 1,
            },
            stream,
            echo,
        })
    }
}

fn turns(instructions: Option<&str>, input: Option<&Value>) -> Vec<Turn> {
    let turn = |role: &str, text: String| Turn {
        role: Some(role.to_owned()),
        text,
    };
    let mut turns: Vec<_> = instructions
        .map(|text| turn("system", text.to_owned()))
        .into_iter()
        .collect();
    match input {
        Some(Value::String(text)) => turns.push(turn("user", text.clone())),
        Some(Value::Array(items)) => turns.extend(items.iter().map(|item| {
            let text = |name| item.get(name).and_then(Value::as_str);
            match text("type") {
                Some("function_call_output") => turn("tool", content_text(item.get("output"))),
                Some("function_call" | "reasoning") => turn("assistant", item.to_string()),
                _ => turn(text("role").unwrap_or("user"), content_text(item.get("content"))),
            }
        })),
        _ => {}
    }
    turns
}

fn tool(definition: &Value) -> Option<Tool> {
    let name = definition.get("name").filter(|_| is_function(definition))?.as_str()?;
    Some(Tool::new(name, definition, definition.get("parameters")))
}

fn is_function(definition: &Value) -> bool {
    definition.get("type").is_some_and(|kind| kind == "function")
}

fn say_back(definition: &Value) -> ToolEcho {
    if !is_function(definition) {
        return ToolEcho::Other(definition.clone());
    }
    let of = |name| definition.get(name).cloned().unwrap_or_default();
    ToolEcho::Function(FunctionEcho {
        name: of("name"),
        parameters: of("parameters"),
        strict: of("strict"),
        r#type: "function",
        allowed_callers: (),
        r#async: (),
        defer_loading: (),
        description: of("description"),
        output_schema: (),
    })
}
