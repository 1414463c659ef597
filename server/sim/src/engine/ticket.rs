//! A request's way through the engine, as the counts see it.

use std::sync::Arc;

use tokio::time::Instant;

use super::{
    metrics::{Finished, Metrics, histogram},
    script::Finish,
    stats::Board,
};

/// One request in the engine. Dropped before its end, it counts as aborted.
pub(super) struct Ticket {
    board: Arc<Board>,
    metrics: Arc<Metrics>,
    rank: usize,
    prompt_tokens: u64,
    generated: u64,
    arrived: Instant,
    phase: Phase,
}

/// Where a request is.
enum Phase {
    Waiting,
    /// Since when, and the time of the first and the last token.
    Running {
        since: Instant,
        tokens: Option<(Instant, Instant)>,
    },
    Over,
}

impl Ticket {
    /// A request that waits for its turn.
    pub(super) fn new(board: &Arc<Board>, metrics: &Arc<Metrics>, prompt_tokens: u64) -> Self {
        let rank = metrics.choose_rank();
        metrics.change(rank, |rank| rank.waiting += 1);
        board.count(|stats| {
            stats.started += 1;
            stats.waiting += 1;
        });
        Self {
            board: Arc::clone(board),
            metrics: Arc::clone(metrics),
            rank,
            prompt_tokens,
            generated: 0,
            arrived: Instant::now(),
            phase: Phase::Waiting,
        }
    }

    pub(super) fn prompt_tokens(&self) -> u64 {
        self.prompt_tokens
    }

    /// Its turn has come.
    pub(super) fn run(&mut self) {
        let since = Instant::now();
        let waited = (since - self.arrived).as_secs_f64();
        self.phase = Phase::Running { since, tokens: None };
        self.metrics.change(self.rank, |rank| {
            rank.waiting -= 1;
            rank.running += 1;
            rank.prompt_tokens += self.prompt_tokens;
            rank.cached_tokens += self.prompt_tokens;
            rank.queue_time.observe(&histogram::REQUEST_TIME, waited);
        });
        self.board.count(|stats| {
            stats.waiting -= 1;
            stats.running += 1;
            stats.prompt_tokens += self.prompt_tokens;
        });
    }

    /// A step of the engine drafted some tokens, of which the first few were accepted.
    pub(super) fn drafted(&self, drafted: u64, accepted: u64) {
        if drafted > 0 {
            self.metrics
                .change(self.rank, |rank| rank.speculation.count(drafted, accepted));
        }
    }

    /// Some tokens more.
    pub(super) fn generated(&mut self, tokens: u64) {
        let now = Instant::now();
        self.generated += tokens;
        let Phase::Running { tokens: times, .. } = &mut self.phase else {
            return;
        };
        let before = times.replace((times.map_or(now, |(first, _)| first), now));
        self.metrics.change(self.rank, |rank| {
            rank.generation_tokens += tokens;
            rank.cached_tokens += tokens;
            if let Some((_, last)) = before {
                let pause = (now - last).as_secs_f64();
                rank.inter_token_latency.observe(&histogram::LATENCY, pause);
            } else {
                let waited = (now - self.arrived).as_secs_f64();
                rank.time_to_first_token
                    .observe(&histogram::TIME_TO_FIRST_TOKEN, waited);
            }
        });
        self.board.count(|stats| stats.generated_tokens += tokens);
    }

    /// It is answered.
    pub(super) fn finish(&mut self, finish: &Finish) {
        let how = if *finish == Finish::Length {
            Finished::Length
        } else {
            Finished::Stop
        };
        self.end(how);
    }

    /// The engine failed it.
    pub(super) fn fail(&mut self) {
        self.end(Finished::Error);
    }

    #[expect(clippy::cast_precision_loss, reason = "token counts far below 2^53")]
    fn end(&mut self, how: Finished) {
        let now = Instant::now();
        let phase = std::mem::replace(&mut self.phase, Phase::Over);
        let (prompt, generated) = (self.prompt_tokens, self.generated);
        let mut was_running = false;
        self.metrics.change(self.rank, |rank| {
            match phase {
                Phase::Over => return,
                Phase::Waiting => rank.waiting -= 1,
                Phase::Running { since, tokens } => {
                    was_running = true;
                    rank.running -= 1;
                    rank.cached_tokens -= prompt + generated;
                    rank.inference_time
                        .observe(&histogram::REQUEST_TIME, (now - since).as_secs_f64());
                    if let Some((first, last)) = tokens {
                        let decoding = (last - first).as_secs_f64();
                        rank.prefill_time
                            .observe(&histogram::REQUEST_TIME, (first - since).as_secs_f64());
                        rank.decode_time.observe(&histogram::REQUEST_TIME, decoding);
                        let each = decoding / generated.saturating_sub(1).max(1) as f64;
                        rank.time_per_output_token.observe(&histogram::LATENCY, each);
                    }
                }
            }
            rank.finished[how as usize] += 1;
            rank.end_to_end
                .observe(&histogram::REQUEST_TIME, (now - self.arrived).as_secs_f64());
            rank.request_prompt_tokens.observe(&histogram::TOKENS, prompt as f64);
            rank.request_generation_tokens
                .observe(&histogram::TOKENS, generated as f64);
        });
        self.board.count(|stats| {
            if was_running {
                stats.running -= 1;
            } else {
                stats.waiting -= 1;
            }
            match how {
                Finished::Stop | Finished::Length => stats.finished += 1,
                Finished::Abort => stats.aborted += 1,
                Finished::Error => stats.failed += 1,
            }
        });
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if !matches!(self.phase, Phase::Over) {
            self.end(Finished::Abort);
        }
    }
}
