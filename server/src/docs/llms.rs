//! `llms.txt` (<https://llmstxt.org>): the documentation as programs that read it like to find it.

use std::fmt::Write;

use super::{facts::Facts, page::PAGES};

/// The file.
pub fn text(facts: &Facts) -> String {
    let mut text = format!(
        "# worv Inference API\n\n> A self-hosted inference API that speaks the dialects of OpenAI and Anthropic at {api}. \
         Send a key as `Authorization: Bearer KEY` or `x-api-key: KEY`. The model `live` is always there.\n\n{live}\n\n\
         ## Documentation\n\n",
        api = facts.api,
        live =
            facts.fill("{{live}} Prompt and answer have {{window}} tokens together, an answer {{max_output}} at most."),
    );
    for page in &PAGES {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "- [{}]({}/{}.md): {}",
            page.title, facts.docs, page.name, page.summary
        );
    }
    text
}
