//! One's own account: the password, and the second factor when signing in.

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Method, StatusCode, header};
use serde_json::json;
use sha1::Sha1;
use worv_core::Clock;

use crate::support::{Server, cookies};

/// The code that an authenticator shows so many seconds from now.
fn code(secret: &str, seconds: i64) -> String {
    let now = Clock::System.now().0 / 1000;
    let mut mac = Hmac::<Sha1>::new_from_slice(&BASE32_NOPAD.decode(secret.as_bytes()).unwrap()).unwrap();
    mac.update(&((now + seconds) / 30).to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let offset = usize::from(digest[19] & 15);
    let word: [u8; 4] = digest[offset..offset + 4].try_into().unwrap();
    format!("{:06}", (u32::from_be_bytes(word) & 0x7fff_ffff) % 1_000_000)
}

/// A code that is surely wrong.
fn wrong_code(secret: &str) -> String {
    let taken: Vec<_> = (-3..=3).map(|steps| code(secret, steps * 30)).collect();
    let free = (0..10)
        .map(|number| format!("{number:06}"))
        .find(|code| !taken.contains(code));
    free.unwrap()
}

#[tokio::test]
async fn a_second_factor_is_asked_for_once_it_is_confirmed() {
    let server = Server::start();
    let admin = server.admin().await;
    let ada = admin.invite("ada", "viewer").await;

    let draft = ada.done(Method::POST, "/api/account/second-factor", json!(null)).await;
    let secret = draft["secret"].as_str().unwrap();
    assert!(draft["uri"].as_str().unwrap().contains(secret));
    assert!(draft["qr_svg"].as_str().unwrap().starts_with("<svg"));
    server.sign_in("ada", "correct horse").await;

    let confirm = "/api/account/second-factor/confirm";
    let (status, _) = ada
        .send(Method::POST, confirm, json!({"code": wrong_code(secret)}))
        .await;
    assert_eq!(status, 422);
    let codes = ada.done(Method::POST, confirm, json!({"code": code(secret, 0)})).await;
    let codes: Vec<_> = codes["recovery_codes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|code| code.as_str().unwrap())
        .collect();
    assert_eq!(codes.len(), 10);
    let (_, users) = admin.get("/api/users").await;
    assert_eq!(users[1]["second_factor"], true);

    // The password alone opens nothing but the next question.
    let (answer, form_cookie) = server.give_password("ada", "correct horse").await;
    assert_eq!(answer.headers()[header::LOCATION], "/login/code?next=%2F");
    let cookie = format!("{form_cookie}; {}", cookies(&answer));
    assert_eq!(
        server.send(Method::GET, "/api/session", &cookie).await.status(),
        StatusCode::UNAUTHORIZED
    );
    let page = server.send(Method::GET, "/login/code?next=%2Fkeys", &cookie).await;
    assert!(page.text().await.unwrap().contains("one-time-code"));
    let token = form_cookie.split('=').next_back().unwrap();
    let step = async |code: &str| {
        let fields = [("code", code), ("csrf_token", token), ("next", "/keys")];
        server.post_form("/login/code", &cookie, &fields).await
    };
    assert_eq!(step(&wrong_code(secret)).await.status(), StatusCode::UNAUTHORIZED);
    let entered = step(codes[0]).await;
    assert_eq!(
        (entered.status(), &entered.headers()[header::LOCATION]),
        (StatusCode::SEE_OTHER, &"/keys".parse().unwrap())
    );
    let ada = server.visitor(&cookies(&entered)).await;

    // Neither a recovery code nor the question itself works twice.
    assert_eq!(step(codes[1]).await.headers()[header::LOCATION], "/login?next=%2Fkeys");
    let (answer, form_cookie) = server.give_password("ada", "correct horse").await;
    let cookie = format!("{form_cookie}; {}", cookies(&answer));
    let token = form_cookie.split('=').next_back().unwrap();
    for (code, status) in [(codes[0], StatusCode::UNAUTHORIZED), (codes[1], StatusCode::SEE_OTHER)] {
        let fields = [("code", code), ("csrf_token", token)];
        assert_eq!(server.post_form("/login/code", &cookie, &fields).await.status(), status);
    }

    let remove = "/api/account/second-factor/remove";
    assert_eq!(
        ada.send(Method::POST, remove, json!({"password": "guessed it"}))
            .await
            .0,
        422
    );
    ada.done(Method::POST, remove, json!({"password": "correct horse"}))
        .await;
    server.sign_in("ada", "correct horse").await;
}

#[tokio::test]
async fn wrong_codes_slow_a_name_down() {
    let server = Server::start();
    let admin = server.admin().await;
    let ada = admin.invite("ada", "viewer").await;
    let draft = ada.done(Method::POST, "/api/account/second-factor", json!(null)).await;
    let secret = draft["secret"].as_str().unwrap();
    ada.done(
        Method::POST,
        "/api/account/second-factor/confirm",
        json!({"code": code(secret, 0)}),
    )
    .await;

    let (answer, form_cookie) = server.give_password("ada", "correct horse").await;
    let cookie = format!("{form_cookie}; {}", cookies(&answer));
    let token = form_cookie.split('=').next_back().unwrap();
    let wrong = wrong_code(secret);
    let mut statuses = Vec::new();
    for _ in 0..6 {
        let fields = [("code", wrong.as_str()), ("csrf_token", token)];
        statuses.push(
            server
                .post_form("/login/code", &cookie, &fields)
                .await
                .status()
                .as_u16(),
        );
    }
    // The pause after the fifth is a second long: on a slow machine it may be over.
    assert_eq!(statuses[..5], [401; 5]);
    assert!([401, 429].contains(&statuses[5]));
    // Someone who was given another's name is not locked out by it.
    server.admin().await;
}

#[tokio::test]
async fn a_new_password_of_ones_own_ends_every_session() {
    let server = Server::start();
    let admin = server.admin().await;
    let ada = admin.invite("ada", "viewer").await;
    let change = |current: &str, new: &str| json!({"current_password": current, "new_password": new});
    let path = "/api/account/password";
    for (current, new) in [("wrong horse", "battery staple"), ("correct horse", "short")] {
        assert_eq!(ada.send(Method::PUT, path, change(current, new)).await.0, 422);
    }
    ada.done(Method::PUT, path, change("correct horse", "battery staple"))
        .await;
    assert_eq!(ada.get("/api/session").await.0, 401);
    server.sign_in("ada", "battery staple").await;

    // An administrator at the machine does the same.
    let json = server.run_json(
        &["users", "password", "--name", "ada", "--password-stdin", "--json"],
        "long enough\n",
    );
    assert_eq!(json["name"], "ada");
    server.sign_in("ada", "long enough").await;
    let role = server.run_json(&["users", "role", "--name", "ada", "--role", "admin", "--json"], "");
    assert_eq!(role["role"], "admin");
    server.run_json(&["users", "delete", "--name", "ada", "--json"], "");
    let listed = server.run_json(&["users", "list", "--json"], "");
    assert_eq!(listed.as_array().unwrap().len(), 1);
    let last = server.run(&["users", "delete", "--name", listed[0]["name"].as_str().unwrap()], "");
    assert!(!last.status.success() && String::from_utf8_lossy(&last.stderr).contains("last administrator"));
}
