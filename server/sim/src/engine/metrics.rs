//! What `GET /metrics` tells: vLLM's own metrics, one series per data-parallel rank.
//!
//! Names, help texts and bucket bounds are those of vLLM's `v1/metrics/loggers.py`.

pub(super) mod histogram;
mod speculation;

use std::{
    fmt::Write,
    sync::{Mutex, MutexGuard, PoisonError},
};

use self::{
    histogram::{Histogram, LATENCY, REQUEST_TIME, TIME_TO_FIRST_TOKEN, TOKENS},
    speculation::Speculation,
};

/// Tokens that the key-value cache of one rank holds.
const CACHE_TOKENS: f64 = 4_000_000.0;

/// The counts of every rank.
#[derive(Debug)]
pub(super) struct Metrics {
    model: String,
    ranks: Vec<Mutex<Rank>>,
}

/// The counts of one data-parallel rank.
#[derive(Debug, Default)]
pub(super) struct Rank {
    pub running: u64,
    pub waiting: u64,
    /// Tokens in the cache: prompts and answers of running requests.
    pub cached_tokens: u64,
    pub prompt_tokens: u64,
    pub generation_tokens: u64,
    /// By how they ended, in the order of [`FINISHED`].
    pub finished: [u64; FINISHED.len()],
    pub speculation: Speculation,
    pub time_to_first_token: Histogram<22>,
    pub inter_token_latency: Histogram<19>,
    pub time_per_output_token: Histogram<19>,
    pub end_to_end: Histogram<21>,
    pub queue_time: Histogram<21>,
    pub prefill_time: Histogram<21>,
    pub decode_time: Histogram<21>,
    pub inference_time: Histogram<21>,
    pub request_prompt_tokens: Histogram<11>,
    pub request_generation_tokens: Histogram<11>,
}

/// How requests end, in vLLM's order.
const FINISHED: [&str; 5] = ["stop", "length", "abort", "error", "repetition"];

/// An index into [`Rank::finished`].
#[derive(Clone, Copy, Debug)]
pub(super) enum Finished {
    Stop,
    Length,
    Abort,
    Error,
}

/// The text being written.
struct Page<'a> {
    text: String,
    model: &'a str,
    ranks: Vec<MutexGuard<'a, Rank>>,
}

impl Metrics {
    pub(super) fn new(model: &str, ranks: u8) -> Self {
        Self {
            model: model.to_owned(),
            ranks: (0..ranks.max(1)).map(|_| Mutex::default()).collect(),
        }
    }

    /// The rank with the fewest requests, as vLLM's own balancer chooses.
    pub(super) fn choose_rank(&self) -> usize {
        let load = |rank: &Mutex<Rank>| {
            let rank = lock(rank);
            rank.running + rank.waiting
        };
        let ranks = self.ranks.iter().enumerate();
        ranks.min_by_key(|(_, rank)| load(rank)).map_or(0, |(place, _)| place)
    }

    /// Changes the counts of one rank.
    pub(super) fn change(&self, rank: usize, change: impl FnOnce(&mut Rank)) {
        if let Some(rank) = self.ranks.get(rank) {
            change(&mut lock(rank));
        }
    }

    /// Requests running or waiting, over all ranks.
    pub(super) fn load(&self) -> u64 {
        self.ranks
            .iter()
            .map(lock)
            .map(|rank| rank.running + rank.waiting)
            .sum()
    }

    /// The page, in Prometheus's text format.
    pub(super) fn page(&self) -> String {
        let mut page = Page {
            text: String::new(),
            model: &self.model,
            ranks: self.ranks.iter().map(lock).collect(),
        };
        page.gauges();
        page.counters();
        page.histograms();
        page.speculation();
        page.text
    }
}

