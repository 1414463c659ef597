//! Keys over the console's API and from the command line, as callers of the inference API feel it.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::Server;

#[tokio::test]
async fn a_key_has_every_setting_and_each_can_be_changed() {
    let server = Server::start();
    let admin = server.admin().await;
    let settings = json!({
        "tags": ["research", "batch"], "models": ["DeepSeek-V4-Pro"], "requests_per_minute": 60,
        "tokens_per_minute": 1_000, "concurrency": 4, "budget_day": 10_000, "budget_month": 100_000,
        "max_output_tokens": 512, "weight": 50, "strip_han": true, "echo_model": true,
    });
    let new = json!({"name": "nightly", "owner": "ada", "note": "n", "expires_in_days": 30, "settings": settings});
    let created = admin.done(Method::POST, "/api/keys", new).await;
    let path = format!("/api/keys/{}", created["key"]["id"]);
    let (_, key) = admin.get(&path).await;
    assert_eq!((&key, &key["settings"]), (&created["key"], &settings));
    assert_eq!(
        key["expires_at"].as_i64().unwrap() - key["created_at"].as_i64().unwrap(),
        30 * 86_400_000
    );

    let change = json!({"owner": "grace", "expires_at": null, "settings": {"models": null, "weight": 7}});
    let edited = admin.done(Method::PATCH, &path, change).await;
    assert_eq!(
        (&edited["owner"], &edited["name"], &edited["expires_at"]),
        (&json!("grace"), &json!("nightly"), &Value::Null)
    );
    assert_eq!(
        (&edited["settings"]["models"], &edited["settings"]["weight"]),
        (&Value::Null, &json!(7))
    );
    assert_eq!(edited["settings"]["concurrency"], 4);

    for (change, word) in [
        (json!({"settings": {"weight": 0}}), "weight"),
        (json!({"settings": {"weight": "heavy"}}), "heavy"),
        (json!({"settings": {"colour": 1}}), "colour"),
        (json!({"name": null}), "name"),
        (json!({"expires_at": 1}), "expiry"),
        (json!({"settings": {"models": []}}), "models"),
    ] {
        let (status, refusal) = admin.send(Method::PATCH, &path, change).await;
        assert_eq!(status, 422, "{refusal}");
        assert!(refusal["message"].as_str().unwrap().contains(word), "{word}: {refusal}");
    }
    assert_eq!(admin.get(&path).await.1, edited, "a refused change changed something");
}

#[tokio::test]
async fn rotation_suspension_and_revocation_reach_callers() {
    let server = Server::start();
    let admin = server.admin().await;
    let created = admin.done(Method::POST, "/api/keys", json!({"name": "laptop"})).await;
    let path = format!("/api/keys/{}", created["key"]["id"]);
    let first = created["secret"].as_str().unwrap();
    server.until_key_is(first, 200).await;

    let rotated = admin
        .done(Method::POST, &format!("{path}/rotate"), json!({"overlap_hours": 1}))
        .await;
    let second = rotated["secret"].as_str().unwrap();
    assert_ne!(first, second);
    assert!(rotated["key"]["previous_until"].is_i64());
    server.until_key_is(second, 200).await;
    assert_eq!(server.ask_with(first).await, 200, "both work for an hour");
    let again = admin.done(Method::POST, &format!("{path}/rotate"), json!({})).await;
    server.until_key_is(first, 401).await;
    server.until_key_is(second, 401).await;
    let third = again["secret"].as_str().unwrap();
    server.until_key_is(third, 200).await;

    let suspended = admin.done(Method::POST, &format!("{path}/suspend"), Value::Null).await;
    assert_eq!(suspended["status"], "suspended");
    while server.ask_with(third).await == 200 {
        tokio::task::yield_now().await;
    }
    let resumed = admin.done(Method::POST, &format!("{path}/resume"), Value::Null).await;
    assert_eq!(resumed["status"], "active");
    server.until_key_is(third, 200).await;

    let revoked = admin.done(Method::DELETE, &path, Value::Null).await;
    assert_eq!(revoked["status"], "revoked");
    server.until_key_is(third, 401).await;
    let (status, _) = admin.send(Method::POST, &format!("{path}/rotate"), json!({})).await;
    assert_eq!(status, 422, "what was revoked stays revoked");
}

#[tokio::test]
async fn the_command_line_works_beside_the_server() {
    let server = Server::start();
    let created = server.run_json(
        &[
            "keys",
            "create",
            "--name",
            "cli",
            "--owner",
            "ada",
            "--note",
            "n",
            "--tag",
            "a",
            "--tag",
            "b",
            "--expires-in",
            "30d",
            "--model",
            "DeepSeek-V4-Pro",
            "--rpm",
            "60",
            "--tpm",
            "1000",
            "--concurrency",
            "4",
            "--budget-day",
            "10",
            "--budget-month",
            "100",
            "--max-output-tokens",
            "512",
            "--weight",
            "50",
            "--strip-han",
            "--echo-model",
            "--json",
        ],
        "",
    );
    let (id, secret) = (created["id"].to_string(), created["key"].as_str().unwrap());
    assert!(created["prefix"].as_str().unwrap().starts_with("sk-worv-") && created["created_at"].is_i64());
    assert!(created["expires_at"].is_i64() && created["name"] == "cli");
    let expected = json!({
        "tags": ["a", "b"], "models": ["DeepSeek-V4-Pro"], "requests_per_minute": 60, "tokens_per_minute": 1000,
        "concurrency": 4, "budget_day": 10, "budget_month": 100, "max_output_tokens": 512, "weight": 50,
        "strip_han": true, "echo_model": true,
    });
    assert_eq!(created["settings"], expected);
    server.until_key_is(secret, 200).await;

    let edited = server.run_json(
        &[
            "keys",
            "edit",
            &id,
            "--weight",
            "7",
            "--strip-han",
            "false",
            "--clear",
            "rpm",
            "--clear",
            "models",
            "--json",
        ],
        "",
    );
    let settings = &edited["settings"];
    assert_eq!(
        (&settings["weight"], &settings["strip_han"]),
        (&json!(7), &json!(false))
    );
    assert_eq!(
        (&settings["requests_per_minute"], &settings["models"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(server.run_json(&["keys", "show", &id, "--json"], ""), edited);

    let rotated = server.run_json(&["keys", "rotate", &id, "--overlap", "1h", "--json"], "");
    server.until_key_is(rotated["key"].as_str().unwrap(), 200).await;
    server.run_json(&["keys", "suspend", &id, "--json"], "");
    while server.ask_with(secret).await == 200 {
        tokio::task::yield_now().await;
    }
    server.run_json(&["keys", "resume", &id, "--json"], "");
    server.until_key_is(secret, 200).await;
    let revoked = server.run_json(&["keys", "revoke", &id, "--json"], "");
    assert_eq!(revoked["status"], "revoked");
    server.until_key_is(secret, 401).await;
    assert_eq!(server.ask_with(server.key()).await, 200, "another key was touched");

    let listed = server.run_json(&["keys", "list", "--json"], "");
    assert_eq!(listed[0], revoked);
    let long = "x".repeat(10_000);
    let refused = server.run(&["keys", "create", "--name", &long], "");
    let complaint = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(64), "{complaint}");
    assert!(
        complaint.contains("1 to 100 characters") && complaint.len() < 200,
        "{complaint}"
    );
}
