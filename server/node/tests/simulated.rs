//! The watches against the simulated vLLM, whose wire format is compared with a real one's.

use std::time::Duration;

use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use worv_api::EngineState;
use worv_core::Clock;
use worv_node::engine::{self, EngineConfig, metrics};
use worv_sim::engine::{Sim, SimOptions};

#[tokio::test]
async fn a_simulated_engine_is_up_and_its_figures_follow_its_work() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let sim = Sim::start(listener, SimOptions::instant());
    let config = EngineConfig {
        interval: Duration::from_millis(10),
        timeout: Duration::from_secs(20),
        ..EngineConfig::new(sim.url().parse().unwrap())
    };
    let cancel = CancellationToken::new();
    let mut status = engine::watch(config.clone(), Clock::System, cancel.clone());
    let up = status
        .wait_for(|status| status.state != EngineState::Starting)
        .await
        .unwrap()
        .clone();
    assert_eq!(
        (up.state, up.model.as_str(), up.max_model_len),
        (EngineState::Up, "DeepSeek-V4-Pro", Some(262_144))
    );
    assert_eq!(up.version, "0.32.0");

    let mut figures = metrics::watch(config, Clock::System, cancel);
    let idle = figures
        .wait_for(|figures| figures.sampled_at > 0)
        .await
        .unwrap()
        .clone();
    assert_eq!((idle.ranks.len(), idle.total.running, idle.total.waiting), (8, 0, 0));
    assert_eq!(
        (idle.total.kv_cache_percent, idle.total.time_to_first_token),
        (Some(0.0), None)
    );

    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let question = json!({
        "model": "DeepSeek-V4-Pro",
        "messages": [{"role": "user", "content": "Why are there tides?"}],
        "max_tokens": 50,
    });
    let answer = client
        .post(format!("{}/v1/chat/completions", sim.url()))
        .json(&question)
        .send()
        .await
        .unwrap();
    assert!(answer.status().is_success());
    figures
        .wait_for(|figures| {
            let total = &figures.total;
            total.time_to_first_token.is_some() && total.generated_tokens_per_second.is_some_and(|rate| rate > 0.0)
        })
        .await
        .unwrap();
    sim.shutdown().await;
    status
        .wait_for(|status| status.state == EngineState::Down)
        .await
        .unwrap();
}
