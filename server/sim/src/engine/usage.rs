//! Token counts as the OpenAI dialects write them.

use serde::Serialize;

use super::{field::Field, generation::Batch, quirks::Quirks};

/// `usage` of chat completions and completions.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Usage {
    prompt_tokens: u64,
    total_tokens: u64,
    completion_tokens: u64,
    /// Null in whole answers, absent in streams: nothing is cached here.
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_tokens_details: Option<()>,
    /// Null where the route does not know of reasoning, absent where the version does not.
    #[serde(skip_serializing_if = "Field::is_absent")]
    completion_tokens_details: Field<Details>,
}

#[derive(Clone, Debug, Serialize)]
struct Details {
    reasoning_tokens: u64,
}

/// Counts all choices of a request while they are generated.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    prompt: u64,
    /// Generated, and of these reasoning, for each choice.
    choices: Vec<(u64, u64)>,
}

impl Tally {
    pub(super) fn new(prompt: u64, choices: u32) -> Self {
        Self {
            prompt,
            choices: vec![(0, 0); choices as usize],
        }
    }

    /// Takes the counts of a batch.
    pub(super) fn count(&mut self, batch: &Batch) {
        self.set(batch.choice as usize, batch.generated, batch.reasoning);
    }

    /// Sets the counts of one choice.
    pub(super) fn set(&mut self, choice: usize, generated: u64, reasoning: u64) {
        if let Some(counts) = self.choices.get_mut(choice) {
            *counts = (generated, reasoning);
        }
    }

    /// The counts of one choice, as its events carry them.
    pub(super) fn of_choice(&self, choice: usize) -> (u64, u64) {
        self.choices.get(choice).copied().unwrap_or_default()
    }

    /// The counts of all choices.
    pub(super) fn total(&self) -> (u64, u64) {
        self.choices
            .iter()
            .fold((0, 0), |sum, counts| (sum.0 + counts.0, sum.1 + counts.1))
    }

    /// Usage in a stream.
    pub(super) fn streamed(&self, counts: (u64, u64), reasons: bool, quirks: Quirks) -> Usage {
        Usage {
            completion_tokens_details: if reasons {
                details(counts.1, quirks)
            } else {
                Field::Absent
            },
            ..self.plain(counts.0)
        }
    }

    /// Usage of a whole answer.
    pub(super) fn whole(&self, reasons: bool, quirks: Quirks) -> Usage {
        let counts = self.total();
        Usage {
            prompt_tokens_details: Some(()),
            completion_tokens_details: if reasons {
                details(counts.1, quirks)
            } else {
                Field::Null
            },
            ..self.plain(counts.0)
        }
    }

    fn plain(&self, completion_tokens: u64) -> Usage {
        Usage {
            prompt_tokens: self.prompt,
            total_tokens: self.prompt + completion_tokens,
            completion_tokens,
            prompt_tokens_details: None,
            completion_tokens_details: Field::Absent,
        }
    }
}

fn details(reasoning_tokens: u64, quirks: Quirks) -> Field<Details> {
    if quirks.counts_reasoning {
        Field::Value(Details { reasoning_tokens })
    } else {
        Field::Absent
    }
}
