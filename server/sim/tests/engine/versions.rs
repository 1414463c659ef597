//! What differs between the versions, request by request.

use serde_json::{Value, json};
use worv_sim::engine::{SimOptions, Version};

use crate::client::{Fixture, chat, events, message};

use Version::{V0_19_1, V0_20_0, V0_21_0, V0_22_1, V0_24_0, V0_32_0, V0_33_0};

/// Puts a request to every version, and gives what `read` makes of each answer.
async fn every<T>(path: &str, body: &Value, read: impl Fn(u16, &Value) -> T) -> Vec<(Version, T)> {
    let mut answers = Vec::new();
    for version in Version::ALL {
        let fixture = Fixture::start(SimOptions {
            version,
            max_model_len: 1000,
            ..SimOptions::instant()
        })
        .await;
        let (status, body) = fixture.answer(path, body).await;
        answers.push((version, read(status, &body)));
    }
    answers
}

fn thinks(_: u16, body: &Value) -> bool {
    body["content"][0]["type"] == "thinking" || body["choices"][0]["message"]["reasoning"].is_string()
}

fn status(status: u16, _: &Value) -> u16 {
    status
}

fn table<T: Copy>(groups: &[(&[Version], T)]) -> Vec<(Version, T)> {
    groups
        .iter()
        .flat_map(|(versions, value)| versions.iter().map(|&version| (version, *value)))
        .collect()
}

#[tokio::test]
async fn system_turns_are_refused_before_they_are_known() {
    let turns = json!([{"role": "user", "content": "Hello"}, {"role": "system", "content": "Be brief."}]);
    let answers = every("/v1/messages", &message("", &json!({"messages": turns})), status).await;
    let expected = table(&[
        (&[V0_19_1, V0_20_0, V0_21_0, V0_22_1][..], 400),
        (&[V0_24_0, V0_32_0, V0_33_0], 200),
    ]);
    assert_eq!(answers, expected);
}

#[tokio::test]
async fn thinking_is_off_or_on_by_default() {
    let answers = every("/v1/chat/completions", &chat("Hello", &json!({})), thinks).await;
    let old = [V0_19_1, V0_20_0, V0_21_0, V0_22_1, V0_24_0];
    assert_eq!(answers, table(&[(&old[..], false), (&[V0_32_0, V0_33_0], true)]));
}

#[tokio::test]
async fn messages_read_template_arguments_from_0_20() {
    let on = json!({"chat_template_kwargs": {"thinking": true}});
    let answers = every("/v1/messages", &message("Hello", &on), thinks).await;
    let new = [V0_20_0, V0_21_0, V0_22_1, V0_24_0, V0_32_0, V0_33_0];
    assert_eq!(answers, table(&[(&[V0_19_1][..], false), (&new, true)]));
}

#[tokio::test]
async fn wrong_values_tell_which_fields_a_version_reads() {
    let probes = [
        ("/v1/messages", json!({"chat_template_kwargs": 1}), V0_20_0),
        ("/v1/messages", json!({"output_config": {"effort": "extreme"}}), V0_24_0),
        ("/v1/messages", json!({"thinking": {"type": "x"}}), V0_32_0),
        ("/v1/messages/count_tokens", json!({"chat_template_kwargs": 1}), V0_20_0),
        (
            "/v1/responses",
            json!({"input": "Hello", "chat_template_kwargs": 1}),
            V0_22_1,
        ),
    ];
    for (path, field, since) in probes {
        for (version, status) in every(path, &message("Hello", &field), status).await {
            assert_eq!(
                status,
                if version >= since { 400 } else { 200 },
                "{path} {field} {version}"
            );
        }
    }
}

#[tokio::test]
async fn reasoning_is_counted_from_0_32() {
    let read = |_: u16, body: &Value| body["usage"].get("completion_tokens_details").is_some();
    for (version, counted) in every("/v1/chat/completions", &chat("Hello", &json!({})), read).await {
        assert_eq!(counted, version >= V0_32_0, "{version}");
    }
}

#[tokio::test]
async fn max_tokens_over_the_window_is_refused_with_a_missing_space_at_first() {
    let read = |status: u16, body: &Value| (status, body["error"]["message"].as_str().unwrap().to_owned());
    for (version, (status, message)) in
        every("/v1/chat/completions", &chat("", &json!({"max_tokens": 5000})), read).await
    {
        let glued = message.starts_with("max_tokens=5000cannot be greater than max_model_len=max_total_tokens=1000.");
        assert_eq!((status, glued), (400, version == V0_19_1), "{version}: {message}");
    }
}

#[tokio::test]
async fn effort_is_a_longer_list_from_0_21_and_switches_thinking_from_0_22() {
    let answers = every(
        "/v1/chat/completions",
        &chat("Hello", &json!({"reasoning_effort": "max"})),
        status,
    )
    .await;
    let new = [V0_21_0, V0_22_1, V0_24_0, V0_32_0, V0_33_0];
    assert_eq!(answers, table(&[(&[V0_19_1, V0_20_0][..], 400), (&new, 200)]));
    let answers = every(
        "/v1/chat/completions",
        &chat("Hello", &json!({"reasoning_effort": "high"})),
        thinks,
    )
    .await;
    let new = [V0_22_1, V0_24_0, V0_32_0, V0_33_0];
    assert_eq!(
        answers,
        table(&[(&[V0_19_1, V0_20_0, V0_21_0][..], false), (&new, true)])
    );
}

#[tokio::test]
async fn prompt_and_answer_over_the_window_are_refused_or_shortened() {
    let answers = every(
        "/v1/chat/completions",
        &chat("Hello", &json!({"max_tokens": 1000})),
        status,
    )
    .await;
    let old = [V0_19_1, V0_20_0, V0_21_0, V0_22_1, V0_24_0];
    assert_eq!(answers, table(&[(&old[..], 400), (&[V0_32_0, V0_33_0], 200)]));
}

#[tokio::test]
async fn a_prompt_over_the_window_of_messages_is_told_in_three_ways() {
    let read = |status: u16, body: &Value| (status, body["error"]["type"].as_str().unwrap_or_default().to_owned());
    let answers = every("/v1/messages", &message(&"word ".repeat(2000), &json!({})), read).await;
    for (version, answer) in answers {
        let expected = match version {
            V0_32_0 => (400, "BadRequestError"),
            V0_33_0 => (400, "invalid_request_error"),
            _ => (500, "internal_error"),
        };
        assert_eq!((answer.0, answer.1.as_str()), expected, "{version}");
    }
}

#[tokio::test]
async fn message_start_lacks_type_and_role_before_0_24() {
    for version in Version::ALL {
        let fixture = Fixture::start(SimOptions {
            version,
            ..SimOptions::instant()
        })
        .await;
        let body = message("Hello", &json!({"stream": true}));
        let text = fixture.post("/v1/messages", &body).await.text().await.unwrap();
        let start = &events(&text)[0]["message"];
        assert_eq!(
            start.get("type").is_some() && start.get("role").is_some(),
            version >= V0_24_0,
            "{version}"
        );
    }
}

#[tokio::test]
async fn the_version_is_told_and_read_back() {
    for version in Version::ALL {
        let fixture = Fixture::start(SimOptions {
            version,
            ..SimOptions::instant()
        })
        .await;
        let told: Value = serde_json::from_str(&fixture.get("/version").await.text().await.unwrap()).unwrap();
        assert_eq!(told["version"].as_str().unwrap().parse(), Ok(version));
    }
    let unknown = "0.1".parse::<Version>().unwrap_err().to_string();
    assert!(unknown.contains("0.19.1") && unknown.contains("0.33.0"), "{unknown}");
}
