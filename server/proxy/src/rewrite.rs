//! A request as the engine gets it: every change that is made to it, in one place.

use bytes::Bytes;
use http::HeaderValue;
use worv_core::{key::KeySettings, usage::Endpoint};

use crate::{
    Gateway, chat_repair,
    dialect::Dialect,
    envelope::Envelope,
    error::ApiError,
    json::{Edit, Object, elements, quoted, string},
    live::Live,
    media, messages_repair,
    messages_support::MessagesSupport,
    messages_translation::Translation,
    models::Resolved,
    offered_tools,
    output_budget::{Limits, OutputBudget, PromptLength},
    prompt_count::Question,
    shield, thinking,
};

/// What goes to the engine.
pub(crate) struct Rewritten {
    /// The body; the very bytes that came where nothing had to change.
    pub(crate) body: Bytes,
    /// Its media type, where it is not what the caller said.
    pub(crate) content_type: Option<HeaderValue>,
    /// What the answer may have; none where none is generated.
    pub(crate) granted: Option<Granted>,
    /// Where another of the engine's routes is asked instead.
    pub(crate) translation: Option<Translation>,
}

/// Tokens that an answer may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Granted {
    pub(crate) tokens: u64,
    /// Whether the caller had asked for more.
    pub(crate) clamped: bool,
    /// Tokens of the prompt, where it had to be counted.
    pub(crate) prompt: Option<u64>,
}

/// The tools of Responses that only OpenAI's servers or the client itself can run, and that the engine's older versions refuse.
const FOREIGN_TOOLS: [&str; 7] = [
    "computer_use_preview",
    "custom",
    "file_search",
    "image_generation",
    "local_shell",
    "namespace",
    "web_search",
];

/// Applies shield, alias, output budget and thinking to a request of a key's.
pub(crate) async fn rewrite(
    gateway: &Gateway,
    endpoint: Endpoint,
    live: &Live,
    envelope: &Envelope<'_>,
    body: &Bytes,
    key: &KeySettings,
) -> Result<Rewritten, ApiError> {
    let object = &envelope.object;
    let mut edits = shield::edits(object)?;
    media::check(object)?;
    check_allowed(live, key)?;
    let mut resolved = Resolved { thinking: None };
    if let Some(name) = live.name() {
        resolved = live.names.resolve(&envelope.model, Some(name))?;
        if name != envelope.model {
            edits.push(("model", Some(quoted(name).into())));
        }
    }

    let limits = live.limits.of_key(key);
    let granted = grant(gateway, endpoint, live, (envelope, body), limits, &mut edits).await?;
    let most = granted.map_or(u64::MAX, |granted| granted.tokens);
    edits.extend(thinking_edits(endpoint, live, object, resolved, most)?);
    match endpoint {
        Endpoint::Messages | Endpoint::CountTokens => edits.extend(messages_repair::edits(object)?),
        Endpoint::Responses => edits.extend(without_foreign_tools(object)),
        Endpoint::Completions => one_prompt_only(object)?,
        Endpoint::ChatCompletions => edits.extend(chat_repair::edits(object)),
        Endpoint::Embeddings
        | Endpoint::Rerank
        | Endpoint::Score
        | Endpoint::Transcriptions
        | Endpoint::Translations
        | Endpoint::Other => {}
    }
    if envelope.stream && matches!(endpoint, Endpoint::ChatCompletions | Endpoint::Completions) {
        edits.extend(envelope.all_usage());
    }
    let body = if edits.is_empty() {
        body.clone()
    } else {
        object.with(&edits).into()
    };
    let translation = Translation::of(endpoint);
    let translation = translation.filter(|_| gateway.messages_support(live) == MessagesSupport::Translated);
    let body = match translation {
        Some(translation) => translated(translation, &body)?,
        None => body,
    };
    Ok(Rewritten {
        body,
        content_type: None,
        granted,
        translation,
    })
}

/// The request, every change to it made, in the words of the route that answers instead.
fn translated(translation: Translation, body: &[u8]) -> Result<Bytes, ApiError> {
    let object = str::from_utf8(body).ok().and_then(|text| Object::parse(text).ok());
    let object = object.ok_or_else(|| ApiError::invalid("The request body must be a JSON object."))?;
    Ok(translation.request(&object)?.into())
}

