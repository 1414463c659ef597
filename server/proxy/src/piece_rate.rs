//! How many tokens a piece of a stream holds, as finished streams have shown.
//!
//! On `/v1/messages` and `/v1/responses` the engine says only at the end what it generated, and with speculative decoding
//! one event holds several tokens. A stream that is cut short is charged by its pieces and this rate.

use std::sync::atomic::{AtomicU64, Ordering};

/// Thousandths, so that whole numbers do.
const ONE: u64 = 1_000;

/// Most tokens for each piece that are believed. Engines draft fewer than ten at a time.
const MOST: u64 = 16 * ONE;

/// The running average. One for the whole gateway: it depends on how the engine was started.
#[derive(Debug)]
pub(crate) struct PieceRate(AtomicU64);

impl Default for PieceRate {
    /// One token for each piece, until something else has been seen.
    fn default() -> Self {
        Self(AtomicU64::new(ONE))
    }
}

impl PieceRate {
    /// The tokens that so many pieces are likely to hold; never fewer than there are pieces.
    pub(crate) fn tokens(&self, pieces: u64) -> u64 {
        (pieces * self.0.load(Ordering::Relaxed) + ONE / 2) / ONE
    }

    /// Takes what a finished stream has shown. A quarter of each: one odd answer does not spoil the next estimate.
    pub(crate) fn learn(&self, pieces: u64, tokens: u64) {
        if let Some(shown) = (tokens * ONE).checked_div(pieces) {
            let before = self.0.load(Ordering::Relaxed);
            let now = (before * 3 + shown.clamp(ONE, MOST)) / 4;
            self.0.store(now, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_follows_what_finished_streams_have_shown() {
        let rate = PieceRate::default();
        assert_eq!(rate.tokens(7), 7);
        rate.learn(0, 9);
        assert_eq!(rate.tokens(7), 7);
        for _ in 0..32 {
            rate.learn(10, 25);
        }
        assert_eq!(rate.tokens(100), 250);
        for _ in 0..32 {
            rate.learn(10, 3);
        }
        assert_eq!(rate.tokens(100), 100);
    }
}
