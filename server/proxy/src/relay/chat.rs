//! Streams of chat completions: `data: {chunk}` … `data: [DONE]`.
//!
//! The engine is asked for the usage in every chunk, so that a stream that is cut short is still counted to its last token.
//! What the caller did not ask for is taken out again.

use std::sync::LazyLock;

use bytes::Bytes;
use memchr::memmem::Finder;
use worv_core::usage::Outcome;

use super::{
    grammar::{End, Step},
    output::Output,
};
use crate::{
    engine_complaint::EngineComplaint, envelope::StreamOptions, json::Object, reasoning, settlement::Settlement,
    token_counts::TokenCounts,
};

/// What stands before the usage. Inside a string its quotes would be escaped, so where this is found it is a member's key.
const USAGE_KEY: &str = r#","usage":"#;

static USAGE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(USAGE_KEY));
static NO_CHOICES: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(r#""choices":[]"#));

/// What is remembered of one stream.
#[derive(Debug)]
pub(crate) struct Chat {
    /// What the caller asked to see.
    asked: StreamOptions,
    /// How it will end, if the engine has reported an error.
    failed: Option<Outcome>,
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
        Self { asked, failed: None }
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

    fn relay_chunk(&self, event: &[u8], data: &[u8], settlement: &mut Settlement, output: &mut Output) {
        let usage = usage_of(data);
        let (Usage::Last { counts, .. } | Usage::Elsewhere { counts, .. }) = &usage else {
            // An engine that says nothing until its last chunk: its chunks are counted.
            settlement.observe_piece();
            return pass_chunk(event, data, output);
        };
        if let Some(counts) = counts {
            settlement.observe(*counts);
        }
        if NO_CHOICES.find(data).is_some() {
            if self.asked.include_usage {
                output.pass(event);
            }
            return;
        }
        match usage {
            _ if self.asked.continuous_usage_stats => pass_chunk(event, data, output),
            Usage::Last { before, .. } => write_chunk(before, b"}\n\n", output),
            Usage::Elsewhere { without, .. } => write_chunk(without.as_bytes(), b"\n\n", output),
            Usage::Absent => {}
        }
    }
}

/// Sends a chunk as it came, but for its reasoning.
fn pass_chunk(event: &[u8], data: &[u8], output: &mut Output) {
    if reasoning::place(data).is_some() {
        write_chunk(data, b"\n\n", output);
    } else {
        output.pass(event);
    }
}

/// Sends a chunk that has changed, up to its end.
fn write_chunk(json: &[u8], end: &[u8], output: &mut Output) {
    output.write(b"data: ");
    match reasoning::place(json) {
        Some(place) => reasoning::named_twice(json, place)
            .iter()
            .for_each(|piece| output.write(piece)),
        None => output.write(json),
    }
    output.write(end);
}

/// Finds the usage of a chunk without reading the rest, if it is where vLLM puts it.
fn usage_of(data: &[u8]) -> Usage<'_> {
    let Some(at) = USAGE.find(data) else {
        return Usage::Absent;
    };
    if let Some(value) = data[at + USAGE_KEY.len()..].strip_suffix(b"}") {
        let counts = TokenCounts::from_openai(value);
        // Only the top level's last member can be complete JSON between its key and the chunk's last brace.
        if counts.is_some() || value == b"null" {
            return Usage::Last {
                before: &data[..at],
                counts,
            };
        }
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
