//! The fields of the forms for keys.

use leptos::prelude::*;
use worv_api::KeySettings;

use super::KeyFields;

/// The choices of when a key expires: days from now, and their words.
pub(super) const EXPIRY: [(&str, &str); 5] = [
    ("7", "In 7 days"),
    ("30", "In 30 days"),
    ("90", "In 90 days"),
    ("365", "In a year"),
    ("", "Never"),
];

/// The choice that is made already.
pub(super) const USUAL_EXPIRY: &str = "90";

/// Who and what it is for.
pub(super) fn main_fields(fields: &KeyFields, focused: bool) -> AnyView {
    view! {
        <label class="field">
            <span class="field__label">"Name"</span>
            <input
                class="field__input"
                name="name"
                value=fields.name.clone()
                required
                maxlength="100"
                pattern=".*\\S.*"
                title="At least one character that is not a space"
                autocomplete="off"
                autofocus=focused
            />
            <span class="field__hint">"What uses it, such as “nightly evaluation”."</span>
        </label>
        <div class="field-pair">
            <label class="field">
                <span class="field__label">"Owner"</span>
                <input
                    class="field__input"
                    name="owner"
                    value=fields.owner.clone()
                    maxlength="100"
                    autocomplete="off"
                />
            </label>
            <label class="field">
                <span class="field__label">"Tags"</span>
                <input
                    class="field__input"
                    name="tags"
                    value=fields.settings.tags.join(", ")
                    autocomplete="off"
                    placeholder="research, batch"
                />
            </label>
        </div>
        <label class="field">
            <span class="field__label">"Note"</span>
            <input class="field__input" name="note" value=fields.note.clone() maxlength="500" autocomplete="off"/>
        </label>
    }
    .into_any()
}

/// When it expires.
pub(super) fn expiry_field(choices: Vec<(String, String)>, chosen: &str) -> AnyView {
    view! {
        <label class="field">
            <span class="field__label">"Expires"</span>
            <select class="field__input" name="expires">
                {choices
                    .into_iter()
                    .map(|(value, words)| {
                        let selected = value == chosen;
                        view! {
                            <option value=value selected=selected>
                                {words}
                            </option>
                        }
                    })
                    .collect_view()}
            </select>
        </label>
    }
    .into_any()
}

/// Its limits, folded away unless they are what the form is for.
pub(super) fn limit_fields(settings: &KeySettings, models: &[String], open: bool) -> AnyView {
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
