//! The scrapes of the last minute, and what they say about it.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;
use worv_api::{EngineFigures, EngineMetrics, EngineRank};
use worv_core::UnixMillis;

use super::scrape::{Counts, Scrape};

/// Over this long rates are taken: short enough to follow, long enough to hold several steps of the engine.
const RATES: Duration = Duration::from_secs(5);
/// Over this long shares and latencies are taken, which need many requests to mean something.
const SHARES: Duration = Duration::from_mins(1);

/// The scrapes of the last minute, oldest first.
#[derive(Default)]
pub(super) struct Window {
    scrapes: VecDeque<Timed>,
}

struct Timed {
    at: Instant,
    total: Counts,
    scrape: Scrape,
}

/// The state now, and what to compare it with.
struct Comparison<'window> {
    now: &'window Counts,
    /// The counts of about five seconds ago, and how long ago that is in seconds.
    rates: Option<(&'window Counts, f64)>,
    /// The counts of about a minute ago.
    shares: Option<&'window Counts>,
}

impl Window {
    /// Takes a scrape in and gives the figures that it leads to.
    pub(super) fn take(&mut self, at: Instant, now: UnixMillis, scrape: Scrape) -> EngineMetrics {
        let restarted = self.scrapes.back().is_some_and(|last| !scrape.continues(&last.scrape));
        if restarted {
            self.scrapes.clear();
        }
        let total = scrape.total();
        self.scrapes.push_back(Timed { at, total, scrape });
        while self.scrapes.len() > 2 && self.scrapes.get(1).is_some_and(|next| at - next.at >= SHARES) {
            self.scrapes.pop_front();
        }
        self.metrics(now)
    }

    fn metrics(&self, now: UnixMillis) -> EngineMetrics {
        let Some(newest) = self.scrapes.back() else {
            return EngineMetrics::default();
        };
        let rates = self.since(newest.at, RATES);
        let shares = self.since(newest.at, SHARES);
        let seconds = |earlier: &Timed| (newest.at - earlier.at).as_secs_f64();
        let total = Comparison {
            now: &newest.total,
            rates: rates.map(|earlier| (&earlier.total, seconds(earlier))),
            shares: shares.map(|earlier| &earlier.total),
        };
        let rank = |(&rank, now)| {
            let comparison = Comparison {
                now,
                rates: rates.and_then(|earlier| Some((earlier.scrape.ranks.get(&rank)?, seconds(earlier)))),
                shares: shares.and_then(|earlier| earlier.scrape.ranks.get(&rank)),
            };
            EngineRank {
                rank,
                figures: comparison.figures(),
            }
        };
        EngineMetrics {
            sampled_at: now.0,
            detail: String::new(),
            total: total.figures(),
            ranks: newest.scrape.ranks.iter().map(rank).collect(),
            counted: newest.total.counted(),
        }
    }

    /// The scrape of `ago` before `newest`, or the oldest if there is none that old; none if there is no other.
    fn since(&self, newest: Instant, ago: Duration) -> Option<&Timed> {
        let old_enough = |scrape: &&Timed| newest - scrape.at >= ago;
        let earlier = self.scrapes.iter().rev().find(old_enough).or(self.scrapes.front());
        earlier.filter(|earlier| earlier.at < newest)
    }
}

impl Comparison<'_> {
    fn figures(&self) -> EngineFigures {
        let drafts = self.grown(|counts| counts.drafts);
        let accepted = self.grown(|counts| counts.accepted_tokens);
        EngineFigures {
            running: whole(self.now.running),
            waiting: whole(self.now.waiting),
            kv_cache_percent: self.now.kv_cache.map(|share| 100.0 * share),
            prompt_tokens_per_second: self.rate(|counts| counts.prompt_tokens),
            generated_tokens_per_second: self.rate(|counts| counts.generated_tokens),
            prefix_cache_hit_percent: percent(
                self.grown(|counts| counts.prefix_hits),
                self.grown(|counts| counts.prefix_queries),
            ),
            preemptions: self.grown(|counts| counts.preemptions).map(|count| whole(count).into()),
            time_to_first_token: self.shares.and_then(|earlier| {
                self.now
                    .time_to_first_token
                    .since(&earlier.time_to_first_token)
                    .latency()
            }),
            inter_token_latency: self.shares.and_then(|earlier| {
                self.now
                    .inter_token_latency
                    .since(&earlier.inter_token_latency)
                    .latency()
            }),
            speculation_accepted_percent: percent(accepted, self.grown(|counts| counts.draft_tokens)),
            speculation_length: ratio(accepted, drafts).map(|length| 1.0 + length),
        }
    }

    /// How much a counter has grown each second.
    fn rate(&self, counter: impl Fn(&Counts) -> Option<f64>) -> Option<f64> {
        let (earlier, seconds) = self.rates?;
        Some((counter(self.now)? - counter(earlier)?) / seconds)
    }

    /// How much a counter has grown in the last minute.
    fn grown(&self, counter: impl Fn(&Counts) -> Option<f64>) -> Option<f64> {
        Some(counter(self.now)? - counter(self.shares?)?)
    }
}

