//! The whole way to a simulated vLLM, in each of the versions it can play.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpListener;
use worv_core::usage::Outcome;
use worv_sim::engine::{Fault, FaultKind, Sim, SimOptions, Version};

use crate::support::{Answer, Running};

const CHAT: &str = "/v1/chat/completions";
const MESSAGES: &str = "/v1/messages";

#[expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]
async fn start(options: SimOptions) -> (Sim, Running) {
    let sim = Sim::start(TcpListener::bind("127.0.0.1:0").await.unwrap(), options);
    let running = Running::start(sim.url()).await;
    running.serve("DeepSeek-V4-Pro", 262_144);
    (sim, running)
}

fn asking(stream: bool) -> Value {
    json!({"model": "live", "max_tokens": 64, "stream": stream, "messages": [{"role": "user", "content": "Tell me about rivers."}]})
}

/// The data of every event of a stream that is JSON.
fn events(body: &str) -> Vec<Value> {
    body.lines()
        .filter_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok())
        .collect()
}

#[tokio::test]
async fn streamed_and_whole_answers_say_and_count_the_same_in_every_version() {
    for version in Version::ALL {
        let (sim, mut running) = start(SimOptions {
            version,
            ..SimOptions::instant()
        })
        .await;
        let whole = Answer::of(running.post(CHAT, &asking(false))).await.json();
        let record = running.record().await;
        assert_eq!(record.outcome, Outcome::Done, "{version} {whole}");
        let counted = (&whole["usage"]["prompt_tokens"], &whole["usage"]["completion_tokens"]);
        assert_eq!(
            counted,
            (&json!(record.prompt_tokens), &json!(record.completion_tokens)),
            "{version}"
        );
        let message = &whole["choices"][0]["message"];
        assert_eq!(message["reasoning"], message["reasoning_content"], "{version}");

        let streamed = Answer::of(running.post(CHAT, &asking(true))).await.body;
        assert!(streamed.ends_with("data: [DONE]\n\n"), "{version} {streamed}");
        assert!(!streamed.contains("\"usage\""), "{version} {streamed}");
        let again = running.record().await;
        assert_eq!(
            (again.outcome, again.prompt_tokens, again.completion_tokens),
            (Outcome::Done, record.prompt_tokens, record.completion_tokens),
            "{version}"
        );
        let said = |name: &str| -> String {
            events(&streamed)
                .iter()
                .filter_map(|event| event["choices"][0]["delta"][name].as_str().map(str::to_owned))
                .collect()
        };
        assert_eq!(
            said("content"),
            message["content"].as_str().unwrap_or_default(),
            "{version}"
        );
        assert_eq!(
            said("reasoning_content"),
            message["reasoning_content"].as_str().unwrap_or_default(),
            "{version}"
        );
        assert_eq!(sim.stats().finished, 2);
    }
}

#[tokio::test]
async fn a_coding_agents_conversation_succeeds_in_every_version() {
    let conversation = json!({
        "model": "claude-opus-4-5", "max_tokens": 32_000, "stream": true,
        "system": [
            {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1"},
            {"type": "text", "text": "You are a coding agent.", "cache_control": {"type": "ephemeral"}},
        ],
        "thinking": {"type": "enabled", "budget_tokens": 31_999},
        "output_config": {"effort": "high"},
        "tools": [
            {"name": "read", "description": "Reads a file.", "input_schema": {"type": "object", "properties": {"path": {"type": "string"}}}},
            {"type": "web_search_20250305", "name": "web_search"},
        ],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "Fix the build.", "cache_control": {"type": "ephemeral"}}]},
            {"role": "system", "content": "The user prefers short answers."},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "read", "input": {"path": "a"}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "fn main() {}"}]},
        ],
    });
    for version in Version::ALL {
        let (sim, mut running) = start(SimOptions {
            version,
            ..SimOptions::instant()
        })
        .await;
        running.gateway.probe_engine().await;
        let answer = Answer::of(running.post(MESSAGES, &conversation)).await;
        assert_eq!(answer.status.as_u16(), 200, "{version} {}", answer.body);
        let events = events(&answer.body);
        assert!(answer.body.contains("thinking_delta"), "{version} {}", answer.body);
        let start = &events[0]["message"];
        assert_eq!(
            (&start["type"], &start["role"]),
            (&json!("message"), &json!("assistant")),
            "{version}"
        );
        assert_eq!(
            events.last().map(|event| &event["type"]),
            Some(&json!("message_stop")),
            "{version}"
        );
        let record = running.record().await;
        assert_eq!(
            (record.outcome, &*record.served_model),
            (Outcome::Done, "DeepSeek-V4-Pro"),
            "{version}"
        );
        assert!(
            record.prompt_tokens > 0 && record.completion_tokens > 0,
            "{version} {record:?}"
        );
        assert_eq!(sim.stats().finished, 1);
    }
}

