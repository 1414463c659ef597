//! Streams of chat completions: `data: {chunk}` … `data: [DONE]`.
//!
//! The engine is asked for the usage in every chunk, so that a stream that is cut short is still counted to its last token.
//! What the caller did not ask for is taken out again.

use std::sync::LazyLock;

use bytes::Bytes;
use memchr::{memmem::Finder, memrchr};
use worv_core::usage::Outcome;

use super::{
    grammar::{End, Step},
    output::Output,
    shape::{Shape, Shapes},
};
use crate::{
    engine_complaint::EngineComplaint, envelope::StreamOptions, json::Object, reasoning, settlement::Settlement,
    token_counts::TokenCounts,
};

/// What stands before the usage. Inside a string its quotes would be escaped, so where this is found it is a member's key.
const USAGE_KEY: &str = r#","usage":"#;

static USAGE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(USAGE_KEY));

/// What is remembered of one stream.
#[derive(Debug)]
pub(crate) struct Chat {
    /// What the caller asked to see.
    asked: StreamOptions,
    /// How it will end, if the engine has reported an error.
    failed: Option<Outcome>,
    shapes: Shapes,
}

/// The usage of a chunk, and where it stands.
enum Usage<'a> {
    /// It is the last member, as vLLM writes it: the chunk without it is `before` and a brace.
    Last {
        before: &'a [u8],
        counts: Option<TokenCounts>,
    },
    /// It is somewhere else; the chunk without it had to be written anew.
    Elsewhere {
        without: String,
        counts: Option<TokenCounts>,
    },
    /// There is none.
    Absent,
}

impl Chat {
    pub(super) fn new(asked: StreamOptions) -> Self {
        Self {
            asked,
            failed: None,
            shapes: Shapes::default(),
        }
    }

    pub(super) fn step(&mut self, event: &[u8], settlement: &mut Settlement, output: &mut Output) -> Step {
        let Some(data) = event.strip_prefix(b"data:").map(<[u8]>::trim_ascii) else {
            output.pass(event);
            return Step::Continue;
        };
        if data == b"[DONE]" {
            let last = Bytes::copy_from_slice(event);
            return Step::End(match self.failed {
                Some(outcome) => End::Failed { outcome, last },
                None => End::Complete(last),
            });
        }
        if data.starts_with(br#"{"error""#) {
            self.failed = Some(EngineComplaint::in_stream(data).outcome());
            output.pass(event);
        } else {
            self.relay_chunk(event, data, settlement, output);
        }
        Step::Continue
    }

    fn relay_chunk(&mut self, event: &[u8], data: &[u8], settlement: &mut Settlement, output: &mut Output) {
        let usage = usage_of(data);
        match &usage {
            // An engine that says nothing until its last chunk: its chunks are counted.
            Usage::Absent => settlement.observe_piece(),
            Usage::Last { counts, .. } | Usage::Elsewhere { counts, .. } => {
                if let Some(counts) = counts {
                    settlement.observe(*counts);
                }
            }
        }
        let without_usage = match &usage {
            _ if self.asked.continuous_usage_stats => None,
            Usage::Last { before, .. } => Some((*before, &b"}\n\n"[..])),
            Usage::Elsewhere { without, .. } => Some((without.as_bytes(), &b"\n\n"[..])),
            Usage::Absent => None,
        };
        let (json, end) = without_usage.unwrap_or((data, b"\n\n"));
        let Shape { is_empty, reasoning } = self.shapes.shape_of(json);
        match reasoning {
            _ if is_empty && !matches!(usage, Usage::Absent) => {
                if self.asked.include_usage {
                    output.pass(event);
                }
            }
            None if without_usage.is_none() => output.pass(event),
            None => output.write_all([b"data: ", json, end]),
            Some(place) => {
                let [before, key, text, after] = reasoning::named_twice(json, place);
                output.write_all([b"data: ", before, key, text, after, end]);
            }
        }
    }
}

/// Finds the usage of a chunk without reading the rest, if it is where vLLM puts it.
fn usage_of(data: &[u8]) -> Usage<'_> {
    if let Some((before, value)) = last_member(data) {
        let counts = TokenCounts::from_openai(value);
        // Only the top level's last member can be complete JSON between its key and the chunk's last brace.
        if counts.is_some() || value == b"null" {
            return Usage::Last { before, counts };
        }
    }
    if USAGE.find(data).is_none() {
        return Usage::Absent;
    }
    let object = str::from_utf8(data).ok().and_then(|data| Object::parse(data).ok());
    match object.as_ref().and_then(|object| Some((object, object.get("usage")?))) {
        Some((object, value)) => Usage::Elsewhere {
            without: object.with(&[("usage", None)]),
            counts: TokenCounts::from_openai(value.as_bytes()),
        },
        None => Usage::Absent,
    }
}

/// What stands before the usage and what it is, if it is the last member. It is looked for from the end, brace by brace.
fn last_member(data: &[u8]) -> Option<(&[u8], &[u8])> {
    /// Its own, and those of the details of the prompt and of the answer.
    const MOST_BRACES: usize = 3;
    let json = data.strip_suffix(b"}")?;
    if let Some(before) = json.strip_suffix(b"null") {
        return Some((before.strip_suffix(USAGE_KEY.as_bytes())?, b"null"));
    }
    let mut end = json.len();
    for _ in 0..MOST_BRACES {
        end = memrchr(b'{', &json[..end])?;
        if let Some(before) = json[..end].strip_suffix(USAGE_KEY.as_bytes()) {
            return Some((before, &json[end..]));
        }
    }
    None
}