fn ratio(part: Option<f64>, whole: Option<f64>) -> Option<f64> {
    let (part, whole) = part.zip(whole)?;
    (whole > 0.0).then(|| part / whole)
}

fn percent(part: Option<f64>, whole: Option<f64>) -> Option<f64> {
    ratio(part, whole).map(|share| 100.0 * share)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float's conversion saturates, and a count is never negative"
)]
fn whole(count: f64) -> u32 {
    count.round() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A rank that has generated a number of tokens, of which it had speculated some.
    fn scrape(generated: f64) -> Scrape {
        let text = format!(
            "vllm:num_requests_running{{engine=\"0\"}} 2\n\
             vllm:generation_tokens_total{{engine=\"0\"}} {generated}\n\
             vllm:prefix_cache_queries_total{{engine=\"0\"}} {queries}\n\
             vllm:prefix_cache_hits_total{{engine=\"0\"}} {hits}\n\
             vllm:spec_decode_num_drafts_total{{engine=\"0\"}} {drafts}\n\
             vllm:spec_decode_num_draft_tokens_total{{engine=\"0\"}} {draft_tokens}\n\
             vllm:spec_decode_num_accepted_tokens_total{{engine=\"0\"}} {accepted}\n",
            queries = generated * 4.0,
            hits = generated,
            drafts = generated,
            draft_tokens = generated * 2.0,
            accepted = generated * 1.5,
        );
        Scrape::read(&text).unwrap()
    }

    /// The figures after scrapes at these seconds, with what was generated by then.
    fn after(scrapes: &[(u64, f64)]) -> EngineMetrics {
        let start = Instant::now();
        let mut window = Window::default();
        let mut metrics = EngineMetrics::default();
        for &(second, generated) in scrapes {
            metrics = window.take(start + Duration::from_secs(second), UnixMillis(7), scrape(generated));
        }
        metrics
    }

    fn close(one: Option<f64>, other: f64) -> bool {
        one.is_some_and(|one| (one - other).abs() < 1e-9)
    }

    #[test]
    fn one_scrape_says_what_is_and_nothing_about_what_happened() {
        let metrics = after(&[(0, 100.0)]);
        assert_eq!((metrics.sampled_at, metrics.total.running), (7, 2));
        assert_eq!(metrics.total.generated_tokens_per_second, None);
        assert_eq!(metrics.total.prefix_cache_hit_percent, None);
    }

    #[test]
    fn rates_are_of_the_last_five_seconds_and_shares_of_the_last_minute() {
        let mut scrapes: Vec<(u64, f64)> = (0..=90).map(|second| (second, 0.0)).collect();
        scrapes.extend([(91, 10.0), (92, 20.0), (93, 30.0), (94, 40.0), (95, 50.0)]);
        let figures = after(&scrapes).total;
        assert!(close(figures.generated_tokens_per_second, 10.0), "{figures:?}");
        assert!(close(figures.prefix_cache_hit_percent, 25.0), "{figures:?}");
        assert!(close(figures.speculation_accepted_percent, 75.0), "{figures:?}");
        assert!(close(figures.speculation_length, 2.5), "{figures:?}");
        assert_eq!(figures.time_to_first_token, None);

        scrapes.extend((96..=155).map(|second| (second, 50.0)));
        let figures = after(&scrapes).total;
        assert!(close(figures.generated_tokens_per_second, 0.0), "{figures:?}");
        assert_eq!(
            figures.prefix_cache_hit_percent, None,
            "nothing was asked of the cache for a minute"
        );
    }

    #[test]
    fn a_restarted_engine_is_not_compared_with_the_one_before() {
        let figures = after(&[(0, 100.0), (1, 200.0), (2, 5.0)]).total;
        assert_eq!(figures.generated_tokens_per_second, None);
        let figures = after(&[(0, 100.0), (1, 200.0), (2, 5.0), (3, 8.0)]).total;
        assert!(close(figures.generated_tokens_per_second, 3.0), "{figures:?}");
    }

    #[test]
    fn every_rank_has_its_own_figures() {
        let metrics = after(&[(0, 0.0), (2, 8.0)]);
        let [rank] = &metrics.ranks[..] else {
            panic!("{metrics:?}");
        };
        assert_eq!((rank.rank, rank.figures), (0, metrics.total));
    }
}
