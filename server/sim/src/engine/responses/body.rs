//! The response object, which echoes most of its request.

use serde::Serialize;
use serde_json::Value;

use super::{
    super::{script::Finish, service::Engine},
    item::Item,
    request::{ResponsesRequest, ToolEcho},
};

/// The body of an answer, fields in vLLM's order.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ResponseBody {
    id: String,
    created_at: i64,
    incomplete_details: Option<IncompleteDetails>,
    instructions: Option<String>,
    metadata: Option<Value>,
    model: String,
    object: &'static str,
    output: Vec<Item>,
    parallel_tool_calls: bool,
    temperature: f64,
    tool_choice: Value,
    tools: Vec<ToolEcho>,
    top_p: f64,
    background: bool,
    max_output_tokens: u64,
    max_tool_calls: (),
    previous_response_id: (),
    prompt: (),
    reasoning: Option<Reasoning>,
    service_tier: &'static str,
    status: &'static str,
    text: Option<Value>,
    top_logprobs: (),
    truncation: &'static str,
    usage: Option<Usage>,
    user: Option<String>,
    presence_penalty: f64,
    frequency_penalty: f64,
    kv_transfer_params: (),
    ec_transfer_params: (),
    input_messages: (),
    output_messages: (),
    #[serde(skip)]
    input_tokens: u64,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct IncompleteDetails {
    reason: &'static str,
}

/// What a request said about reasoning.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Reasoning {
    context: (),
    effort: Option<Value>,
    generate_summary: (),
    mode: (),
    summary: Option<Value>,
}

#[derive(Clone, Debug, Serialize)]
struct Usage {
    input_tokens: u64,
    input_tokens_details: InputDetails,
    output_tokens: u64,
    output_tokens_details: OutputDetails,
    total_tokens: u64,
}

#[derive(Clone, Debug, Default, Serialize)]
struct InputDetails {
    cached_tokens: u64,
    cache_write_tokens: u64,
    input_tokens_per_turn: [u64; 0],
    cached_tokens_per_turn: [u64; 0],
}

#[derive(Clone, Debug, Default, Serialize)]
struct OutputDetails {
    reasoning_tokens: u64,
    tool_output_tokens: u64,
    output_tokens_per_turn: [u64; 0],
    tool_output_tokens_per_turn: [u64; 0],
}

impl ResponseBody {
    /// A response that is in progress.
    pub(super) fn new(engine: &Engine, id: String, request: &ResponsesRequest) -> Self {
        let echo = &request.echo;
        Self {
            id,
            created_at: engine.created(),
            incomplete_details: None,
            instructions: echo.instructions.clone(),
            metadata: echo.metadata.clone(),
            model: engine.model().to_owned(),
            object: "response",
            output: Vec::new(),
            parallel_tool_calls: echo.parallel_tool_calls,
            temperature: echo.temperature,
            tool_choice: echo.tool_choice.clone(),
            tools: echo.tools.clone(),
            top_p: echo.top_p,
            background: false,
            max_output_tokens: request.task.max_tokens,
            max_tool_calls: (),
            previous_response_id: (),
            prompt: (),
            reasoning: echo.reasoning.as_ref().map(Reasoning::new),
            service_tier: "auto",
            status: "in_progress",
            text: echo.text.clone(),
            top_logprobs: (),
            truncation: "disabled",
            usage: None,
            user: echo.user.clone(),
            presence_penalty: 0.0,
            frequency_penalty: 0.0,
            kv_transfer_params: (),
            ec_transfer_params: (),
            input_messages: (),
            output_messages: (),
            input_tokens: request.task.prompt_tokens,
        }
    }

    /// Completes it, or leaves it incomplete where the tokens ran out.
    pub(super) fn finish(&mut self, output: Vec<Item>, finish: Option<&Finish>, generated: u64, reasoning: u64) {
        let ran_out = finish == Some(&Finish::Length);
        self.output = output;
        self.status = if ran_out { "incomplete" } else { "completed" };
        self.incomplete_details = ran_out.then_some(IncompleteDetails {
            reason: "max_output_tokens",
        });
        self.usage = Some(Usage {
            input_tokens: self.input_tokens,
            input_tokens_details: InputDetails::default(),
            output_tokens: generated,
            output_tokens_details: OutputDetails {
                reasoning_tokens: reasoning,
                ..OutputDetails::default()
            },
            total_tokens: self.input_tokens + generated,
        });
    }
}

impl Reasoning {
    fn new(asked: &Value) -> Self {
        let of = |name| asked.get(name).filter(|value| !value.is_null()).cloned();
        Self {
            context: (),
            effort: of("effort"),
            generate_summary: (),
            mode: (),
            summary: of("summary"),
        }
    }
}
