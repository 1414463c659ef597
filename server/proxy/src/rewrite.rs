//! A request as the engine gets it: every change that is made to it, in one place.

use bytes::Bytes;
use worv_core::usage::Endpoint;

use crate::{
    Gateway, dialect::Dialect, envelope::Envelope, error::ApiError, gateway::Live, json::quoted, media,
    messages_repair, models::Resolved, output_budget::OutputBudget, shield, thinking,
};

/// What goes to the engine.
pub(crate) struct Rewritten {
    /// The body; the very bytes that came where nothing had to change.
    pub(crate) body: Bytes,
    /// Tokens that the answer may have.
    pub(crate) granted: u64,
}

/// Applies shield, alias, output budget and thinking to a request.
pub(crate) async fn rewrite(
    gateway: &Gateway,
    (endpoint, dialect): (Endpoint, Dialect),
    live: &Live,
    envelope: &Envelope<'_>,
    body: &Bytes,
) -> Result<Rewritten, ApiError> {
    let object = &envelope.object;
    let mut edits = shield::edits(object)?;
    media::check(object)?;
    let mut resolved = Resolved { thinking: None };
    if let Some(name) = live.name() {
        resolved = gateway.names.resolve(&envelope.model, name)?;
        if name != envelope.model {
            edits.push(("model", Some(quoted(name).into())));
        }
    }

    if dialect == Dialect::Anthropic {
        edits.extend(messages_repair::edits(object)?);
    }
    let budget = OutputBudget::of(endpoint, object, gateway.limits(live))?;
    let granted = match live.name() {
        Some(name) if budget.needs_count(body) => {
            let prompt = gateway
                .prompt_counter
                .count(&gateway.engine, endpoint, object, name)
                .await;
            budget.beside(prompt, dialect)?
        }
        _ => budget.wanted(),
    };
    edits.extend(budget.edits(object, granted));

    let map = live.profile.as_ref().and_then(|profile| profile.thinking.as_ref());
    edits.extend(thinking::edits(object, map, resolved.thinking, granted)?);
    if envelope.stream && dialect == Dialect::OpenAi {
        edits.extend(envelope.all_usage());
    }
    let body = if edits.is_empty() {
        body.clone()
    } else {
        object.with(&edits).into()
    };
    Ok(Rewritten { body, granted })
}
