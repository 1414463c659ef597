//! The metrics page, against the recorded one.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    time::Duration,
};

use serde_json::{Value, json};
use worv_sim::engine::SimOptions;

use crate::client::{Fixture, chat};

/// A family of metrics: help, type and the labels of its samples without the engine's number.
#[derive(Debug, Default, PartialEq, Eq)]
struct Family {
    help: String,
    kind: String,
    samples: BTreeSet<String>,
}

fn families(page: &str) -> BTreeMap<String, Family> {
    let mut families = BTreeMap::<String, Family>::new();
    let mut name = String::new();
    for line in page.lines().filter(|line| line.contains("vllm:")) {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (family, help) = help.split_once(' ').unwrap();
            name = family.to_owned();
            help.clone_into(&mut families.entry(name.clone()).or_default().help);
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            kind.split_once(' ')
                .unwrap()
                .1
                .clone_into(&mut families.entry(name.clone()).or_default().kind);
        } else {
            let (sample, _) = line.rsplit_once(' ').unwrap();
            let labels = sample
                .split(',')
                .filter(|label| !label.contains("engine="))
                .collect::<Vec<_>>()
                .join(",");
            let name_only = sample.split('{').next().unwrap();
            families
                .get_mut(&name)
                .unwrap()
                .samples
                .insert(format!("{name_only} {}", labels.replace(name_only, "")));
        }
    }
    families
}

/// The value of a sample, by its name and the start of its labels.
fn value(page: &str, sample: &str) -> f64 {
    let line = page
        .lines()
        .find(|line| line.starts_with(sample))
        .unwrap_or_else(|| panic!("no {sample}"));
    line.rsplit_once(' ').unwrap().1.parse().unwrap()
}

#[tokio::test]
async fn families_are_written_as_the_real_one_writes_them() {
    let recording = Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings/0.32.0/get-metrics.json");
    let recording: Value = serde_json::from_slice(&fs::read(recording).unwrap()).unwrap();
    let recorded = families(recording["response"]["body"].as_str().unwrap());
    let fixture = Fixture::start(SimOptions::instant()).await;
    let simulated = families(&fixture.get("/metrics").await.text().await.unwrap());
    assert!(simulated.len() > 20, "only {} families", simulated.len());
    for (name, family) in &simulated {
        assert_eq!(Some(family), recorded.get(name), "{name}");
    }
}

#[tokio::test]
async fn drafts_are_counted_where_there_are_any() {
    let fixture = Fixture::start(SimOptions {
        data_parallel_size: 1,
        ..SimOptions::instant()
    })
    .await;
    fixture.sim.knobs().turn(|knobs| knobs.tokens_per_chunk = 3);
    let said = fixture
        .chat(&chat("Hello", &json!({"ignore_eos": true, "max_tokens": 3000})))
        .await;
    assert_eq!(said.usage["completion_tokens"], 3000);
    let page = fixture.get("/metrics").await.text().await.unwrap();
    let total = |name: &str| value(&page, &format!("vllm:spec_decode_num_{name}_total"));
    let (drafts, drafted, accepted) = (total("drafts"), total("draft_tokens"), total("accepted_tokens"));
    assert!((drafted - 2.0 * drafts).abs() < f64::EPSILON, "{drafts} {drafted}");
    // Accepted at the first place three times in four, at the second nine times in sixteen.
    let rate = accepted / drafted;
    assert!((0.6..0.72).contains(&rate), "{rate} of the drafts were accepted");
    // Every step makes one token of its own; the last one may be cut short by the limit.
    assert!((drafts + accepted - 3000.0).abs() <= 2.0, "{drafts} + {accepted}");
    let first = value(
        &page,
        "vllm:spec_decode_num_accepted_tokens_per_pos_total{engine=\"0\",model_name=\"DeepSeek-V4-Pro\",position=\"0\"",
    );
    assert!(first > accepted / 2.0, "{first} of {accepted}");
}

#[tokio::test]
async fn every_rank_has_its_own_counts_and_requests_are_spread() {
    let mut options = SimOptions::instant();
    options.knobs.time_to_first_token = Duration::from_hours(1);
    let fixture = Fixture::start(options).await;
    let mut streams = Vec::new();
    for _ in 0..8 {
        streams.push(
            fixture
                .post("/v1/chat/completions", &chat("Hello", &json!({"stream": true})))
                .await,
        );
    }
    fixture.sim.until(|stats| stats.running == 8).await;
    let page = fixture.get("/metrics").await.text().await.unwrap();
    for engine in 0..8 {
        let running = value(&page, &format!("vllm:num_requests_running{{engine=\"{engine}\""));
        assert!((running - 1.0).abs() < f64::EPSILON, "rank {engine} runs {running}");
    }
    fixture
        .sim
        .knobs()
        .turn(|knobs| knobs.time_to_first_token = Duration::ZERO);
    for stream in streams {
        stream.text().await.unwrap();
    }
    let page = fixture.get("/metrics").await.text().await.unwrap();
    let finished = "vllm:request_success_total{engine=\"7\",finished_reason=\"stop\"";
    assert!((value(&page, finished) - 1.0).abs() < f64::EPSILON);
    assert!(value(&page, "vllm:generation_tokens_total{engine=\"7\"") > 10.0);
    assert!(value(&page, "vllm:kv_cache_usage_perc{engine=\"7\"").abs() < f64::EPSILON);
}
