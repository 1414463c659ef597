//! The description of the API, held against the routes that there are and the answers that they give.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::Server;

/// Every method and path of keys, users, sessions, accounts, the audit log and the settings, as the router's source names
/// them.
fn administration() -> BTreeSet<(String, String)> {
    let source = include_str!("../../src/console/api/administration.rs");
    let mut routes = BTreeSet::new();
    for call in source.split(".route(").skip(1) {
        let mut parts = call.splitn(3, '"').skip(1);
        let (path, rest) = (parts.next().unwrap(), parts.next().unwrap());
        let named = handlers(rest)
            .split(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != '(')
            .filter_map(|word| word.split_once('('));
        for (method, _) in named {
            if ["get", "post", "put", "patch", "delete"].contains(&method) {
                routes.insert((method.to_owned(), format!("/api{path}")));
            }
        }
    }
    routes
}

/// What stands before the bracket that ends a call.
fn handlers(rest: &str) -> &str {
    let mut open = 1;
    let end = rest.find(|letter| {
        open += i32::from(letter == '(') - i32::from(letter == ')');
        open == 0
    });
    &rest[..end.unwrap()]
}

/// Every method and path of the document.
fn described(document: &Value) -> BTreeSet<(String, String)> {
    let paths = document["paths"].as_object().unwrap().iter();
    let operations = paths.flat_map(|(path, operations)| {
        let methods = operations.as_object().unwrap().keys();
        methods.map(move |method| (method.clone(), path.clone()))
    });
    operations.collect()
}

#[tokio::test]
async fn every_route_is_described_and_what_is_described_is_there() {
    let server = Server::start();
    let admin = server.admin().await;
    let (_, document) = admin.get("/api/openapi.json").await;
    let missing: Vec<_> = administration().difference(&described(&document)).cloned().collect();
    assert!(administration().len() > 20 && missing.is_empty(), "{missing:?}");

    // Each is really there: what refuses these knows the route.
    for (method, path) in described(&document) {
        if path == "/api/events" {
            continue;
        }
        let method: Method = method.to_uppercase().parse().unwrap();
        let id = if method == Method::GET { "1" } else { "999999" };
        let (status, answer) = admin.send(method.clone(), &path.replace("{id}", id), Value::Null).await;
        let unknown = answer["message"] == "There is no such route in the console's API.";
        assert!(status != 405 && !unknown, "{method} {path}: {status} {answer}");
    }
}

#[tokio::test]
async fn real_answers_are_what_the_document_says() {
    let server = Server::start();
    let admin = server.admin().await;
    let (_, document) = admin.get("/api/openapi.json").await;
    let mut answers = Vec::new();

    let settings = json!({"tags": ["a"], "budget_day": 5, "models": ["DeepSeek-V4-Pro"]});
    let new = json!({"name": "described", "expires_in_days": 1, "settings": settings});
    let user = json!({"name": "grace", "role": "viewer", "password": "correct horse"});
    for (method, path, body) in [
        (Method::POST, "/api/keys", new),
        (Method::PATCH, "/api/keys/2", json!({"note": "n"})),
        (Method::POST, "/api/keys/2/rotate", json!({"overlap_hours": 1})),
        (Method::POST, "/api/keys/2/suspend", Value::Null),
        (Method::POST, "/api/keys/2/resume", Value::Null),
        (Method::DELETE, "/api/keys/2", Value::Null),
        (Method::POST, "/api/users", user),
        (Method::PATCH, "/api/users/2", json!({"role": "admin"})),
        (Method::DELETE, "/api/users/2", Value::Null),
        (Method::POST, "/api/account/second-factor", Value::Null),
    ] {
        let answer = admin.done(method.clone(), path, body).await;
        answers.push((method, path.replace("/2", "/{id}"), answer));
    }
    for (method, path) in described(&document) {
        let is_json =
            document["paths"][&path]["get"]["responses"]["200"]["content"]["application/json"]["schema"].is_object();
        if method == "get" && is_json {
            let address = path.replace("{id}", "1");
            let (status, answer) = admin.get(&address).await;
            assert_eq!(status, 200, "{path}: {answer}");
            answers.push((Method::GET, path, answer));
        }
    }
    for (method, path, answer) in answers {
        let content = &document["paths"][&path][method.as_str().to_lowercase()]["responses"]["200"]["content"];
        valid(
            &document,
            &content["application/json"]["schema"],
            &answer,
            &format!("{method} {path}"),
        );
    }

    let (_, refusal) = admin.get("/api/keys/999999").await;
    let error = &document["components"]["responses"]["Error"]["content"]["application/json"]["schema"];
    valid(&document, error, &refusal, "a refusal");
    let mut wrong = admin.get("/api/keys/1").await.1;
    wrong["status"] = json!("asleep");
    let key = json!({"$ref": "#/components/schemas/ApiKey"});
    assert!(
        !validator(&document, &key).is_valid(&wrong),
        "the schema lets everything through"
    );
}

fn valid(document: &Value, schema: &Value, answer: &Value, what: &str) {
    let errors: Vec<_> = validator(document, schema)
        .iter_errors(answer)
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{what}: {errors:?} in {answer}");
}

/// A schema of the document, with the definitions that it refers to.
fn validator(document: &Value, schema: &Value) -> jsonschema::Validator {
    let whole = json!({"allOf": [schema], "components": document["components"]});
    jsonschema::draft202012::new(&whole).unwrap()
}
