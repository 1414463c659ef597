//! What has to be known of a chunk of a chat completion before it can go to the caller.
//!
//! Most chunks of a stream differ from the one before in nothing but their text. So a chunk is compared with an earlier
//! one: where all but its text is the same, the same is true of it, and it need not be searched.

use std::{ops::Range, sync::LazyLock};

use memchr::memmem::Finder;

use crate::reasoning::{self, string_end};

const TEXT_KEY: &[u8] = br#""content":""#;

static TEXT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(TEXT_KEY));
static NO_CHOICES: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(r#""choices":[]"#));

/// How many chunks with text may in a row be unlike the one before until a stream's are no longer compared.
const MOST_FAILURES: u8 = 8;

/// What is known of a chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// Whether it has no choices: then it tells nothing but the usage.
    pub(super) is_empty: bool,
    /// Where its reasoning stands, if that has to be named twice (`reasoning::place`).
    pub(super) reasoning: Option<Range<usize>>,
}

/// What is remembered of one stream's chunks.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    /// The last chunk with text that was searched.
    last: Option<Box<Template>>,
    /// Chunks with text that were searched since one last was like another.
    failures: u8,
}

/// A chunk that has choices, without its text: what stands before it, opening quote included, and what comes after it.
#[derive(Debug)]
struct Template {
    before: Box<[u8]>,
    after: Box<[u8]>,
    /// Whether the text is reasoning that has to be named twice.
    is_reasoning: bool,
}

impl Shapes {
    /// Tells the shape of a chunk, which is given with or without the brace at its end.
    pub(super) fn shape_of(&mut self, json: &[u8]) -> Shape {
        if let Some(shape) = self.last.as_ref().and_then(|template| template.shape_of(json)) {
            self.failures = 0;
            return shape;
        }
        let shape = Shape::search(json);
        if self.failures < MOST_FAILURES
            && let Some(template) = Template::of(json, &shape)
        {
            self.failures += 1;
            self.last = (self.failures < MOST_FAILURES).then(|| Box::new(template));
        }
        shape
    }
}

impl Shape {
    fn search(json: &[u8]) -> Self {
        Self {
            is_empty: NO_CHOICES.find(json).is_some(),
            reasoning: reasoning::place(json),
        }
    }
}

impl Template {
    /// None where there are no choices, or no text.
    fn of(json: &[u8], shape: &Shape) -> Option<Self> {
        if shape.is_empty {
            return None;
        }
        let (start, end) = if let Some(place) = &shape.reasoning {
            (place.start + 1, place.end - 1)
        } else {
            let start = TEXT.find(json)? + TEXT_KEY.len();
            (start, string_end(json, start)?)
        };
        let (before, after) = (&json[..start], &json[end..]);
        // With these nothing of what is searched can begin in one part and end in another.
        matches!(after, [b'"', b',' | b'}', ..]).then(|| Self {
            before: before.into(),
            after: after.into(),
            is_reasoning: shape.reasoning.is_some(),
        })
    }

    /// The shape of a chunk that differs from this one in nothing but its text; none if it is another.
    fn shape_of(&self, json: &[u8]) -> Option<Shape> {
        let (start, end) = (self.before.len(), json.len().checked_sub(self.after.len())?);
        let is_like = start <= end
            && json.starts_with(&self.before)
            && json.ends_with(&self.after)
            && string_end(json, start) == Some(end);
        is_like.then(|| Shape {
            is_empty: false,
            reasoning: self.is_reasoning.then(|| start - 1..end + 1),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Pieces that chunks are made of, put together so that some are chunks and some are not.
    fn pieces() -> impl Strategy<Value = Vec<&'static str>> {
        let piece = prop::sample::select(vec![
            r#"{"choices":[{"delta":{"#,
            r#""content":""#,
            r#""reasoning":""#,
            r#""reasoning":null,"#,
            r#""reasoning_content":""#,
            "text",
            "\\\"",
            "\\\\",
            "\\",
            "choices",
            "reasoning",
            "\"",
            r#"","#,
            r#""}"#,
            "}}]",
            r#""choices":[]"#,
            ":",
            "[]",
        ]);
        prop::collection::vec(piece, 0..8)
    }

    proptest! {
        #[test]
        fn what_is_known_by_likeness_is_what_a_search_finds(chunks in prop::collection::vec(pieces(), 0..12)) {
            let mut shapes = Shapes::default();
            for chunk in chunks {
                let json = chunk.concat();
                prop_assert_eq!(shapes.shape_of(json.as_bytes()), Shape::search(json.as_bytes()), "{}", json);
            }
        }

        #[test]
        fn chunks_of_one_stream_are_alike_whatever_their_text(text in "[a-z\"\\\\\n你]{0,20}", is_reasoning: bool) {
            let key = if is_reasoning { "reasoning" } else { "content" };
            let chunk = |text: &str| {
                let text = serde_json::to_string(text).unwrap();
                format!(r#"{{"choices":[{{"delta":{{"{key}":{text}}},"finish_reason":null}}]"#)
            };
            let first = chunk("first");
            let template = Template::of(first.as_bytes(), &Shape::search(first.as_bytes())).unwrap();
            let json = chunk(&text);
            prop_assert_eq!(template.shape_of(json.as_bytes()), Some(Shape::search(json.as_bytes())));
        }
    }

    #[test]
    fn a_stream_is_compared_until_too_many_chunks_with_text_are_unlike() {
        let mut shapes = Shapes::default();
        let mut is_compared_after = |json: &str| {
            shapes.shape_of(json.as_bytes());
            shapes.last.is_some()
        };
        let text = |number| format!(r#"{{"choices":[{{"delta":{{"content":"a"}},"logprobs":{number}}}]"#);
        for number in 1..MOST_FAILURES {
            assert!(is_compared_after(&text(number)));
        }
        // What has no text is not held against it, and a likeness makes good for all before.
        for _ in 0..2 * MOST_FAILURES {
            assert!(is_compared_after(r#"{"choices":[{"delta":{"tool_calls":[]}}]"#));
        }
        assert!(is_compared_after(&text(MOST_FAILURES - 1)));
        for number in 1..MOST_FAILURES {
            assert!(is_compared_after(&text(number)));
        }
        assert!(!is_compared_after(&text(0)));
        assert!(!is_compared_after(&text(0)));
    }
}
