//! Users and sessions.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::Server;

#[tokio::test]
async fn users_are_created_changed_and_deleted_but_never_the_last_administrator() {
    let server = Server::start();
    let admin = server.admin().await;
    let viewer = admin.invite("grace", "viewer").await;
    let (_, users) = admin.get("/api/users").await;
    let (first, grace) = (users[0]["id"].clone(), users[1]["id"].clone());
    assert_eq!(
        (&users[1]["name"], &users[1]["role"]),
        (&json!("grace"), &json!("viewer"))
    );
    assert!(!users.to_string().contains("argon2"));

    for (method, body) in [
        (Method::PATCH, json!({"role": "viewer"})),
        (Method::DELETE, Value::Null),
    ] {
        let (status, refusal) = admin.send(method, &format!("/api/users/{first}"), body).await;
        assert_eq!(status, 422, "{refusal}");
        assert!(
            refusal["message"].as_str().unwrap().contains("last administrator"),
            "{refusal}"
        );
    }

    let grace = format!("/api/users/{grace}");
    let promoted = admin.done(Method::PATCH, &grace, json!({"role": "admin"})).await;
    assert_eq!(promoted["role"], "admin");
    viewer
        .done(Method::POST, "/api/keys", json!({"name": "now allowed"}))
        .await;

    admin
        .done(Method::PATCH, &grace, json!({"password": "battery staple"}))
        .await;
    assert_eq!(
        viewer.get("/api/session").await.0,
        401,
        "a new password ends every session"
    );
    let again = server.sign_in("grace", "battery staple").await;
    again
        .done(Method::DELETE, &format!("/api/users/{first}"), Value::Null)
        .await;
    assert_eq!(
        admin.get("/api/session").await.0,
        401,
        "whoever is deleted is signed out"
    );

    let new = json!({"name": "GRACE", "role": "viewer", "password": "correct horse"});
    assert_eq!(again.send(Method::POST, "/api/users", new).await.0, 409);
    for (name, password) in [
        ("", "correct horse"),
        ("x", "short"),
        (&*"x".repeat(10_000), "correct horse"),
    ] {
        let new = json!({"name": name, "role": "viewer", "password": password});
        assert_eq!(again.send(Method::POST, "/api/users", new).await.0, 422);
    }
    let (_, log) = again.get("/api/audit?action=user.password").await;
    assert!(!log.to_string().contains("battery") && !log.to_string().contains("argon2"));
}

#[tokio::test]
async fn sessions_are_rotated_listed_and_ended() {
    let server = Server::start();
    let admin = server.admin().await;
    let viewer = admin.invite("grace", "viewer").await;

    let (_, all) = admin.get("/api/sessions").await;
    let (_, own) = viewer.get("/api/sessions").await;
    assert_eq!((all.as_array().unwrap().len(), own.as_array().unwrap().len()), (2, 1));
    assert_eq!((&own[0]["user"], &own[0]["current"]), (&json!("grace"), &json!(true)));
    let of_admin = all
        .as_array()
        .unwrap()
        .iter()
        .find(|session| session["current"] == true)
        .unwrap();
    let path = format!("/api/sessions/{}", of_admin["id"]);
    assert_eq!(
        viewer.send(Method::DELETE, &path, Value::Null).await.0,
        404,
        "another's session is none of a viewer's"
    );

    admin
        .done(Method::DELETE, &format!("/api/sessions/{}", own[0]["id"]), Value::Null)
        .await;
    assert_eq!(viewer.get("/api/session").await.0, 401);

    // Signing in over an open session ends that one: a planted or copied id does not outlive it.
    let before = server.sign_in("grace", "correct horse").await;
    let (_, sessions) = before.get("/api/sessions").await;
    assert_eq!(sessions.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_viewer_changes_nothing() {
    let server = Server::start();
    let admin = server.admin().await;
    let viewer = admin.invite("grace", "viewer").await;
    let (_, document) = admin.get("/api/openapi.json").await;
    let mut refused = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            if operation["x-administrators-only"] != true {
                continue;
            }
            // Bodies that are right: the role is what is in the way.
            let body = match (method.as_str(), path.as_str()) {
                ("post", "/api/keys") => json!({"name": "x"}),
                ("post", "/api/users") => json!({"name": "x", "role": "admin", "password": "correct horse"}),
                ("post", "/api/switch") => json!({"profile": "GLM-5.1-FP8"}),
                _ => json!({}),
            };
            let method: Method = method.to_uppercase().parse().unwrap();
            let (status, answer) = viewer.send(method.clone(), &path.replace("{id}", "1"), body).await;
            assert_eq!(
                (status, &answer["code"]),
                (403, &json!("forbidden")),
                "{method} {path}: {answer}"
            );
            refused += 1;
        }
    }
    assert!(refused >= 12, "only {refused} routes were tried");
    for (path, fields) in [
        ("/keys", &[("do", "create"), ("name", "x"), ("weight", "100")][..]),
        ("/keys", &[("do", "revoke"), ("id", "1")]),
        ("/keys/1", &[("do", "edit"), ("name", "x"), ("weight", "100")]),
        ("/keys/1", &[("do", "rotate")]),
        ("/keys/1", &[("do", "suspend")]),
        (
            "/users",
            &[
                ("do", "create"),
                ("name", "x"),
                ("role", "admin"),
                ("password", "correct horse"),
            ],
        ),
        ("/users", &[("do", "role"), ("id", "2"), ("role", "admin")]),
        ("/users", &[("do", "delete"), ("id", "1")]),
    ] {
        assert_eq!(
            viewer.post_form(path, fields).await.status(),
            StatusCode::FORBIDDEN,
            "{path}"
        );
    }
}
