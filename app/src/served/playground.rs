//! The playground: a conversation with the live model, over the real API. What moves in it is in the browser's own code, which
//! finds what it needs by these ids; the address keeps the parameters.

use leptos::prelude::*;

use super::{Visitor, parts, snippets};

/// What the page shows.
#[derive(Clone, Debug)]
pub struct PlaygroundView {
    /// The names that can be asked for.
    pub models: Vec<String>,
    /// The one that serves; empty while none does.
    pub live: String,
    /// Where programs reach the API.
    pub inference_url: String,
    /// What the address says of the parameters, by their names.
    pub parameters: Vec<(String, String)>,
}

/// How hard the model is to think.
const EFFORTS: [(&str, &str); 5] = [
    ("", "As usual for the model"),
    ("none", "Off"),
    ("low", "Low"),
    ("medium", "Medium"),
    ("high", "High"),
];

/// The page.
pub fn playground(view: &PlaygroundView, visitor: &Visitor) -> String {
    if !visitor.admin {
        let text = "It makes a key for a few minutes, which only administrators may.";
        return view! { <div class="served">{parts::empty("The playground is for administrators.", text)}</div> }
            .to_html();
    }
    view! {
        <div class="served playground" id="playground">
            <section class="playground__chat" aria-label="Chat">
                <div class="conversation" id="conversation" role="log" aria-label="Conversation" tabindex="0">
                    <p class="conversation__empty muted">
                        "Ask the live model something. The request goes through the API like everybody's, with a key of yours that works for 15 minutes and counts in your usage."
                    </p>
                </div>
                <form class="panel composer" id="composer">
                    <textarea
                        class="composer__text"
                        name="message"
                        rows="3"
                        required
                        aria-label="Message"
                        placeholder="Message; Enter sends, Shift Enter begins a line"
                    ></textarea>
                    <div class="button-row">
                        <button class="button" data-kind="quiet" type="button" id="clear">
                            "Start over"
                        </button>
                        <button class="button" type="button" id="stop" hidden>
                            "Stop"
                        </button>
                        <button class="button" data-kind="primary" type="submit" id="send">
                            "Send"
                        </button>
                    </div>
                </form>
            </section>
            <aside class="playground__side" aria-label="Request">
                {parameters(view)}
                {copies(view)}
                <details class="panel panel__fold">
                    <summary class="panel__header">"Raw events"</summary>
                    <pre class="log" id="raw" tabindex="0" role="region" aria-label="Raw events"></pre>
                </details>
            </aside>
        </div>
    }
    .to_html()
}

fn parameters(view: &PlaygroundView) -> AnyView {
    let given = |name: &str| {
        let found = view.parameters.iter().find(|(given, _)| given == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let chosen = match given("model") {
        model if model.is_empty() => view.live.clone(),
        model => model,
    };
    let models = view.models.iter().map(|model| {
        view! {
            <option value=model.clone() selected=*model == chosen>
                {model.clone()}
            </option>
        }
    });
    let effort = given("reasoning_effort");
    let efforts = EFFORTS.map(|(value, words)| {
        view! {
            <option value=value selected=value == effort>
                {words}
            </option>
        }
    });
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
            <label class="field">
                <span class="field__label">"Model"</span>
                <select class="field__input" name="model">
                    {models.collect::<Vec<_>>()}
                </select>
            </label>
            <label class="field">
                <span class="field__label">"Thinking"</span>
                <select class="field__input" name="reasoning_effort">
                    {efforts}
                </select>
            </label>
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

/// The request to take away. The browser fills in what is sent; it replaces what stands between the marks.
fn copies(view: &PlaygroundView) -> AnyView {
    let block = |id: &'static str, label: &'static str, template: String| {
        view! {
            <div class="copy" data-template=template>
                {parts::copy(id, label, String::new())}
            </div>
        }
        .into_any()
    };
    view! {
        <details class="panel panel__fold" id="copies">
            <summary class="panel__header">"Copy as curl or Python"</summary>
            <div class="panel__form fold__content">
                {block("as-curl", "curl", snippets::chat_curl(&view.inference_url))}
                {block("as-python", "Python", snippets::chat_python(&view.inference_url))}
            </div>
        </details>
    }
    .into_any()
}
