//! The pages that the server renders whole, as a browser without scripts uses them.

use reqwest::{Method, StatusCode, header};
use serde_json::Value;

use crate::support::{Server, cookies};

/// What stands between two texts.
fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    text.split_once(start).unwrap().1.split_once(end).unwrap().0
}

#[tokio::test]
async fn a_key_is_created_edited_and_revoked_by_forms_alone() {
    let server = Server::start();
    let admin = server.admin().await;
    let fields = [
        ("do", "create"),
        ("name", "nightly <b>"),
        ("owner", "ada"),
        ("tags", "a, b"),
        ("expires", "30"),
        ("weight", "100"),
        ("budget_day", "1000"),
        ("models", "DeepSeek-V4-Pro"),
    ];
    let created = admin.post_form("/keys", &fields).await;
    assert_eq!(created.status(), StatusCode::OK);
    let page = created.text().await.unwrap();
    assert!(page.contains("nightly &lt;b&gt; is ready") && !page.contains("<b> is ready"));
    // The list behind the dialog names keys by their first characters, which is not a key.
    let (_, dialog) = page.split_once("id=\"secret\"").unwrap();
    let secret = format!("sk-worv-{}", between(dialog, "sk-worv-", "<"));
    server.until_key_is(&secret, 200).await;
    let (_, list) = admin.get("/keys?q=NIGHTLY&status=active").await;
    assert!(list.as_str().unwrap().contains("/keys/2") && !list.as_str().unwrap().contains(&secret));
    assert!(
        !admin
            .get("/keys?q=elsewhere")
            .await
            .1
            .as_str()
            .unwrap()
            .contains("/keys/2")
    );

    // What was filled in is there again, with what is wrong.
    let refused = admin
        .post_form(
            "/keys",
            &[
                ("do", "create"),
                ("name", "again"),
                ("weight", "5000"),
                ("owner", "grace"),
            ],
        )
        .await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let page = refused.text().await.unwrap();
    assert!(page.contains("weight must be 1 to 1000") && page.contains("value=\"grace\""));

    let edited = admin
        .post_form(
            "/keys/2",
            &[
                ("do", "edit"),
                ("name", "nightly"),
                ("expires", "keep"),
                ("weight", "7"),
            ],
        )
        .await;
    assert_eq!(edited.headers()[header::LOCATION], "/keys/2?done=edited");
    let (_, page) = admin.get("/keys/2?done=edited").await;
    assert!(page.as_str().unwrap().contains("The key was changed."));
    let rotated = admin
        .post_form("/keys/2", &[("do", "rotate"), ("overlap_hours", "24")])
        .await;
    assert!(rotated.text().await.unwrap().contains("nightly is ready"));

    let revoked = admin.post_form("/keys/2", &[("do", "revoke")]).await;
    assert_eq!(revoked.headers()[header::LOCATION], "/keys/2?done=revoked");
    server.until_key_is(&secret, 401).await;
    assert_eq!(admin.get("/keys/999").await.0, 404);
    assert_eq!(admin.get("/keys/x").await.0, 404);
}

