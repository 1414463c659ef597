//! The fields for what a key may use, and how it is answered.

use leptos::prelude::*;
use worv_api::KeySettings;

/// Its limits, folded away unless they are what the form is for.
pub(in crate::served) fn limit_fields(settings: &KeySettings, models: &[String], open: bool) -> AnyView {
    let allowed = settings.models.clone().unwrap_or_default();
    let mut names = models.to_vec();
    names.extend(allowed.iter().filter(|name| !models.contains(name)).cloned());
    let boxes = names.into_iter().map(|name| {
        let checked = allowed.contains(&name);
        view! {
            <label class="checkbox">
                <input type="checkbox" name="models" value=name.clone() checked=checked/>
                {name}
            </label>
        }
    });
    view! {
        <details class="fold" open=open>
            <summary>"Limits and models"</summary>
            <div class="fold__content">
                <div class="field-pair">
                    {limit("requests_per_minute", "Requests per minute", settings.requests_per_minute)}
                    {limit("tokens_per_minute", "Tokens per minute", settings.tokens_per_minute)}
                    {limit("concurrency", "Requests at the same time", settings.concurrency)}
                    {limit("max_output_tokens", "Tokens per answer", settings.max_output_tokens)}
                    {limit("budget_day", "Tokens per day (UTC)", settings.budget_day)}
                    {limit("budget_month", "Tokens per month (UTC)", settings.budget_month)}
                </div>
                <label class="field">
                    <span class="field__label">"Weight"</span>
                    <input
                        class="field__input"
                        type="number"
                        name="weight"
                        value=settings.weight.to_string()
                        min="1"
                        max="1000"
                        required
                    />
                    <span class="field__hint">
                        "Share of the engine when requests have to wait: 1 to 1000, usually 100."
                    </span>
                </label>
                <fieldset class="field">
                    <legend class="field__label">"Models"</legend>
                    <span class="field__hint">"None chosen: all."</span>
                    {boxes.collect_view()}
                </fieldset>
                <fieldset class="field">
                    <legend class="field__label">"Answers"</legend>
                    <label class="checkbox">
                        <input type="checkbox" name="strip_han" value="on" checked=settings.strip_han/>
                        "Take Han script out"
                    </label>
                    <label class="checkbox">
                        <input type="checkbox" name="echo_model" value="on" checked=settings.echo_model/>
                        "Name the model as the caller wrote it"
                    </label>
                </fieldset>
            </div>
        </details>
    }
    .into_any()
}

fn limit(name: &'static str, label: &'static str, value: Option<u64>) -> AnyView {
    let value = value.map(|value| value.to_string()).unwrap_or_default();
    view! {
        <label class="field">
            <span class="field__label">{label}</span>
            <input class="field__input" type="number" name=name value=value min="1" placeholder="No limit"/>
        </label>
    }
    .into_any()
}
