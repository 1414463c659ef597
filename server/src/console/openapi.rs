//! `GET /api/openapi.json`: the console's API as programs read it (`OpenAPI` 3.1).
//!
//! The table below has one line a route; the shapes come from the types themselves. A test holds both against the routes
//! and against real answers.

use std::{collections::BTreeMap, sync::LazyLock};

use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};
use worv_api as api;

use super::playground::PlaygroundKey;

/// The document. It is the same for every build, so it is made once.
pub static DOCUMENT: LazyLock<Value> = LazyLock::new(document);

/// Who may call a route.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    /// Everyone who is signed in.
    Everyone,
    /// Administrators.
    Administrators,
}

use Who::{Administrators, Everyone};

/// Describes a type.
type Describe = fn(&mut SchemaGenerator) -> Schema;

/// What a route takes or answers with.
#[derive(Clone, Copy)]
enum Body {
    /// Nothing.
    None,
    /// JSON of a type.
    Json(Describe),
    /// Anything of a media type.
    Other(&'static str),
}

/// A route.
struct Operation(
    &'static str,
    &'static str,
    Who,
    &'static str,
    /// What it takes.
    Body,
    /// What it answers with.
    Body,
);

const NONE: Body = Body::None;

/// JSON whose shape is told elsewhere: figures of the machine and of usage, by the types of `app/api`.
const JSON: Body = Body::Other("application/json");

/// JSON of the type `T`.
const fn json_of<T: JsonSchema>() -> Body {
    Body::Json(SchemaGenerator::subschema_for::<T>)
}

#[rustfmt::skip]
static OPERATIONS: &[Operation] = &[
    Operation("get", "/session", Everyone, "Who is signed in", NONE, json_of::<api::SessionInfo>()),
    Operation("get", "/overview", Everyone, "The state of everything, with the last minutes of live figures", NONE, JSON),
    Operation("get", "/events", Everyone, "Everything that changes, as it changes: a stream of server-sent events", NONE, Body::Other("text/event-stream")),
    Operation("get", "/openapi.json", Everyone, "This document", NONE, Body::Other("application/json")),
    Operation("get", "/keys", Everyone, "Every key, newest first", NONE, json_of::<Vec<api::ApiKey>>()),
    Operation("post", "/keys", Administrators, "Creates a key; its secret is in this answer only", json_of::<api::NewKey>(), json_of::<api::CreatedKey>()),
    Operation("get", "/keys/{id}", Everyone, "One key", NONE, json_of::<api::ApiKey>()),
    Operation("patch", "/keys/{id}", Administrators, "Changes what a JSON merge patch (RFC 7396) names", json_of::<api::KeyEdit>(), json_of::<api::ApiKey>()),
    Operation("delete", "/keys/{id}", Administrators, "Revokes a key; it cannot be undone", NONE, json_of::<api::ApiKey>()),
    Operation("post", "/keys/{id}/rotate", Administrators, "Gives a key another secret, which is in this answer only", json_of::<api::KeyRotation>(), json_of::<api::CreatedKey>()),
    Operation("post", "/keys/{id}/suspend", Administrators, "Refuses a key until it is resumed", NONE, json_of::<api::ApiKey>()),
    Operation("post", "/keys/{id}/resume", Administrators, "Accepts a suspended key again", NONE, json_of::<api::ApiKey>()),
    Operation("get", "/users", Everyone, "Every user", NONE, json_of::<Vec<api::User>>()),
    Operation("post", "/users", Administrators, "Creates a user", json_of::<api::NewUser>(), json_of::<api::User>()),
    Operation("patch", "/users/{id}", Administrators, "Changes a user's role, password or both", json_of::<api::UserChange>(), json_of::<api::User>()),
    Operation("delete", "/users/{id}", Administrators, "Deletes a user; the last administrator stays", NONE, json_of::<api::User>()),
    Operation("delete", "/users/{id}/second-factor", Administrators, "Switches a user's second factor off", NONE, json_of::<api::User>()),
    Operation("get", "/sessions", Everyone, "Sessions that have not ended: all for an administrator, else one's own", NONE, json_of::<Vec<api::UserSession>>()),
    Operation("delete", "/sessions/{id}", Everyone, "Ends a session: any for an administrator, else one's own", NONE, json_of::<api::UserSession>()),
    Operation("put", "/account/password", Everyone, "Changes one's own password and ends all of one's sessions", json_of::<api::PasswordChange>(), NONE),
    Operation("post", "/account/second-factor", Everyone, "Begins a second factor", NONE, json_of::<api::SecondFactorDraft>()),
    Operation("post", "/account/second-factor/confirm", Everyone, "Puts the second factor in force that was begun", json_of::<api::SecondFactorCode>(), json_of::<api::RecoveryCodes>()),
    Operation("post", "/account/second-factor/recovery-codes", Everyone, "Takes new recovery codes in place of those from before", json_of::<api::PasswordCheck>(), json_of::<api::RecoveryCodes>()),
    Operation("post", "/account/second-factor/remove", Everyone, "Ends one's own second factor", json_of::<api::PasswordCheck>(), NONE),
    Operation("get", "/audit", Everyone, "A page of the audit log, the latest first", NONE, json_of::<api::AuditPage>()),
    Operation("get", "/audit.csv", Everyone, "The audit log as CSV", NONE, Body::Other("text/csv")),
    Operation("get", "/settings", Everyone, "The configuration that is in force, without secrets", NONE, json_of::<api::EffectiveSettings>()),
    Operation("get", "/usage", Everyone, "Usage over a range, split as asked, with the period before", NONE, JSON),
    Operation("get", "/usage.csv", Everyone, "The same as CSV, or with table=groups the sums of every group", NONE, Body::Other("text/csv")),
    Operation("get", "/usage/reconciliation", Everyone, "What is recorded next to what the engine counted, by run of the engine", NONE, JSON),
    Operation("get", "/requests", Everyone, "Requests that match, the latest first; never their content", NONE, JSON),
    Operation("get", "/requests/{id}", Everyone, "One request with its phases", NONE, JSON),
    Operation("get", "/gpus", Everyone, "The GPUs with the last 15 minutes", NONE, JSON),
    Operation("get", "/gpus/history", Everyone, "What the GPUs did, in steps of minutes that grow with the range", NONE, JSON),
    Operation("get", "/profiles", Everyone, "The models that the machine can be switched to", NONE, JSON),
    Operation("get", "/engine.log", Everyone, "The last lines of the engine's log, at most 2,000", NONE, Body::Other("text/plain")),
    Operation("get", "/switch", Everyone, "The switch under way and those before it", NONE, JSON),
    Operation("post", "/switch", Administrators, "Starts a switch", JSON, JSON),
    Operation("post", "/playground/key", Administrators, "A key for 15 minutes in one's own name, in place of the one before", NONE, json_of::<PlaygroundKey>()),
    Operation("post", "/playground/v1/chat/completions", Everyone, "The API's route of that name, with a key of it", JSON, JSON),
    Operation("post", "/switch/cancel", Administrators, "Calls the switch under way off", NONE, JSON),
];

/// The parameters in the queries of the routes that take some, as the fields of a type.
#[rustfmt::skip]
static QUERIES: &[(&str, Describe)] = &[
    ("/audit", |generator| generator.root_schema_for::<api::AuditFilter>()),
    ("/audit.csv", |generator| generator.root_schema_for::<api::AuditFilter>()),
    ("/gpus/history", |_| texts(&["hours"])),
    ("/usage", |_| texts(&USAGE_QUERY)),
    ("/usage.csv", |_| texts(&USAGE_QUERY)),
    ("/requests", |_| texts(&["key", "model", "endpoint", "outcome", "client", "status", "before", "limit"])),
];

/// What a question about usage may say.
const USAGE_QUERY: [&str; 10] = [
    "range",
    "from",
    "to",
    "granularity",
    "metric",
    "by",
    "key",
    "model",
    "endpoint",
    "table",
];

/// Parameters that are text each.
fn texts(names: &[&str]) -> Schema {
    let properties: Map<String, Value> = names
        .iter()
        .map(|name| ((*name).to_owned(), json!({"type": "string"})))
        .collect();
    schemars::json_schema!({"properties": properties})
}

fn document() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let mut paths = BTreeMap::<String, Map<String, Value>>::new();
    for operation in OPERATIONS {
        let Operation(method, path, ..) = operation;
        let described = describe(operation, &mut generator);
        paths
            .entry(format!("/api{path}"))
            .or_default()
            .insert((*method).to_owned(), described);
    }
    let error = generator.subschema_for::<api::ApiError>();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "worv console",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What the console can ask and do, in the name of a signed-in user.",
        },
        "security": [{"session": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": "worv_session"},
            },
            "responses": {
                "Error": {
                    "description": "Nothing was done; the message says why and what to do.",
                    "content": {"application/json": {"schema": error}},
                },
            },
            "schemas": generator.take_definitions(true),
        },
    })
}

