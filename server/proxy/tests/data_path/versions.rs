//! What differs between the engine's versions, row by row of their table: what a caller sees of it is the same in all.

use serde_json::{Value, json};
use tokio::net::TcpListener;
use worv_core::usage::{Outcome, UsageRecord};
use worv_sim::engine::{Sim, SimOptions, Version};

use crate::support::{Answer, Running};

const CHAT: &str = "/v1/chat/completions";
const MESSAGES: &str = "/v1/messages";
const RESPONSES: &str = "/v1/responses";

/// The window of the engines here, in tokens.
const WINDOW: u64 = 2_000;

/// A request with members of its own.
#[expect(clippy::unwrap_used, reason = "what is no object fails the test")]
fn asking(members: &Value) -> Value {
    let mut request =
        json!({"model": "live", "max_tokens": 300, "messages": [{"role": "user", "content": "Tell me about rivers."}]});
    request
        .as_object_mut()
        .unwrap()
        .extend(members.as_object().unwrap().clone());
    request
}

/// What each version answers through the gateway, with its usage record where there is one.
#[expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]
async fn every(path: &str, request: &Value) -> Vec<(Version, Answer, Option<UsageRecord>)> {
    let mut answers = Vec::new();
    for version in Version::ALL {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sim = Sim::start(
            listener,
            SimOptions {
                version,
                max_model_len: WINDOW,
                ..SimOptions::instant()
            },
        );
        let mut running = Running::start(sim.url()).await;
        running.serve("DeepSeek-V4-Pro", WINDOW);
        running.gateway.probe_engine().await;
        let answer = Answer::of(running.post(path, request)).await;
        running.gateway.drained().await;
        answers.push((version, answer, running.next_record()));
    }
    answers
}

/// Whether a whole answer has reasoning in it.
fn thinks(answer: &Answer) -> bool {
    let body = answer.json();
    let of_message = body["content"][0]["type"] == "thinking";
    let of_response = body["output"][0]["type"] == "reasoning";
    of_message || of_response || body["choices"][0]["message"]["reasoning"].is_string()
}

async fn all_think(path: &str, members: &Value, expected: bool) {
    for (version, answer, _) in every(path, &asking(members)).await {
        assert_eq!(answer.status.as_u16(), 200, "{path} {members} {version} {answer:?}");
        assert_eq!(thinks(&answer), expected, "{path} {members} {version}");
    }
}

#[tokio::test]
async fn the_default_is_to_think_on_every_version() {
    all_think(CHAT, &json!({}), true).await;
    all_think(MESSAGES, &json!({}), true).await;
}

#[tokio::test]
async fn every_effort_is_accepted_and_none_switches_thinking_off() {
    for effort in ["minimal", "low", "medium", "high", "xhigh", "max"] {
        all_think(CHAT, &json!({"reasoning_effort": effort}), true).await;
    }
    all_think(CHAT, &json!({"reasoning_effort": "none"}), false).await;
}

#[tokio::test]
async fn messages_heed_template_arguments_effort_and_thinking() {
    for (members, expected) in [
        (json!({"chat_template_kwargs": {"thinking": false}}), false),
        (json!({"output_config": {"effort": "none"}}), false),
        (json!({"output_config": {"effort": "max"}}), true),
        (
            json!({"thinking": {"type": "disabled"}, "output_config": {"effort": "high"}}),
            false,
        ),
        (json!({"thinking": {"type": "adaptive"}}), true),
        (json!({"model": "claude-opus-4-5-nonthinking"}), false),
    ] {
        all_think(MESSAGES, &members, expected).await;
    }
}

#[tokio::test]
async fn responses_heed_thinking_from_the_version_that_reads_template_arguments_there() {
    let request = json!({"model": "live-nonthinking", "input": "Tell me about rivers.", "max_output_tokens": 300});
    for (version, answer, _) in every(RESPONSES, &request).await {
        assert_eq!(answer.status.as_u16(), 200, "{version} {answer:?}");
        assert!(version < Version::V0_22_1 || !thinks(&answer), "{version}");
    }
}

#[tokio::test]
async fn system_turns_among_the_messages_are_accepted() {
    let turns = json!([{"role": "user", "content": "Hello"}, {"role": "system", "content": "Be brief."}, {"role": "user", "content": "Go on."}]);
    for (version, answer, _) in every(MESSAGES, &asking(&json!({"messages": turns}))).await {
        assert_eq!(answer.status.as_u16(), 200, "{version} {answer:?}");
    }
}

