//! A whole chat answer.

use serde::Serialize;

use super::{
    super::{
        answer::Choice,
        script::Finish,
        service::Engine,
        usage::{Tally, Usage},
    },
    request::ChatRequest,
};

/// The body of the answer, fields in vLLM's order.
#[derive(Serialize)]
pub(super) struct ChatCompletion {
    id: String,
    object: &'static str,
    created: i64,
    model: String,
    choices: Vec<ChatChoice>,
    service_tier: (),
    system_fingerprint: Option<String>,
    usage: Usage,
    prompt_logprobs: (),
    prompt_token_ids: (),
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_text: Option<()>,
    kv_transfer_params: (),
    #[serde(skip_serializing_if = "Option::is_none")]
    ec_transfer_params: Option<()>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metrics: Option<()>,
}

#[derive(Serialize)]
struct ChatChoice {
    index: usize,
    message: Message,
    logprobs: (),
    finish_reason: &'static str,
    stop_reason: Option<String>,
    token_ids: (),
    #[serde(skip_serializing_if = "Option::is_none")]
    routed_experts: Option<()>,
}

#[derive(Serialize)]
struct Message {
    role: &'static str,
    content: Option<String>,
    refusal: (),
    annotations: (),
    audio: (),
    function_call: (),
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<ToolCall>,
    reasoning: Option<String>,
}

#[derive(Serialize)]
struct ToolCall {
    id: String,
    r#type: &'static str,
    function: Function,
}

#[derive(Serialize)]
struct Function {
    name: String,
    arguments: String,
}

impl ChatCompletion {
    pub(super) fn new(engine: &Engine, id: String, request: &ChatRequest, choices: Vec<Choice>) -> Self {
        let quirks = engine.quirks();
        let mut tally = Tally::new(request.task.prompt_tokens, request.task.choices);
        for (index, choice) in choices.iter().enumerate() {
            tally.set(index, choice.generated, choice.reasoning_tokens);
        }
        let newer = quirks.newer_fields.then_some(());
        let choices = choices.into_iter().enumerate();
        Self {
            id,
            object: "chat.completion",
            created: engine.created(),
            model: engine.model().to_owned(),
            choices: choices
                .map(|(index, choice)| ChatChoice::new(engine, request, index, choice))
                .collect(),
            service_tier: (),
            system_fingerprint: engine.fingerprint(),
            usage: tally.whole(true, quirks),
            prompt_logprobs: (),
            prompt_token_ids: (),
            prompt_text: newer,
            kv_transfer_params: (),
            ec_transfer_params: newer,
            metrics: newer,
        }
    }
}

impl ChatChoice {
    fn new(engine: &Engine, request: &ChatRequest, index: usize, choice: Choice) -> Self {
        let finish = choice.finish.unwrap_or(Finish::Stop);
        let calls = choice.calls.into_iter().map(|call| ToolCall {
            id: format!("chatcmpl-tool-{}", engine.hex::<8>()),
            r#type: "function",
            function: Function {
                name: call.name,
                arguments: call.arguments,
            },
        });
        Self {
            index,
            message: Message {
                role: "assistant",
                // A call that was asked for by name leaves an empty text, one that the model chose leaves none.
                content: Some(choice.text).filter(|text| !text.is_empty() || request.named_tool),
                refusal: (),
                annotations: (),
                audio: (),
                function_call: (),
                tool_calls: calls.collect(),
                reasoning: Some(choice.reasoning).filter(|text| request.include_reasoning && !text.is_empty()),
            },
            logprobs: (),
            finish_reason: match &finish {
                Finish::ToolCalls if request.named_tool => "stop",
                finish => finish.as_str(),
            },
            stop_reason: finish.stop_text().map(str::to_owned),
            token_ids: (),
            routed_experts: engine.quirks().newer_fields.then_some(()),
        }
    }
}
