//! Texts and counts: the same however they are asked for.

use serde_json::{Value, json};
use worv_sim::engine::SimOptions;

use crate::client::{Fixture, chat, events, message};

#[tokio::test]
async fn streamed_and_whole_answers_say_and_count_the_same() {
    let fixture = Fixture::start(SimOptions::instant()).await;
    for question in [
        "Hello",
        "How do I start?",
        "Repeat: 你好 🎉",
        "Reply with one word: pong",
    ] {
        let whole = fixture.chat(&chat(question, &json!({}))).await;
        let body = chat(
            question,
            &json!({"stream": true, "stream_options": {"include_usage": true}}),
        );
        let streamed = fixture.chat(&body).await;
        assert_eq!(streamed.text, whole.text);
        for count in [
            "prompt_tokens",
            "completion_tokens",
            "total_tokens",
            "completion_tokens_details",
        ] {
            assert_eq!(streamed.usage[count], whole.usage[count], "{count} of {question}");
        }
    }
}

#[tokio::test]
async fn messages_count_as_chat_does() {
    let fixture = Fixture::start(SimOptions::instant()).await;
    let chat = fixture.chat(&chat("How do I start?", &json!({}))).await;
    let (_, message) = fixture
        .answer(
            "/v1/messages",
            &message("How do I start?", &json!({"max_tokens": 2000})),
        )
        .await;
    assert_eq!(message["usage"]["input_tokens"], chat.usage["prompt_tokens"]);
    assert_eq!(message["usage"]["output_tokens"], chat.usage["completion_tokens"]);
    assert_eq!(message["content"][1]["text"], chat.text);
}

#[tokio::test]
async fn several_tokens_in_an_event_are_the_same_answer_in_fewer_events() {
    let fixture = Fixture::start(SimOptions::instant()).await;
    let body = chat(
        "How do I start?",
        &json!({"stream": true, "stream_options": {"include_usage": true}}),
    );
    let single = fixture.chat(&body).await;
    fixture.sim.knobs().turn(|knobs| knobs.tokens_per_chunk = 3);
    let triple = fixture.chat(&body).await;
    assert_eq!((&triple.text, &triple.usage), (&single.text, &single.usage));
    assert!(
        triple.events < single.events * 2 / 3,
        "{} and {} events",
        triple.events,
        single.events
    );
}

#[tokio::test]
async fn continuous_usage_grows_by_what_each_event_says() {
    let fixture = Fixture::start(SimOptions::instant()).await;
    let options = json!({"stream": true, "stream_options": {"include_usage": true, "continuous_usage_stats": true}});
    let text = fixture
        .post("/v1/chat/completions", &chat("Hello", &options))
        .await
        .text()
        .await
        .unwrap();
    let counts: Vec<_> = events(&text)
        .iter()
        .filter_map(|event| event["usage"]["completion_tokens"].as_u64())
        .collect();
    assert_eq!(counts.first(), Some(&0));
    assert!(counts.is_sorted(), "{counts:?}");
    assert_eq!(
        counts[counts.len() - 1],
        counts[counts.len() - 2],
        "the last two events count the same"
    );
}

#[tokio::test]
async fn ignoring_the_end_generates_exactly_what_is_asked_for() {
    let fixture = Fixture::start(SimOptions::instant()).await;
    let said = fixture
        .chat(&chat("Hello", &json!({"ignore_eos": true, "max_tokens": 1000})))
        .await;
    assert_eq!(said.usage["completion_tokens"], 1000);
}

#[tokio::test]
async fn a_tool_is_called_once_and_its_result_is_answered_in_words() {
    let fixture = Fixture::start(SimOptions::instant()).await;
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    let tools = json!([{"name": "get_weather", "input_schema": schema}]);
    let ask = |messages: Value| json!({"messages": messages, "tools": tools});
    let question = json!({"role": "user", "content": "What is the weather?"});
    let (_, call) = fixture
        .answer("/v1/messages", &message("", &ask(json!([question]))))
        .await;
    assert_eq!(
        (&call["stop_reason"], &call["content"][1]["input"]),
        (&json!("tool_use"), &json!({"city": "Paris"}))
    );
    let result = json!({"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": "Sunny"}]});
    let turns = json!([question, {"role": "assistant", "content": call["content"]}, result]);
    let (_, answer) = fixture.answer("/v1/messages", &message("", &ask(turns))).await;
    assert_eq!(answer["stop_reason"], "end_turn");
}

#[tokio::test]
async fn received_requests_are_remembered_as_they_came() {
    let fixture = Fixture::start(SimOptions {
        keep_requests: 2,
        ..SimOptions::instant()
    })
    .await;
    for content in ["one", "two", "three"] {
        let request = fixture.request("/v1/chat/completions?x=1", &chat(content, &json!({"unheard_of": true})));
        request.header("x-own", content).send().await.unwrap();
    }
    let seen = fixture.sim.requests();
    let own: Vec<_> = seen
        .iter()
        .map(|request| request.headers["x-own"].to_str().unwrap())
        .collect();
    assert_eq!(own, ["two", "three"]);
    assert_eq!(seen[1].uri, "/v1/chat/completions?x=1");
    assert_eq!(seen[1].body, chat("three", &json!({"unheard_of": true})).to_string());
}
