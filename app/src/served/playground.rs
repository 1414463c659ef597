//! The playground: a conversation with the live model, over the real API. What moves in it is in the browser's own code, which
//! finds what it needs by these ids; the address keeps the parameters.

use leptos::prelude::*;

use self::parameters::parameters;
use super::{Visitor, parts, snippets};

mod parameters;

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
