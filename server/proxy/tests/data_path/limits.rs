//! What keys may do: limits on requests and tokens, models, lengths of answers; and how refusals read in each dialect.

use std::{collections::HashMap, time::Duration};

use futures::future::join_all;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use worv_core::{
    UnixMillis,
    key::{KeyGrant, KeyId, KeySettings},
};
use worv_proxy::{GatewayConfig, KeyShare, SpentElsewhere};
use worv_sim::engine::{Sim, SimOptions};

use crate::support::{Answer, Engine, KEY, NOW, Running, grant, keys};

const CHAT: &str = "/v1/chat/completions";
const MESSAGES: &str = "/v1/messages";

fn with(settings: KeySettings) -> KeyGrant {
    KeyGrant { settings, ..grant(1) }
}

fn asking(max_tokens: u64) -> Value {
    json!({"model": "live", "max_tokens": max_tokens, "messages": [{"role": "user", "content": "Tell me about rivers."}]})
}

/// A gateway in front of a simulated engine, with one key.
#[expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]
async fn simulated(settings: KeySettings) -> (Sim, Running) {
    let sim = Sim::start(TcpListener::bind("127.0.0.1:0").await.unwrap(), SimOptions::instant());
    let running = Running::start(sim.url()).await;
    running.serve("DeepSeek-V4-Pro", 262_144);
    running.gateway.replace_keys(keys([(KEY, with(settings))]));
    (sim, running)
}

#[tokio::test]
async fn requests_in_a_minute_are_limited_and_the_headers_say_so_in_each_dialect() {
    let (_sim, running) = simulated(KeySettings {
        requests_per_minute: Some(2),
        tokens_per_minute: Some(1_000_000),
        ..KeySettings::default()
    })
    .await;
    let first = Answer::of(running.post(CHAT, &asking(8))).await;
    assert_eq!(
        (
            first.header("x-ratelimit-limit-requests"),
            first.header("x-ratelimit-remaining-requests"),
            first.header("x-ratelimit-reset-requests"),
            first.header("x-ratelimit-limit-tokens"),
        ),
        (Some("2"), Some("1"), Some("1m0s"), Some("1000000"))
    );
    // Refused for what it asks, so it does not count.
    let refused = Answer::of(running.post(CHAT, &asking(0))).await;
    assert_eq!(
        (
            refused.status.as_u16(),
            refused.header("x-ratelimit-remaining-requests")
        ),
        (400, Some("1"))
    );
    let second = Answer::of(running.post(MESSAGES, &asking(8))).await;
    assert_eq!(
        (
            second.status.as_u16(),
            second.header("anthropic-ratelimit-requests-limit"),
            second.header("anthropic-ratelimit-requests-remaining"),
            second.header("anthropic-ratelimit-requests-reset"),
        ),
        (200, Some("2"), Some("0"), Some("2027-01-15T08:01:00Z"))
    );
    assert!(second.header("anthropic-ratelimit-tokens-remaining").is_some());
    for (path, kind) in [(CHAT, "rate_limit_error"), (MESSAGES, "rate_limit_error")] {
        let refused = Answer::of(running.post(path, &asking(8))).await;
        assert_eq!(
            (
                refused.status.as_u16(),
                refused.header("retry-after"),
                refused.header("x-should-retry")
            ),
            (429, Some("60"), None),
            "{path}"
        );
        assert_eq!(refused.json()["error"]["type"], kind, "{path}");
    }
    running.clock.advance(Duration::from_mins(1));
    assert_eq!(Answer::of(running.post(CHAT, &asking(8))).await.status.as_u16(), 200);
}

#[tokio::test]
async fn two_hundred_at_once_against_a_budget_for_fifty_never_admit_a_fifty_first() {
    let (sim, mut running) = simulated(KeySettings::default()).await;
    Answer::of(running.post(CHAT, &asking(8))).await;
    let record = running.record().await;
    let most = record.prompt_tokens + 8;
    running.gateway.replace_keys(keys([(
        KEY,
        KeyGrant {
            id: KeyId(2),
            ..with(KeySettings {
                budget_day: Some(50 * most),
                ..KeySettings::default()
            })
        },
    )]));
    let before = sim.stats().finished;
    let answers = join_all((0..200).map(|_| Answer::of(running.post(CHAT, &asking(8))))).await;
    let admitted = answers.iter().filter(|answer| answer.status.as_u16() == 200).count();
    assert!((1..=50).contains(&admitted), "{admitted}");
    let mut used = 0;
    for _ in 0..admitted {
        let record = running.record().await;
        used += record.prompt_tokens + record.completion_tokens;
    }
    assert!(used <= 50 * most && running.has_no_more_records(), "{used}");
    assert_eq!(sim.stats().finished - before, admitted as u64);
    for refused in answers.iter().filter(|answer| answer.status.as_u16() != 200) {
        assert_eq!(refused.status.as_u16(), 429, "{refused:?}");
    }
    // One after the other, the rest of the budget is given out to the last request that fits.
    let mut left = 50 * most - used;
    while left >= most {
        let answer = Answer::of(running.post(CHAT, &asking(8))).await;
        assert_eq!(
            answer.status.as_u16(),
            200,
            "{left} are left of {}: {answer:?}",
            50 * most
        );
        let record = running.record().await;
        left -= record.prompt_tokens + record.completion_tokens;
    }
    let refused = Answer::of(running.post(CHAT, &asking(8))).await;
    assert_eq!(
        (
            refused.status.as_u16(),
            refused.header("retry-after"),
            refused.header("x-should-retry")
        ),
        (429, Some("57600"), Some("false"))
    );
    assert_eq!(refused.json()["error"]["code"], "insufficient_quota");
}

