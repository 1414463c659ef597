//! What a key is, and how it is served.

use leptos::prelude::*;
use worv_api::ApiKey;

use super::super::{Visitor, keys, parts};
use crate::format;

/// Names and what they stand for.
pub(super) fn facts(key: &ApiKey, visitor: &Visitor) -> AnyView {
    let settings = &key.settings;
    let earlier = key.previous_until.filter(|until| *until > visitor.now);
    let models = settings
        .models
        .as_ref()
        .map_or_else(|| "All".to_owned(), |models| models.join(", "));
    let answers = match (settings.strip_han, settings.echo_model) {
        (false, false) => "As the engine gives them",
        (true, false) => "Without Han script",
        (false, true) => "Name the model as the caller wrote it",
        (true, true) => "Without Han script; name the model as the caller wrote it",
    };
    view! {
        <section class="panel">
            <dl class="facts">
                <dt>"Key"</dt>
                <dd>
                    <code>{parts::masked(key)}</code>
                </dd>
                {earlier
                    .map(|until| {
                        view! {
                            <dt>"Earlier secret"</dt>
                            <dd>"Works until " {format::date_time(until)} " UTC"</dd>
                        }
                    })}
                <dt>"Owner"</dt>
                <dd>{parts::or_dash(&key.owner)}</dd>
                <dt>"Note"</dt>
                <dd>{parts::or_dash(&key.note)}</dd>
                <dt>"Tags"</dt>
                <dd>{parts::or_dash(&settings.tags.join(", "))}</dd>
                <dt>"Created"</dt>
                <dd>{parts::moment(key.created_at, visitor.now)}</dd>
                <dt>"Last used"</dt>
                <dd>{parts::moment_or(key.last_used_at, visitor.now, "Never used")}</dd>
                <dt>"Expires"</dt>
                <dd>{keys::expiry(key)}</dd>
                <dt>"Models"</dt>
                <dd>{models}</dd>
                <dt>"Weight"</dt>
                <dd>{settings.weight.to_string()}</dd>
                <dt>"Answers"</dt>
                <dd>{answers}</dd>
            </dl>
        </section>
    }
    .into_any()
}