#[tokio::test]
async fn an_engine_is_found_to_need_translation_by_asking_it() {
    for version in Version::ALL {
        let (sim, running) = start(SimOptions {
            version,
            ..SimOptions::instant()
        })
        .await;
        running.gateway.probe_engine().await;
        let probes = sim.requests().len();
        Answer::of(running.post(MESSAGES, &asking(false))).await;
        let count = Answer::of(running.post("/v1/messages/count_tokens", &asking(false))).await;
        assert!(
            count.json()["input_tokens"].as_u64() > Some(0),
            "{version} {}",
            count.body
        );
        let asked: Vec<_> = sim.requests().into_iter().map(|request| request.uri).collect();
        let expected = if version == Version::V0_19_1 {
            [CHAT, "/tokenize"]
        } else {
            [MESSAGES, "/v1/messages/count_tokens"]
        };
        assert_eq!(asked[probes..], expected, "{version}");
    }
}

/// What a caller sees of an answer, whichever way it came: blocks, reason to stop and usage.
fn message_of(answer: &Answer, stream: bool) -> Value {
    if !stream {
        let mut message = answer.json();
        let blocks = message["content"].as_array_mut().into_iter().flatten();
        blocks.for_each(|block| drop(block.as_object_mut().map(|block| block.remove("signature"))));
        return json!([
            message["content"],
            message["stop_reason"],
            message["stop_sequence"],
            message["usage"]
        ]);
    }
    let (mut content, mut arguments, mut end) = (Vec::<Value>::new(), String::new(), Value::Null);
    for event in events(&answer.body) {
        let delta = &event["delta"];
        match event["type"].as_str() {
            Some("content_block_start") => {
                assert_eq!(event["index"], content.len(), "{}", answer.body);
                let mut block = event["content_block"].clone();
                block.as_object_mut().map(|block| block.remove("signature"));
                content.push(block);
            }
            Some("content_block_delta") => {
                let block = content.last_mut().map(|block| &mut *block);
                let Some(block) = block else { continue };
                for name in ["text", "thinking"] {
                    if let Some(more) = delta[name].as_str() {
                        block[name] = (block[name].as_str().unwrap_or_default().to_owned() + more).into();
                    }
                }
                arguments += delta["partial_json"].as_str().unwrap_or_default();
            }
            Some("content_block_stop") if !arguments.is_empty() => {
                let input = serde_json::from_str(&std::mem::take(&mut arguments));
                if let (Some(block), Ok(input)) = (content.last_mut(), input) {
                    block["input"] = input;
                }
            }
            Some("message_delta") => end = json!([delta["stop_reason"], delta["stop_sequence"], event["usage"]]),
            _ => {}
        }
    }
    json!([content, end[0], end[1], end[2]])
}

#[tokio::test]
async fn a_translated_answer_is_the_answer_that_a_newer_engine_gives() {
    let tools = json!([{"name": "get_weather", "description": "Weather.", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}]);
    let requests = [
        json!({}),
        json!({"thinking": {"type": "disabled"}}),
        json!({"max_tokens": 3}),
        json!({"tools": tools, "tool_choice": {"type": "any"}}),
        json!({"tools": tools, "tool_choice": {"type": "tool", "name": "get_weather"}, "thinking": {"type": "disabled"}}),
        json!({"system": "Be brief.", "stop_sequences": ["e"], "thinking": {"type": "disabled"}}),
    ];
    for stream in [false, true] {
        for members in &requests {
            let mut request = asking(stream);
            request["max_tokens"] = 400.into();
            if let (Some(request), Some(members)) = (request.as_object_mut(), members.as_object()) {
                request.extend(members.clone());
            }
            let mut answers = Vec::new();
            for version in [Version::V0_19_1, Version::V0_32_0] {
                let (_sim, mut running) = start(SimOptions {
                    version,
                    ..SimOptions::instant()
                })
                .await;
                running.gateway.probe_engine().await;
                let answer = Answer::of(running.post(MESSAGES, &request)).await;
                assert_eq!(answer.status.as_u16(), 200, "{version} {}", answer.body);
                let record = running.record().await;
                let ids = without_ids(&message_of(&answer, stream));
                answers.push((ids, record.outcome, record.prompt_tokens, record.completion_tokens));
            }
            let [old, new] = &answers[..] else { continue };
            assert_eq!(old, new, "{members} stream: {stream}");
        }
    }
}

