//! What there is to say about one GPU, in words.

pub(super) use self::{clocks::clocks, links::links, memory::memory};
use crate::components::Tone;

mod clocks;
mod links;
mod memory;

/// A name and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fact {
    pub(super) name: &'static str,
    pub(super) text: String,
    /// Where it is something to look at.
    pub(super) tone: Option<Tone>,
}

impl Fact {
    fn new(name: &'static str, text: impl Into<String>) -> Self {
        Self {
            name,
            text: text.into(),
            tone: None,
        }
    }

    fn toned(self, tone: Option<Tone>) -> Self {
        Self { tone, ..self }
    }
}

fn unknown() -> String {
    "–".to_owned()
}