/// A key's list of models is judged on what is live, by whatever name it was asked for.
pub(crate) fn check_allowed(live: &Live, key: &KeySettings) -> Result<(), ApiError> {
    let Some(allowed) = &key.models else { return Ok(()) };
    match live.name() {
        Some(name) if allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(name)) => Ok(()),
        Some(name) => Err(ApiError::model_not_allowed(name)),
        None => Err(ApiError::engine_unreachable()),
    }
}

/// The length of a request's prompt, as the engine counts it or, failing that, as it is estimated. What the template is
/// told about thinking belongs to it.
pub(crate) async fn count_prompt(
    gateway: &Gateway,
    endpoint: Endpoint,
    live: &Live,
    envelope: &Envelope<'_>,
    model: &str,
) -> Result<PromptLength, ApiError> {
    let resolved = live.names.resolve(&envelope.model, Some(model))?;
    let told = thinking_edits(endpoint, live, &envelope.object, resolved, u64::MAX)?;
    let kwargs = told.iter().find(|(name, _)| *name == "chat_template_kwargs");
    let question = Question {
        endpoint,
        object: &envelope.object,
        model,
        kwargs: kwargs.and_then(|(_, value)| value.as_deref()),
        messages: gateway.messages_support(live),
    };
    Ok(gateway.prompt_counter.count(&gateway.engine, &question).await)
}

/// What a request is changed to about thinking, on the routes whose requests go through the chat template.
fn thinking_edits<'a>(
    endpoint: Endpoint,
    live: &Live,
    object: &Object<'a>,
    resolved: Resolved,
    granted: u64,
) -> Result<Vec<Edit<'a>>, ApiError> {
    let map = live.profile.as_ref().and_then(|profile| profile.thinking.as_ref());
    let map = map.filter(|_| thinks(endpoint));
    thinking::edits(object, map, resolved.thinking, granted)
}

/// Tokens that the answer may have, and the edits that make the request ask for them.
async fn grant(
    gateway: &Gateway,
    endpoint: Endpoint,
    live: &Live,
    (envelope, body): (&Envelope<'_>, &[u8]),
    limits: Limits,
    edits: &mut Vec<Edit<'_>>,
) -> Result<Option<Granted>, ApiError> {
    let object = &envelope.object;
    let Some(budget) = OutputBudget::of(endpoint, object, limits)? else {
        return Ok(None);
    };
    let (tokens, prompt) = match live.name() {
        Some(name) if budget.needs_count(body.len(), object) => {
            // Few requests are counted; the others need no room for it.
            let prompt = Box::pin(count_prompt(gateway, endpoint, live, envelope, name)).await?;
            (budget.beside(prompt, Dialect::of(endpoint))?, Some(prompt.tokens()))
        }
        _ => (budget.wanted(), None),
    };
    edits.extend(budget.edits(object, tokens));
    Ok(Some(Granted {
        tokens,
        clamped: budget.clamps_to(tokens),
        prompt,
    }))
}

/// Whether a route's requests go through the chat template.
fn thinks(endpoint: Endpoint) -> bool {
    match endpoint {
        Endpoint::ChatCompletions | Endpoint::Messages | Endpoint::CountTokens | Endpoint::Responses => true,
        Endpoint::Completions
        | Endpoint::Embeddings
        | Endpoint::Rerank
        | Endpoint::Score
        | Endpoint::Transcriptions
        | Endpoint::Translations
        | Endpoint::Other => false,
    }
}

fn without_foreign_tools<'a>(object: &Object<'a>) -> Vec<Edit<'a>> {
    offered_tools::only(object, |tool| {
        let kind = tool.get("type").and_then(string);
        !kind.is_some_and(|kind| FOREIGN_TOOLS.contains(&&*kind))
    })
}

/// A list of prompts would be so many requests in one. A list of numbers is one prompt, as tokens.
fn one_prompt_only(object: &Object<'_>) -> Result<(), ApiError> {
    let prompts = object
        .get("prompt")
        .and_then(|prompt| elements(prompt).ok())
        .unwrap_or_default();
    let is_token = |prompt: &&str| prompt.bytes().all(|byte| byte.is_ascii_digit());
    if prompts.len() > 1 && !prompts.iter().all(is_token) {
        return Err(ApiError::invalid_field("prompt", "Send one prompt in each request."));
    }
    Ok(())
}