/// The same without the ids of tool calls, which no two engines draw alike.
fn without_ids(message: &Value) -> Value {
    let mut message = message.clone();
    for block in message[0].as_array_mut().into_iter().flatten() {
        block.as_object_mut().map(|block| block.remove("id"));
    }
    message
}

#[tokio::test]
async fn a_prompt_over_the_window_is_told_alike_by_every_version() {
    for version in Version::ALL {
        let (_sim, running) = start(SimOptions {
            version,
            max_model_len: 1_000,
            ..SimOptions::instant()
        })
        .await;
        running.gateway.probe_engine().await;
        for stream in [false, true] {
            let mut request = asking(stream);
            request["messages"][0]["content"] = "word ".repeat(3_000).into();
            let answer = Answer::of(running.post(MESSAGES, &request)).await;
            assert_eq!(answer.status.as_u16(), 400, "{version} {}", answer.body);
            let error = &answer.json()["error"];
            assert_eq!(error["type"], "invalid_request_error", "{version}");
            let message = error["message"].as_str().unwrap_or_default();
            let numbers: Vec<u64> = message.split(' ').filter_map(|word| word.parse().ok()).collect();
            assert!(message.starts_with("prompt is too long: "), "{version} {message}");
            assert!(numbers[0] > numbers[1] && numbers[1] <= 1_000, "{version} {message}");
        }
    }
}

#[tokio::test]
async fn a_caller_who_leaves_during_a_long_prefill_frees_the_engine() {
    let (sim, mut running) = start(SimOptions::instant()).await;
    sim.knobs()
        .turn(|knobs| knobs.time_to_first_token = Duration::from_hours(1));
    for (path, stream) in [(CHAT, false), (CHAT, true), (MESSAGES, false), (MESSAGES, true)] {
        let before = sim.stats().aborted;
        let caller = tokio::spawn(Answer::of(running.post(path, &asking(stream))));
        sim.until(|stats| stats.running == 1).await;
        caller.abort();
        sim.until(|stats| stats.running == 0 && stats.aborted == before + 1)
            .await;
        let record = running.record().await;
        assert_eq!(record.outcome, Outcome::ClientLeft);
        assert!(record.prompt_tokens > 0, "the engine has read the prompt");
    }
}

#[tokio::test]
async fn an_engine_that_fails_in_the_middle_is_charged_for_what_it_gave() {
    for kind in [FaultKind::Close, FaultKind::Error] {
        for path in [CHAT, MESSAGES] {
            let (sim, mut running) = start(SimOptions::instant()).await;
            sim.knobs()
                .turn(|knobs| knobs.fault = Some(Fault { after_tokens: 5, kind }));
            let answer = Answer::of(running.post(path, &asking(true))).await;
            assert!(answer.body.contains("\"error\""), "{path} {kind:?} {}", answer.body);
            let record = running.record().await;
            assert_eq!(record.outcome, Outcome::EngineFailed, "{path} {kind:?} {}", answer.body);
            assert_eq!(record.completion_tokens, 5, "{path} {kind:?} {}", answer.body);
        }
    }
}

#[tokio::test]
async fn a_cut_stream_of_a_speculating_engine_is_charged_as_finished_ones_have_shown() {
    for (path, body) in [
        (MESSAGES, asking(true)),
        (
            "/v1/responses",
            json!({"model": "live", "stream": true, "input": "Tell me about rivers."}),
        ),
    ] {
        let (sim, mut running) = start(SimOptions::instant()).await;
        sim.knobs().turn(|knobs| knobs.tokens_per_chunk = 3);
        for _ in 0..12 {
            Answer::of(running.post(path, &body)).await;
            assert_eq!(running.record().await.outcome, Outcome::Done);
        }
        let kind = FaultKind::Close;
        sim.knobs()
            .turn(|knobs| knobs.fault = Some(Fault { after_tokens: 40, kind }));
        Answer::of(running.post(path, &body)).await;
        let record = running.record().await;
        assert_eq!(record.outcome, Outcome::EngineFailed, "{path}");
        assert!(
            (30..=50).contains(&record.completion_tokens),
            "{path} {}",
            record.completion_tokens
        );
    }
}

#[tokio::test]
async fn an_engine_that_went_down_is_used_again_when_it_is_back() {
    let (sim, mut running) = start(SimOptions::instant()).await;
    sim.knobs().turn(|knobs| knobs.down = true);
    let answer = Answer::of(running.post(CHAT, &asking(false))).await;
    assert!(answer.status.is_server_error(), "{answer:?}");
    assert_eq!(running.record().await.outcome, Outcome::EngineFailed);
    sim.knobs().turn(|knobs| knobs.down = false);
    assert_eq!(
        Answer::of(running.post(CHAT, &asking(false))).await.status.as_u16(),
        200
    );
}