#[tokio::test]
async fn a_form_without_its_token_does_nothing() {
    let server = Server::start();
    let admin = server.admin().await;
    for token in ["", "guessed"] {
        let fields = [
            ("do", "create"),
            ("name", "forged"),
            ("weight", "100"),
            ("csrf_token", token),
        ];
        let forged = admin.post_form("/keys", &fields).await;
        assert_eq!(forged.status(), StatusCode::FORBIDDEN, "{token:?}");
        let stranger = server.post_form("/keys", "", &fields).await;
        assert_eq!(stranger.headers()[header::LOCATION], "/login?next=%2Fkeys");
    }
    assert_eq!(admin.get("/api/keys").await.1.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn users_sessions_and_settings_work_by_forms_alone() {
    let server = Server::start();
    let admin = server.admin().await;
    let fields = [
        ("do", "create"),
        ("name", "grace"),
        ("role", "viewer"),
        ("password", "correct horse"),
    ];
    let created = admin.post_form("/users", &fields).await;
    assert_eq!(created.headers()[header::LOCATION], "/users?done=user-created");
    let grace = server.sign_in("grace", "correct horse").await;
    let (_, page) = grace.get("/users?ask=create").await;
    let page = page.as_str().unwrap();
    assert!(
        page.contains("grace") && !page.contains("Create a user"),
        "a viewer is shown no form"
    );

    let begun = grace.post_form("/settings", &[("do", "begin-second-factor")]).await;
    assert_eq!(begun.headers()[header::LOCATION], "/settings");
    let (_, page) = grace.get("/settings").await;
    assert!(page.as_str().unwrap().contains("<svg xmlns") && page.as_str().unwrap().contains("server.listen"));

    let role = admin
        .post_form("/users", &[("do", "role"), ("id", "2"), ("role", "admin")])
        .await;
    assert_eq!(role.headers()[header::LOCATION], "/users?done=role");
    let (_, audit) = admin.get("/audit?action=user.role").await;
    assert!(audit.as_str().unwrap().contains("user 2"));
    let password = [
        ("do", "password"),
        ("current_password", "correct horse"),
        ("new_password", "battery staple"),
    ];
    assert_eq!(
        grace.post_form("/settings", &password).await.headers()[header::LOCATION],
        "/login"
    );
    server.sign_in("grace", "battery staple").await;
    let deleted = admin.post_form("/users", &[("do", "delete"), ("id", "2")]).await;
    assert_eq!(deleted.headers()[header::LOCATION], "/users?done=user-deleted");
}

#[tokio::test]
async fn the_theme_is_chosen_by_a_form_and_kept_in_a_cookie() {
    let server = Server::start();
    let admin = server.admin().await;
    for (sent, kept) in [("dark", "dark"), ("light", "light"), ("dark; Domain=x", "system")] {
        let chosen = admin.post_form("/settings", &[("do", "theme"), ("theme", sent)]).await;
        assert_eq!(chosen.status(), StatusCode::SEE_OTHER);
        assert_eq!(chosen.headers()[header::LOCATION], "/settings");
        assert_eq!(
            chosen.headers()[header::SET_COOKIE],
            format!("worv_theme={kept}; Path=/; Max-Age=31536000; SameSite=Lax")
        );
        let page = server.send(Method::GET, "/login", &cookies(&chosen)).await;
        let page = page.text().await.unwrap();
        assert!(page.contains(&format!("data-theme=\"{kept}\"")), "{sent}: {page}");
    }
}

#[tokio::test]
async fn the_model_is_switched_by_administrators_who_type_its_name() {
    let server = Server::start();
    let admin = server.admin().await;
    let typed = |confirm| [("do", "switch"), ("profile", "GLM-5.1-FP8"), ("confirm", confirm)];
    let refused = admin.post_form("/models", &typed("GLM")).await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().await.unwrap().contains("The name that was typed"));
    let viewer = admin.invite("grace", "viewer").await;
    for fields in [&typed("GLM-5.1-FP8")[..], &[("do", "cancel")]] {
        assert_eq!(
            viewer.post_form("/models", fields).await.status(),
            StatusCode::FORBIDDEN
        );
    }
    let (_, page) = viewer.get("/parts/models?switch=GLM-5.1-FP8").await;
    assert!(!page.as_str().unwrap().contains("<dialog"), "a viewer is not asked");
}

#[tokio::test]
async fn the_playground_has_a_key_of_its_own_for_whoever_asks() {
    let server = Server::start();
    let admin = server.admin().await;
    let key = async || {
        let answer = admin.done(Method::POST, "/api/playground/key", Value::Null).await;
        answer["secret"].as_str().unwrap().to_owned()
    };
    let first = key().await;
    server.until_key_is(&first, 200).await;
    let second = key().await;
    assert_eq!(server.ask_with(&second).await, 200, "it works at once");
    server.until_key_is(&first, 401).await;
    let (_, keys) = admin.get("/api/keys").await;
    assert_eq!(
        keys.as_array().unwrap().len(),
        1,
        "the list is not about keys of minutes: {keys}"
    );

    let (_, usage) = admin.get("/parts/usage").await;
    assert!(
        usage.as_str().unwrap().contains(">playground · admin</option>"),
        "{usage}"
    );

    let viewer = admin.invite("grace", "viewer").await;
    let refused = viewer.send(Method::POST, "/api/playground/key", Value::Null).await;
    assert_eq!(refused.0, 403, "{}", refused.1);
    let (_, page) = viewer.get("/playground").await;
    assert!(page.as_str().unwrap().contains("The playground is for administrators."));
}

#[tokio::test]
async fn what_the_server_renders_of_a_page_is_asked_for_by_its_address() {
    let server = Server::start();
    let admin = server.admin().await;
    for address in [
        "/activity",
        "/usage",
        "/requests",
        "/keys?status=active",
        "/keys/1",
        "/gpus?gpu=3&period=24h",
        "/models",
    ] {
        let (status, part) = admin.get(&format!("/parts{address}")).await;
        assert_eq!(status, 200, "{address}: {part}");
        assert!(
            !part.as_str().unwrap().contains("<html"),
            "{address} comes without the frame"
        );
    }
    for (address, expected) in [
        ("/parts/keys/999", 404),
        ("/parts/nowhere", 404),
        ("/keys/999", 404),
        ("/nowhere", 404),
    ] {
        assert_eq!(admin.get(address).await.0, expected, "{address}");
    }
}