#[tokio::test]
async fn what_the_database_knows_to_be_spent_counts() {
    let (_sim, running) = simulated(KeySettings {
        budget_month: Some(1_000),
        ..KeySettings::default()
    })
    .await;
    let spent = SpentElsewhere {
        as_of: NOW,
        day: 0,
        month: 990,
    };
    running.gateway.replace_spent(&HashMap::from([(KeyId(1), spent)]));
    assert_eq!(Answer::of(running.post(CHAT, &asking(8))).await.status.as_u16(), 429);
    running.gateway.replace_spent(&HashMap::new());
    assert_eq!(Answer::of(running.post(CHAT, &asking(8))).await.status.as_u16(), 200);
    running
        .gateway
        .replace_shares(&HashMap::from([(KeyId(1), KeyShare::part(0.01))]), 1.0);
    assert_eq!(Answer::of(running.post(CHAT, &asking(8))).await.status.as_u16(), 429);
    let demand = running.gateway.demand();
    assert_eq!((demand.len(), demand[0].key, demand[0].requests), (1, KeyId(1), 3));
}

#[tokio::test]
async fn requests_under_way_are_limited_until_they_end_in_any_way() {
    let engine = Engine::start().await;
    let running = Running::start(engine.url()).await;
    running.gateway.replace_keys(keys([(
        KEY,
        with(KeySettings {
            concurrency: Some(1),
            ..KeySettings::default()
        }),
    )]));
    let request = json!({"model": "m", "messages": [], "stream": true});
    for end in ["left", "broken", "refused", "done"] {
        let caller = tokio::spawn(Answer::of(running.post(CHAT, &request)));
        let mut exchange = engine.accept().await;
        let second = Answer::of(running.post(CHAT, &request)).await;
        assert_eq!(
            (second.status.as_u16(), second.header("retry-after")),
            (429, Some("1")),
            "{end}"
        );
        match end {
            "left" => {
                caller.abort();
                exchange.closed().await;
                running.gateway.drained().await;
                continue;
            }
            "broken" => {
                exchange.begin_stream().await;
                drop(exchange);
            }
            "refused" => exchange.answer("400 Bad Request", "application/json", "{}").await,
            _ => exchange.answer("200 OK", "application/json", "{}").await,
        }
        drop(caller.await.unwrap());
        running.gateway.drained().await;
    }
}

#[tokio::test]
async fn a_list_of_models_is_judged_on_what_is_live_by_whatever_name() {
    let (_sim, running) = simulated(KeySettings {
        models: Some(vec!["kimi-k2.6".to_owned()]),
        ..KeySettings::default()
    })
    .await;
    for name in ["live", "kimi-k2.6", "claude-opus-4-5", "DeepSeek-V4-Pro"] {
        let mut request = asking(8);
        request["model"] = name.into();
        for (path, kind) in [(CHAT, "permission_error"), (MESSAGES, "permission_error")] {
            let refused = Answer::of(running.post(path, &request)).await;
            assert_eq!(
                (refused.status.as_u16(), refused.header("x-should-retry")),
                (403, Some("false")),
                "{name}"
            );
            assert_eq!(refused.json()["error"]["type"], kind);
        }
    }
    let models = Answer::of(
        running
            .client
            .get(format!("{}/v1/models", running.url))
            .bearer_auth(KEY),
    )
    .await;
    assert_eq!(models.json()["data"], json!([]));
    running.serve("Kimi-K2.6", 262_144);
    let models = Answer::of(
        running
            .client
            .get(format!("{}/v1/models", running.url))
            .bearer_auth(KEY),
    )
    .await;
    assert_eq!(models.json()["data"][0]["id"], "Kimi-K2.6");
}

