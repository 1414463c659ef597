//! A whole completion.

use serde::Serialize;

use super::{
    super::{
        answer::Choice,
        script::Finish,
        service::Engine,
        usage::{Tally, Usage},
    },
    request::CompletionRequest,
};

/// The body of the answer, fields in vLLM's order.
#[derive(Serialize)]
pub(super) struct Completion {
    id: String,
    object: &'static str,
    created: i64,
    model: String,
    choices: Vec<CompletionChoice>,
    service_tier: (),
    system_fingerprint: Option<String>,
    usage: Usage,
    kv_transfer_params: (),
    #[serde(skip_serializing_if = "Option::is_none")]
    ec_transfer_params: Option<()>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metrics: Option<()>,
}

#[derive(Serialize)]
struct CompletionChoice {
    index: usize,
    text: String,
    logprobs: (),
    finish_reason: &'static str,
    stop_reason: Option<String>,
    token_ids: (),
    prompt_logprobs: (),
    prompt_token_ids: (),
    #[serde(skip_serializing_if = "Option::is_none")]
    routed_experts: Option<()>,
}

impl Completion {
    pub(super) fn new(engine: &Engine, id: String, request: &CompletionRequest, choices: Vec<Choice>) -> Self {
        let mut tally = Tally::new(request.prompt_tokens(), request.choices());
        for (index, choice) in choices.iter().enumerate() {
            tally.set(index, choice.generated, choice.reasoning_tokens);
        }
        let newer = engine.quirks().newer_fields.then_some(());
        let choices = choices.into_iter().enumerate().map(|(index, choice)| {
            let finish = choice.finish.unwrap_or(Finish::Stop);
            CompletionChoice {
                index,
                text: choice.text,
                logprobs: (),
                finish_reason: finish.as_str(),
                stop_reason: finish.stop_text().map(str::to_owned),
                token_ids: (),
                prompt_logprobs: (),
                prompt_token_ids: (),
                routed_experts: newer,
            }
        });
        Self {
            id,
            object: "text_completion",
            created: engine.created(),
            model: engine.model().to_owned(),
            choices: choices.collect(),
            service_tier: (),
            system_fingerprint: engine.fingerprint(),
            usage: tally.whole(false, engine.quirks()),
            kv_transfer_params: (),
            ec_transfer_params: newer,
            metrics: newer,
        }
    }
}
