//! How the model is asked: which one, and how it is to answer.

use leptos::prelude::*;

use super::PlaygroundView;
use crate::components::SelectField;

/// How hard the model is to think.
const EFFORTS: [(&str, &str); 5] = [
    ("", "As usual for the model"),
    ("none", "Off"),
    ("low", "Low"),
    ("medium", "Medium"),
    ("high", "High"),
];

/// The form, with what the address says. Nothing sends it: the browser takes from it what a request is to have.
pub(super) fn parameters(view: &PlaygroundView) -> AnyView {
    let given = |name: &str| {
        let found = view.parameters.iter().find(|(given, _)| given == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let chosen = match given("model") {
        model if model.is_empty() => view.live.clone(),
        model => model,
    };
    let models = view.models.iter().map(|model| (model.clone(), model.clone()));
    let efforts = EFFORTS.map(|(value, words)| (value.to_owned(), words.to_owned()));
    let number =
        |label: &'static str, name: &'static str, least: &'static str, most: &'static str, step: &'static str| {
            view! {
                <label class="field">
                    <span class="field__label">{label}</span>
                    <input class="field__input" type="number" name=name min=least max=most step=step value=given(name)/>
                </label>
            }
            .into_any()
        };
    view! {
        <form class="panel parameters" id="parameters" aria-label="Parameters">
            <SelectField label="Model" name="model" options=models.collect() chosen/>
            <SelectField
                label="Thinking"
                name="reasoning_effort"
                options=efforts.to_vec()
                chosen=given("reasoning_effort")
            />
            <label class="field">
                <span class="field__label">"System prompt"</span>
                <textarea class="field__input" name="system" rows="3">
                    {given("system")}
                </textarea>
            </label>
            <div class="parameters__numbers">
                {number("Most tokens", "max_tokens", "1", "1000000", "1")}
                {number("Temperature", "temperature", "0", "2", "any")}
                {number("Top p", "top_p", "0", "1", "any")}
            </div>
        </form>
    }
    .into_any()
}