#[tokio::test]
async fn a_key_has_its_own_longest_answer_and_its_own_wish_about_names() {
    let engine = Engine::start().await;
    let running = Running::start(engine.url()).await;
    running.serve("m", 262_144);
    running.gateway.replace_keys(keys([(
        KEY,
        with(KeySettings {
            max_output_tokens: Some(100),
            echo_model: true,
            ..KeySettings::default()
        }),
    )]));
    let request = json!({"model": "live", "max_tokens": 9_000, "messages": []});
    let answer = tokio::spawn(Answer::of(running.post(CHAT, &request)));
    let mut exchange = engine.accept().await;
    assert!(exchange.body.contains("\"max_tokens\":100"), "{}", exchange.body);
    exchange.answer("200 OK", "application/json", r#"{"model":"m"}"#).await;
    let answer = answer.await.unwrap();
    assert_eq!(
        (answer.header("x-worv-max-output-tokens"), &*answer.body),
        (Some("100"), r#"{"model":"live"}"#)
    );
}

#[tokio::test]
async fn the_limits_can_be_asked_for_at_no_cost() {
    let (_sim, running) = simulated(KeySettings {
        requests_per_minute: Some(10),
        tokens_per_minute: Some(5_000),
        budget_day: Some(100_000),
        concurrency: Some(3),
        max_output_tokens: Some(700),
        ..KeySettings::default()
    })
    .await;
    Answer::of(running.post(CHAT, &asking(8))).await;
    running.gateway.drained().await;
    let ask = || running.client.get(format!("{}/v1/limits", running.url));
    let limits = Answer::of(ask().bearer_auth(KEY)).await.json();
    let used = 5_000 - limits["tokens_per_minute"]["remaining"].as_u64().unwrap();
    assert!((9..200).contains(&used), "{limits}");
    let expected = json!({
        "object": "limits", "key": "key 1", "expires_at": null, "models": null,
        "max_output_tokens": 700, "max_context_tokens": 202_752,
        "requests_per_minute": {"limit": 10, "remaining": 9, "reset_seconds": 60},
        "tokens_per_minute": {"limit": 5_000, "remaining": 5_000 - used, "reset_seconds": 60},
        "concurrency": {"limit": 3, "under_way": 0},
        "budget_day": {"limit": 100_000, "remaining": 100_000 - used, "resets_at": "2027-01-16T00:00:00Z"},
        "budget_month": null,
    });
    assert_eq!(limits, expected);
    assert_eq!(Answer::of(ask()).await.status.as_u16(), 401);
    let anthropic = Answer::of(ask().header("x-api-key", "wrong")).await;
    assert_eq!(
        (anthropic.status.as_u16(), &anthropic.json()["type"]),
        (401, &json!("error"))
    );
}

#[tokio::test]
async fn a_full_engine_makes_requests_wait_and_a_full_queue_refuses_them() {
    let engine = Engine::start().await;
    let config = GatewayConfig {
        engine_url: engine.url(),
        concurrency: 1,
        queue_length: 1,
        ..GatewayConfig::default()
    };
    let mut running = Running::start_without_keys(config).await;
    running.gateway.replace_keys(keys([(KEY, grant(1))]));
    let request = json!({"model": "m", "messages": []});
    let first = tokio::spawn(Answer::of(running.post(CHAT, &request)));
    let mut exchange = engine.accept().await;
    let second = tokio::spawn(Answer::of(running.post(CHAT, &request)));
    while running.gateway.counters().waiting == 0 {
        tokio::task::yield_now().await;
    }
    for (path, kind) in [(CHAT, "server_error"), (MESSAGES, "api_error")] {
        let refused = Answer::of(running.post(path, &request)).await;
        assert_eq!(refused.status.as_u16(), 503);
        assert!(refused.header("retry-after").is_some());
        assert_eq!(refused.json()["error"]["type"], kind);
    }
    exchange.answer("200 OK", "application/json", "{}").await;
    let mut exchange = exchange.next().await;
    exchange.answer("200 OK", "application/json", "{}").await;
    for answer in [first, second] {
        assert_eq!(answer.await.unwrap().status.as_u16(), 200);
        running.record().await;
    }
    assert!(running.has_no_more_records(), "what was refused leaves no record");
}

#[tokio::test]
async fn an_expired_key_is_told_apart_from_a_limit() {
    let (_sim, running) = simulated(KeySettings::default()).await;
    let expired = KeyGrant {
        expires_at: Some(UnixMillis(NOW.0 + 1_000)),
        ..grant(1)
    };
    running.gateway.replace_keys(keys([(KEY, expired)]));
    assert_eq!(Answer::of(running.post(CHAT, &asking(8))).await.status.as_u16(), 200);
    running.clock.advance(Duration::from_secs(1));
    assert_eq!(Answer::of(running.post(CHAT, &asking(8))).await.status.as_u16(), 401);
}
