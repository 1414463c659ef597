//! One scrape: what the engine has counted so far.

use std::collections::BTreeMap;

use worv_api::EngineCount;

use super::histogram::Histogram;
use crate::exposition::{Sample, samples};

const PREFIX: &str = "vllm:";

/// What each data-parallel rank has counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Scrape {
    pub(super) ranks: BTreeMap<u32, Counts>,
}

/// What one rank has counted since it started, and its state. What the engine does not give is absent.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Counts {
    pub(super) running: f64,
    pub(super) waiting: f64,
    /// From 0 to 1.
    pub(super) kv_cache: Option<f64>,
    pub(super) prompt_tokens: Option<f64>,
    pub(super) generated_tokens: Option<f64>,
    pub(super) prefix_queries: Option<f64>,
    pub(super) prefix_hits: Option<f64>,
    pub(super) preemptions: Option<f64>,
    pub(super) drafts: Option<f64>,
    pub(super) draft_tokens: Option<f64>,
    pub(super) accepted_tokens: Option<f64>,
    pub(super) time_to_first_token: Histogram,
    pub(super) inter_token_latency: Histogram,
}

impl Scrape {
    /// Reads what vLLM exposes; none if there is nothing of it. Names: vLLM's `v1/metrics/loggers.py` and
    /// `v1/spec_decode/metrics.py`, the same from 0.19 to 0.33.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut scrape = Self::default();
        for sample in samples(text, PREFIX) {
            // What is counted once for all ranks has no rank.
            let Some(rank) = sample.label("engine").and_then(|rank| rank.parse().ok()) else {
                continue;
            };
            scrape.ranks.entry(rank).or_default().take(&sample);
        }
        (!scrape.ranks.is_empty()).then_some(scrape)
    }

    /// All ranks together.
    pub(super) fn total(&self) -> Counts {
        let mut total = Counts::default();
        for counts in self.ranks.values() {
            total.add(counts);
        }
        let ranks = u32::try_from(self.ranks.len()).unwrap_or(u32::MAX).max(1);
        total.kv_cache = total.kv_cache.map(|sum| sum / f64::from(ranks));
        total
    }

    /// Whether this can follow `earlier` in the same run of the engine: a counter never falls.
    pub(super) fn continues(&self, earlier: &Self) -> bool {
        let grows = |(rank, counts): (&u32, &Counts)| {
            let before = earlier.ranks.get(rank);
            before.is_some_and(|before| {
                counts.prompt_tokens >= before.prompt_tokens
                    && counts.generated_tokens >= before.generated_tokens
                    && counts.time_to_first_token.count >= before.time_to_first_token.count
            })
        };
        self.ranks.len() == earlier.ranks.len() && self.ranks.iter().all(grows)
    }
}

impl Counts {
    /// The tokens among them, as whole numbers.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counters are whole numbers from 0 up, far below 2^53"
    )]
    pub(super) fn counted(&self) -> Option<EngineCount> {
        Some(EngineCount {
            prompt_tokens: self.prompt_tokens? as u64,
            generated_tokens: self.generated_tokens? as u64,
        })
    }

    fn take(&mut self, sample: &Sample<'_>) {
        let value = sample.value;
        match sample.name.strip_prefix(PREFIX).unwrap_or(sample.name) {
            "num_requests_running" => self.running += value,
            "num_requests_waiting" => self.waiting += value,
            "kv_cache_usage_perc" => add(&mut self.kv_cache, value),
            "prompt_tokens_total" => add(&mut self.prompt_tokens, value),
            "generation_tokens_total" => add(&mut self.generated_tokens, value),
            "prefix_cache_queries_total" => add(&mut self.prefix_queries, value),
            "prefix_cache_hits_total" => add(&mut self.prefix_hits, value),
            "num_preemptions_total" => add(&mut self.preemptions, value),
            "spec_decode_num_drafts_total" => add(&mut self.drafts, value),
            "spec_decode_num_draft_tokens_total" => add(&mut self.draft_tokens, value),
            "spec_decode_num_accepted_tokens_total" => add(&mut self.accepted_tokens, value),
            name => {
                if let Some(part) = name.strip_prefix("time_to_first_token_seconds_") {
                    observe(&mut self.time_to_first_token, part, sample);
                } else if let Some(part) = name.strip_prefix("inter_token_latency_seconds_") {
                    observe(&mut self.inter_token_latency, part, sample);
                }
            }
        }
    }

    fn add(&mut self, other: &Self) {
        self.running += other.running;
        self.waiting += other.waiting;
        for (sum, part) in [
            (&mut self.kv_cache, other.kv_cache),
            (&mut self.prompt_tokens, other.prompt_tokens),
            (&mut self.generated_tokens, other.generated_tokens),
            (&mut self.prefix_queries, other.prefix_queries),
            (&mut self.prefix_hits, other.prefix_hits),
            (&mut self.preemptions, other.preemptions),
            (&mut self.drafts, other.drafts),
            (&mut self.draft_tokens, other.draft_tokens),
            (&mut self.accepted_tokens, other.accepted_tokens),
        ] {
            if let Some(part) = part {
                add(sum, part);
            }
        }
        self.time_to_first_token.add(&other.time_to_first_token);
        self.inter_token_latency.add(&other.inter_token_latency);
    }
}

