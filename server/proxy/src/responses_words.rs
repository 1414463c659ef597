//! The words of a request for `/v1/responses`, to be counted: the engine counts chats and texts, but no such turns.

use crate::{
    json::{Object, elements, string},
    output_budget::PromptLength,
};

/// The members that have words for the model, or hold others that do (the items of a `ResponsesRequest`'s input in vLLM).
const MEMBERS: [&str; 9] = [
    "instructions",
    "input",
    "content",
    "text",
    "refusal",
    "summary",
    "name",
    "arguments",
    "output",
];

/// Deepest nesting: a text in the content of an item of the input of the request.
const MAX_NESTING: u32 = 6;

/// Tokens that the chat template puts around an item, at most in the usual templates.
const AROUND_ITEM: u64 = 8;

/// Tokens that an image is taken to have.
const IMAGE: u64 = 1_500;

/// What a prompt is made of.
#[derive(Debug, Default)]
pub(crate) struct Words {
    text: String,
    pieces: u64,
    images: u64,
}

impl Words {
    pub(crate) fn of(request: &Object<'_>) -> Self {
        let mut words = Self::default();
        words.add_members(request, MAX_NESTING);
        if let Some(tools) = request.get("tools") {
            words.add_text(tools);
        }
        words
    }

    /// All of them, a line for each piece.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// How long the prompt is, whose text has so many tokens. Each line's end may be one that the prompt does not have.
    pub(crate) fn length(&self, tokens: u64) -> PromptLength {
        let around = self.pieces * AROUND_ITEM + tokens / 50;
        PromptLength::AtLeast {
            words: tokens.saturating_sub(self.pieces + 1),
            about: tokens + around + self.images * IMAGE,
        }
    }

    fn add_members(&mut self, object: &Object<'_>, nesting: u32) {
        for member in MEMBERS.iter().filter_map(|name| object.get(name)) {
            self.add(member, nesting);
        }
        self.images += u64::from(object.get("image_url").is_some());
    }

    fn add(&mut self, value: &str, nesting: u32) {
        if let Some(text) = string(value) {
            return self.add_text(&text);
        }
        let Some(nesting) = nesting.checked_sub(1) else { return };
        if let Ok(items) = elements(value) {
            for item in items {
                self.add(item, nesting);
            }
        } else if let Ok(object) = Object::parse(value) {
            self.add_members(&object, nesting);
        }
    }

    fn add_text(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
        self.pieces += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(body: &str) -> Words {
        Words::of(&Object::parse(body).unwrap())
    }

    #[test]
    fn the_words_of_every_item_are_found_and_nothing_else() {
        let words = of(r#"{"model":"m","instructions":"be brief","input":[
            {"type":"message","role":"user","content":[{"type":"input_text","text":"look \"here\""},
                {"type":"input_image","image_url":"data:image/png;base64,AAAA"}]},
            {"type":"reasoning","summary":[],"content":[{"type":"reasoning_text","text":"hm"}]},
            {"type":"function_call","call_id":"c","name":"ls","arguments":"{\"path\":1}"},
            {"type":"function_call_output","call_id":"c","output":"a.txt"},
            {"role":"assistant","content":"done"}
        ],"tools":[{"type":"function","name":"ls"}]}"#);
        let expected = [
            "be brief",
            "look \"here\"",
            "hm",
            "ls",
            "{\"path\":1}",
            "a.txt",
            "done",
            r#"[{"type":"function","name":"ls"}]"#,
        ];
        assert_eq!(words.text().lines().collect::<Vec<_>>(), expected);
        let PromptLength::AtLeast { words, about } = words.length(1_000) else {
            panic!("a length of another kind");
        };
        assert_eq!((words, about), (991, 1_000 + 8 * AROUND_ITEM + 20 + IMAGE));
    }

    #[test]
    fn a_text_alone_is_the_prompt() {
        assert_eq!(of(r#"{"input":"one \u0041"}"#).text(), "one A\n");
        assert_eq!(of("{}").length(0).tokens(), 0);
    }
}
