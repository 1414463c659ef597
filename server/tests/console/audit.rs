//! The audit log and the settings.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::Server;

#[tokio::test]
async fn the_log_is_filtered_paged_and_exported() {
    let server = Server::start();
    let admin = server.admin().await;
    let hostile = "=HYPERLINK(\"http://x\"),\"'; DROP TABLE audit; --";
    for number in 0..5 {
        let name = format!("{hostile}{number}");
        admin.done(Method::POST, "/api/keys", json!({"name": name})).await;
    }
    let (_, first) = admin.get("/api/audit?action=key.create&limit=2").await;
    let ids = |page: &Value| -> Vec<i64> {
        let entries = page["entries"].as_array().unwrap().iter();
        entries.map(|entry| entry["id"].as_i64().unwrap()).collect()
    };
    let before = first["next_before"].as_i64().unwrap();
    assert_eq!(ids(&first).last(), Some(&before));
    let (_, second) = admin
        .get(&format!("/api/audit?action=key.create&limit=2&before={before}"))
        .await;
    assert!(ids(&second)[0] < before);
    assert_eq!(first["entries"][0]["after"]["name"], format!("{hostile}4"));

    let from = first["entries"][0]["at"].as_i64().unwrap() + 60_000;
    for nothing in [
        "actor=nobody",
        "action=key.%25",
        "subject=key+%25",
        "address=10.0.0.1",
        &format!("from={from}"),
        "to=1000",
        "actor=%27+OR+1%3D1+--",
    ] {
        let (status, page) = admin.get(&format!("/api/audit?{nothing}")).await;
        assert_eq!((status, ids(&page).len()), (200, 0), "{nothing}");
    }
    for wrong in ["limit=0", "limit=501", "limit=x", "before=x"] {
        assert_eq!(admin.get(&format!("/api/audit?{wrong}")).await.0, 422, "{wrong}");
    }

    let (_, csv) = admin.get("/api/audit.csv?action=key.create").await;
    let csv = csv.as_str().unwrap();
    assert!(csv.starts_with("id,time,actor,action,subject,address,before,after\r\n"));
    // The demo makes a key of its own.
    assert_eq!(csv.matches("key.create").count(), 6);
    assert!(!csv.contains(",="), "{csv}");
    // A key is named by its first four characters, and nowhere written out.
    for name in csv.split("sk-worv-").skip(1) {
        assert_eq!(name.chars().take_while(char::is_ascii_alphanumeric).count(), 4, "{csv}");
    }

    let listed = server.run_json(
        &["audit", "list", "--action", "key.create", "--limit", "2", "--json"],
        "",
    );
    assert_eq!(listed[0]["after"]["name"], format!("{hostile}4"));
    let exported = server.run(&["audit", "export", "--action", "key.create"], "").stdout;
    assert_eq!(String::from_utf8(exported).unwrap().matches("key.create").count(), 6);
}

#[tokio::test]
async fn the_settings_tell_where_each_value_comes_from() {
    let server = Server::start();
    let (_, settings) = server.admin().await.get("/api/settings").await;
    let setting = |key: &str| {
        let all = settings["settings"].as_array().unwrap();
        all.iter().find(|setting| setting["key"] == key).unwrap().clone()
    };
    let listen = setting("server.listen");
    assert_eq!(
        (&listen["source"], &listen["variable"]),
        (&json!("environment"), &json!("WORV_SERVER__LISTEN"))
    );
    assert_eq!(setting("limits.max_output_tokens")["source"], "default");
    assert_eq!(settings["file"], Value::Null);
}