fn describe(operation: &Operation, generator: &mut SchemaGenerator) -> Value {
    let Operation(method, path, who, summary, takes, answers) = operation;
    let mut described = json!({
        "summary": summary,
        "x-administrators-only": *who == Administrators,
        "responses": {"default": {"$ref": "#/components/responses/Error"}},
    });
    let mut parameters = Vec::new();
    if path.contains("{id}") {
        // Requests have names, everything else has numbers.
        let kind = if path.starts_with("/requests") {
            "string"
        } else {
            "integer"
        };
        parameters.push(json!({"name": "id", "in": "path", "required": true, "schema": {"type": kind}}));
    }
    if let Some((_, query)) = QUERIES.iter().find(|(of, _)| of == path) {
        let schema = query(generator).to_value();
        for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
            parameters.push(json!({"name": name, "in": "query", "schema": schema}));
        }
    }
    if *method != "get" {
        parameters.push(json!({
            "name": "X-CSRF-Token",
            "in": "header",
            "required": true,
            "description": "The token that GET /api/session tells.",
            "schema": {"type": "string"},
        }));
    }
    described["parameters"] = parameters.into();
    if let Some(content) = content(*takes, generator) {
        described["requestBody"] = json!({"required": true, "content": content});
    }
    let (status, done) = match content(*answers, generator) {
        Some(content) => ("200", json!({"description": "Done.", "content": content})),
        None => ("204", json!({"description": "Done."})),
    };
    described["responses"][status] = done;
    described
}

fn content(body: Body, generator: &mut SchemaGenerator) -> Option<Value> {
    match body {
        Body::None => None,
        Body::Json(schema) => Some(json!({"application/json": {"schema": schema(generator)}})),
        Body::Other(media_type) => Some(json!({media_type: {}})),
    }
}