fn observe(histogram: &mut Histogram, part: &str, sample: &Sample<'_>) {
    match part {
        "sum" => histogram.sum += sample.value,
        "count" => histogram.count += sample.value,
        "bucket" => {
            if let Some(bound) = sample.label("le").and_then(|bound| bound.parse().ok()) {
                histogram.add_bucket(bound, sample.value);
            }
        }
        _ => {}
    }
}

fn add(sum: &mut Option<f64>, part: f64) {
    *sum = Some(sum.unwrap_or(0.0) + part);
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO_RANKS: &str = r#"
# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="m"} 3.0
vllm:num_requests_running{engine="1",model_name="m"} 4.0
vllm:num_requests_waiting{engine="1",model_name="m"} 2.0
vllm:num_requests_waiting_by_reason{engine="1",model_name="m",reason="capacity"} 2.0
vllm:kv_cache_usage_perc{engine="0",model_name="m"} 0.25
vllm:kv_cache_usage_perc{engine="1",model_name="m"} 0.75
vllm:generation_tokens_total{engine="0",model_name="m"} 100.0
vllm:generation_tokens_created{engine="0",model_name="m"} 1.7e+09
vllm:time_to_first_token_seconds_bucket{engine="0",le="0.5",model_name="m"} 1.0
vllm:time_to_first_token_seconds_bucket{engine="0",le="+Inf",model_name="m"} 2.0
vllm:time_to_first_token_seconds_count{engine="0",model_name="m"} 2.0
vllm:time_to_first_token_seconds_sum{engine="0",model_name="m"} 1.5
vllm:admission_rejections_total{model_name="m",reason="max_num_queued_reqs"} 9.0
process_cpu_seconds_total 12.0
"#;

    #[test]
    fn each_rank_is_read_and_all_are_added_up() {
        let scrape = Scrape::read(TWO_RANKS).unwrap();
        assert_eq!(scrape.ranks.keys().copied().collect::<Vec<u32>>(), [0, 1]);
        let rank = &scrape.ranks[&1];
        assert_eq!(
            (rank.running, rank.waiting, rank.kv_cache, rank.generated_tokens),
            (4.0, 2.0, Some(0.75), None)
        );
        let total = scrape.total();
        assert_eq!(
            (total.running, total.kv_cache, total.generated_tokens),
            (7.0, Some(0.5), Some(100.0))
        );
        assert_eq!(
            (total.time_to_first_token.count, total.time_to_first_token.sum),
            (2.0, 1.5)
        );
        assert_eq!(total.drafts, None, "what the engine does not count is not zero");
    }

    #[test]
    fn what_is_not_vllm_has_no_figures() {
        assert_eq!(Scrape::read("process_cpu_seconds_total 12.0\n<html>"), None);
    }

    #[test]
    fn a_counter_that_fell_is_another_run_of_the_engine() {
        let first = Scrape::read(TWO_RANKS).unwrap();
        assert!(first.continues(&first));
        let restarted = Scrape::read(&TWO_RANKS.replace("} 100.0", "} 1.0")).unwrap();
        assert!(!restarted.continues(&first));
        let smaller = Scrape::read(&TWO_RANKS.replace("engine=\"1\"", "engine=\"0\"")).unwrap();
        assert!(!smaller.continues(&first));
    }
}