impl Page<'_> {
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
    fn gauges(&mut self) {
        let name = "num_requests_running";
        self.family(
            name,
            "gauge",
            "Number of requests in model execution batches.",
            |rank| rank.running as f64,
        );
        let name = "num_requests_waiting";
        self.family(name, "gauge", "Number of requests waiting to be processed.", |rank| {
            rank.waiting as f64
        });
        let help = "Number of waiting requests by reason. Reason labels: 'capacity' = waiting for scheduling capacity; \
                    'deferred' = deferred by transient constraints (LoRA budget, KV transfer, blocked status). Sum of \
                    all reasons equals vllm:num_requests_waiting.";
        let waiting = |rank: &Rank| vec![("capacity", rank.waiting as f64), ("deferred", 0.0)];
        self.labelled("num_requests_waiting_by_reason", "gauge", help, "reason", waiting);
        let help = "Engine sleep state; awake = 0 means engine is sleeping; awake = 1 means engine is awake; \
                    weights_offloaded = 1 means sleep level 1; discard_all = 1 means sleep level 2.";
        let awake = |_: &Rank| vec![("awake", 1.0), ("weights_offloaded", 0.0), ("discard_all", 0.0)];
        self.labelled("engine_sleep_state", "gauge", help, "sleep_state", awake);
        let name = "kv_cache_usage_perc";
        let used = |rank: &Rank| (rank.cached_tokens as f64 / CACHE_TOKENS).min(1.0);
        self.family(name, "gauge", "KV-cache usage. 1 means 100 percent usage.", used);
    }

    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
    fn counters(&mut self) {
        let help = "Prefix cache queries, in terms of number of queried tokens.";
        self.family("prefix_cache_queries_total", "counter", help, |rank| {
            rank.prompt_tokens as f64
        });
        let help = "Prefix cache hits, in terms of number of cached tokens.";
        self.family("prefix_cache_hits_total", "counter", help, |_| 0.0);
        let help = "Cumulative number of preemption from the engine.";
        self.family("num_preemptions_total", "counter", help, |_| 0.0);
        let help = "Number of prefill tokens processed.";
        self.family("prompt_tokens_total", "counter", help, |rank| rank.prompt_tokens as f64);
        let sources = |rank: &Rank| {
            let computed = rank.prompt_tokens as f64;
            vec![
                ("local_compute", computed),
                ("local_cache_hit", 0.0),
                ("external_kv_transfer", 0.0),
            ]
        };
        let help = "Number of prompt tokens by source.";
        self.labelled("prompt_tokens_by_source_total", "counter", help, "source", sources);
        let help = "Number of cached prompt tokens (local + external).";
        self.family("prompt_tokens_cached_total", "counter", help, |_| 0.0);
        let help = "Number of generation tokens processed.";
        self.family("generation_tokens_total", "counter", help, |rank| {
            rank.generation_tokens as f64
        });
        let finished = |rank: &Rank| {
            let counts = rank.finished.iter().map(|&count| count as f64);
            FINISHED.into_iter().zip(counts).collect()
        };
        let help = "Count of successfully processed requests.";
        self.labelled("request_success_total", "counter", help, "finished_reason", finished);
    }

    fn histograms(&mut self) {
        let help = "Number of prefill tokens processed.";
        self.histogram("request_prompt_tokens", help, &TOKENS, |rank| {
            &rank.request_prompt_tokens
        });
        let help = "Number of generation tokens processed.";
        self.histogram("request_generation_tokens", help, &TOKENS, |rank| {
            &rank.request_generation_tokens
        });
        let name = "time_to_first_token_seconds";
        let help = "Histogram of time to first token in seconds.";
        self.histogram(name, help, &TIME_TO_FIRST_TOKEN, |rank| &rank.time_to_first_token);
        let help = "Histogram of inter-token latency in seconds.";
        self.histogram("inter_token_latency_seconds", help, &LATENCY, |rank| {
            &rank.inter_token_latency
        });
        let name = "request_time_per_output_token_seconds";
        let help = "Histogram of time_per_output_token_seconds per request.";
        self.histogram(name, help, &LATENCY, |rank| &rank.time_per_output_token);
        let help = "Histogram of e2e request latency in seconds.";
        self.histogram("e2e_request_latency_seconds", help, &REQUEST_TIME, |rank| {
            &rank.end_to_end
        });
        let help = "Histogram of time spent in WAITING phase for request.";
        self.histogram("request_queue_time_seconds", help, &REQUEST_TIME, |rank| {
            &rank.queue_time
        });
        let help = "Histogram of time spent in RUNNING phase for request.";
        self.histogram("request_inference_time_seconds", help, &REQUEST_TIME, |rank| {
            &rank.inference_time
        });
        let help = "Histogram of time spent in PREFILL phase for request.";
        self.histogram("request_prefill_time_seconds", help, &REQUEST_TIME, |rank| {
            &rank.prefill_time
        });
        let help = "Histogram of time spent in DECODE phase for request.";
        self.histogram("request_decode_time_seconds", help, &REQUEST_TIME, |rank| {
            &rank.decode_time
        });
    }

    /// Shown once something was drafted, as vLLM shows it only where drafts are configured.
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
    fn speculation(&mut self) {
        if self.ranks.iter().all(|rank| rank.speculation.drafts == 0) {
            return;
        }
        let help = "Number of spec decoding drafts.";
        self.family("spec_decode_num_drafts_total", "counter", help, |rank| {
            rank.speculation.drafts as f64
        });
        let help = "Number of draft tokens.";
        self.family("spec_decode_num_draft_tokens_total", "counter", help, |rank| {
            rank.speculation.drafted as f64
        });
        let help = "Number of accepted tokens.";
        self.family("spec_decode_num_accepted_tokens_total", "counter", help, |rank| {
            rank.speculation.accepted() as f64
        });
        let help = "Accepted tokens per draft position.";
        let positions = |rank: &Rank| rank.speculation.positions();
        self.labelled(
            "spec_decode_num_accepted_tokens_per_pos_total",
            "counter",
            help,
            "position",
            positions,
        );
    }

    fn head(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "# HELP vllm:{name} {help}\n# TYPE vllm:{name} {kind}");
    }

    fn family(&mut self, name: &str, kind: &str, help: &str, value: impl Fn(&Rank) -> f64) {
        self.head(name, kind, help);
        for (engine, rank) in self.ranks.iter().enumerate() {
            let (model, value) = (self.model, value(rank));
            let _ = writeln!(
                self.text,
                "vllm:{name}{{engine=\"{engine}\",model_name=\"{model}\"}} {value:?}"
            );
        }
    }

    fn labelled<L: ToString>(
        &mut self,
        name: &str,
        kind: &str,
        help: &str,
        label: &str,
        values: impl Fn(&Rank) -> Vec<(L, f64)>,
    ) {
        self.head(name, kind, help);
        for (engine, rank) in self.ranks.iter().enumerate() {
            for (which, value) in values(rank) {
                // Labels are sorted by name.
                let mut labels = [
                    ("engine", engine.to_string()),
                    ("model_name", self.model.to_owned()),
                    (label, which.to_string()),
                ];
                labels.sort();
                let labels = labels.map(|(name, value)| format!("{name}=\"{value}\"")).join(",");
                let _ = writeln!(self.text, "vllm:{name}{{{labels}}} {value:?}");
            }
        }
    }

    fn histogram<const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        bounds: &[f64; N],
        of: impl Fn(&Rank) -> &Histogram<N>,
    ) {
        self.head(name, "histogram", help);
        for (engine, rank) in self.ranks.iter().enumerate() {
            let histogram = of(rank);
            let model = self.model;
            for (bound, count) in histogram.cumulative(bounds) {
                let _ = writeln!(
                    self.text,
                    "vllm:{name}_bucket{{engine=\"{engine}\",le=\"{bound}\",model_name=\"{model}\"}} {count}.0"
                );
            }
            let labels = format!("{{engine=\"{engine}\",model_name=\"{model}\"}}");
            let _ = writeln!(self.text, "vllm:{name}_count{labels} {}.0", histogram.count());
            let _ = writeln!(self.text, "vllm:{name}_sum{labels} {:?}", histogram.sum());
        }
    }
}

fn lock(rank: &Mutex<Rank>) -> MutexGuard<'_, Rank> {
    rank.lock().unwrap_or_else(PoisonError::into_inner)
}