#[tokio::test]
async fn a_message_begins_with_type_and_role_and_ends_with_its_usage() {
    for (version, answer, record) in every(MESSAGES, &asking(&json!({"stream": true}))).await {
        let events: Vec<Value> = answer
            .body
            .lines()
            .filter_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok())
            .collect();
        let start = &events[0]["message"];
        assert_eq!(
            (&start["type"], &start["role"]),
            (&json!("message"), &json!("assistant")),
            "{version}"
        );
        let record = record.unwrap();
        assert_eq!(record.outcome, Outcome::Done, "{version}");
        let delta = events.iter().find(|event| event["type"] == "message_delta");
        assert_eq!(
            delta.unwrap()["usage"]["output_tokens"],
            record.completion_tokens,
            "{version}"
        );
        let input = &start["usage"];
        let of_prompt = ["input_tokens", "cache_read_input_tokens"].map(|name| input[name].as_u64().unwrap_or(0));
        assert_eq!(of_prompt.iter().sum::<u64>(), record.prompt_tokens, "{version}");
    }
}

#[tokio::test]
async fn errors_have_anthropics_names() {
    for (version, answer, _) in every(MESSAGES, &asking(&json!({"messages": "none"}))).await {
        assert_eq!(answer.status.as_u16(), 400, "{version} {answer:?}");
        assert_eq!(answer.json()["error"]["type"], "invalid_request_error", "{version}");
        assert_eq!(answer.json()["type"], "error", "{version}");
    }
}

#[tokio::test]
async fn a_prompt_beyond_the_window_is_the_callers_to_cure_in_its_own_words() {
    let text = "word ".repeat(6_000);
    let long = json!({"messages": [{"role": "user", "content": text}]});
    for (version, answer, _) in every(MESSAGES, &asking(&long)).await {
        let message = answer.json()["error"]["message"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        assert_eq!(answer.status.as_u16(), 400, "{version}");
        assert!(message.starts_with("prompt is too long: "), "{version} {message}");
    }
    for (version, answer, _) in every(CHAT, &asking(&long)).await {
        let code = answer.json()["error"]["code"].clone();
        assert_eq!(
            (answer.status.as_u16(), code),
            (400, json!("context_length_exceeded")),
            "{version}"
        );
    }
}

#[tokio::test]
async fn more_than_the_window_leaves_is_granted_as_much_as_it_leaves() {
    let text = "word ".repeat(1_000);
    let long = json!({"messages": [{"role": "user", "content": text}], "max_tokens": 32_000, "thinking": {"type": "enabled", "budget_tokens": 31_999}});
    for path in [CHAT, MESSAGES] {
        for (version, answer, record) in every(path, &asking(&long)).await {
            assert_eq!(answer.status.as_u16(), 200, "{path} {version} {answer:?}");
            let record = record.unwrap();
            let granted = record.granted_tokens.unwrap();
            assert_eq!(granted, WINDOW - 512 - record.prompt_tokens, "{path} {version}");
            assert!(
                record.clamped && record.completion_tokens <= granted,
                "{path} {version}"
            );
        }
    }
}

#[tokio::test]
async fn a_long_conversation_of_responses_is_granted_about_what_it_leaves() {
    let turn = |words| json!({"role": "user", "content": [{"type": "input_text", "text": "word ".repeat(words)}]});
    let long = json!({"model": "live", "input": [turn(300), turn(300)], "max_output_tokens": 32_000});
    for (version, answer, record) in every(RESPONSES, &long).await {
        assert_eq!(answer.status.as_u16(), 200, "{version} {answer:?}");
        let record = record.unwrap();
        let left = WINDOW - 512 - record.prompt_tokens;
        let granted = record.granted_tokens.unwrap();
        assert!(
            (left - left / 10..=left).contains(&granted),
            "{version} {granted} of {left}"
        );
    }
    let too_long = json!({"model": "live", "input": [turn(6_000)]});
    for (version, answer, _) in every(RESPONSES, &too_long).await {
        let error = &answer.json()["error"];
        assert_eq!(
            (answer.status.as_u16(), &error["code"], &error["param"]),
            (400, &json!("context_length_exceeded"), &json!("input")),
            "{version}"
        );
    }
}

#[tokio::test]
async fn reasoning_is_counted_where_the_engine_counts_it() {
    for (version, answer, record) in every(CHAT, &asking(&json!({}))).await {
        let told = &answer.json()["usage"]["completion_tokens_details"]["reasoning_tokens"];
        assert_eq!(
            record.unwrap().reasoning_tokens,
            told.as_u64().unwrap_or(0),
            "{version}"
        );
        assert_eq!(told.is_u64(), version >= Version::V0_32_0, "{version}");
    }
}
