//! Counts of speculative decoding.

/// What was drafted and accepted.
#[derive(Debug, Default)]
pub(in super::super) struct Speculation {
    /// Steps with drafts.
    pub(super) drafts: u64,
    /// Tokens drafted.
    pub(super) drafted: u64,
    /// Tokens accepted, by their position in the draft; as many positions as the longest draft had.
    by_position: Vec<u64>,
}

impl Speculation {
    /// Counts a step: the first `accepted` of `drafted` tokens were right.
    pub(in super::super) fn count(&mut self, drafted: u64, accepted: u64) {
        self.drafts += 1;
        self.drafted += drafted;
        let positions = usize::try_from(drafted).unwrap_or(usize::MAX);
        if self.by_position.len() < positions {
            self.by_position.resize(positions, 0);
        }
        let accepted = usize::try_from(accepted).unwrap_or(usize::MAX);
        for count in self.by_position.iter_mut().take(accepted) {
            *count += 1;
        }
    }

    /// Tokens accepted.
    pub(super) fn accepted(&self) -> u64 {
        self.by_position.iter().sum()
    }

    /// Tokens accepted at each position.
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
    pub(super) fn positions(&self) -> Vec<(usize, f64)> {
        self.by_position.iter().map(|&count| count as f64).enumerate().collect()
    }
}
