//! The routes of keys, users, sessions, one's own account, the audit log and the settings.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Body,
    extract::{Path, Query, rejection::JsonRejection, rejection::QueryRejection},
    response::{IntoResponse, Response},
    routing::{delete, get, patch, post, put},
};
use http::{StatusCode, header};
use serde_json::Value;
use worv_api::{
    ApiError, ApiKey, AuditFilter, AuditPage, CreatedKey, EffectiveSettings, KeyRotation, NewUser, PasswordChange,
    PasswordCheck, RecoveryCodes, SecondFactorCode, SecondFactorDraft, User, UserChange, UserSession,
};
use worv_core::key::KeyId;
use worv_store::{SessionId, UserId};

use super::{Answer, Refusal, answer, read};
use crate::console::{Console, session::SignedIn};

/// What is below `/api` of them.
pub fn router() -> Router<Arc<Console>> {
    Router::new()
        .route("/keys/{id}", get(key).patch(edit_key).delete(revoke_key))
        .route("/keys/{id}/rotate", post(rotate_key))
        .route("/keys/{id}/suspend", post(suspend_key))
        .route("/keys/{id}/resume", post(resume_key))
        .route("/users", get(users).post(create_user))
        .route("/users/{id}", patch(change_user).delete(delete_user))
        .route("/users/{id}/second-factor", delete(remove_second_factor))
        .route("/sessions", get(sessions))
        .route("/sessions/{id}", delete(revoke_session))
        .route("/account/password", put(change_own_password))
        .route("/account/second-factor", post(begin_second_factor))
        .route("/account/second-factor/confirm", post(confirm_second_factor))
        .route("/account/second-factor/recovery-codes", post(new_recovery_codes))
        .route("/account/second-factor/remove", post(remove_own_second_factor))
        .route("/audit", get(audit))
        .route("/audit.csv", get(audit_csv))
        .route("/settings", get(settings))
}

/// A body of JSON, or why it is none.
type JsonBody<T> = Result<Json<T>, JsonRejection>;

async fn key(SignedIn(service): SignedIn, Path(id): Path<String>) -> Answer<ApiKey> {
    answer(service.key(KeyId(number("key", &id)?)).await)
}

async fn edit_key(SignedIn(service): SignedIn, Path(id): Path<String>, patch: JsonBody<Value>) -> Answer<ApiKey> {
    answer(service.edit_key(KeyId(number("key", &id)?), &read(patch)?).await)
}

async fn revoke_key(SignedIn(service): SignedIn, Path(id): Path<String>) -> Answer<ApiKey> {
    answer(service.revoke_key(KeyId(number("key", &id)?)).await)
}

async fn rotate_key(
    SignedIn(service): SignedIn,
    Path(id): Path<String>,
    rotation: JsonBody<KeyRotation>,
) -> Answer<CreatedKey> {
    answer(service.rotate_key(KeyId(number("key", &id)?), read(rotation)?).await)
}

async fn suspend_key(SignedIn(service): SignedIn, Path(id): Path<String>) -> Answer<ApiKey> {
    answer(service.suspend_key(KeyId(number("key", &id)?)).await)
}

async fn resume_key(SignedIn(service): SignedIn, Path(id): Path<String>) -> Answer<ApiKey> {
    answer(service.resume_key(KeyId(number("key", &id)?)).await)
}

async fn users(SignedIn(service): SignedIn) -> Answer<Vec<User>> {
    answer(service.users().await)
}

async fn create_user(SignedIn(service): SignedIn, new: JsonBody<NewUser>) -> Answer<User> {
    answer(service.create_user(read(new)?).await)
}

async fn change_user(
    SignedIn(service): SignedIn,
    Path(id): Path<String>,
    change: JsonBody<UserChange>,
) -> Answer<User> {
    answer(service.change_user(UserId(number("user", &id)?), read(change)?).await)
}

async fn delete_user(SignedIn(service): SignedIn, Path(id): Path<String>) -> Answer<User> {
    answer(service.delete_user(UserId(number("user", &id)?)).await)
}

async fn remove_second_factor(SignedIn(service): SignedIn, Path(id): Path<String>) -> Answer<User> {
    answer(service.remove_second_factor(UserId(number("user", &id)?)).await)
}

async fn sessions(SignedIn(service): SignedIn) -> Answer<Vec<UserSession>> {
    answer(service.sessions().await)
}

async fn revoke_session(SignedIn(service): SignedIn, Path(id): Path<String>) -> Answer<UserSession> {
    answer(service.revoke_session(SessionId(number("session", &id)?)).await)
}

async fn change_own_password(
    SignedIn(service): SignedIn,
    change: JsonBody<PasswordChange>,
) -> Result<StatusCode, Refusal> {
    done(service.change_own_password(read(change)?).await)
}

async fn begin_second_factor(SignedIn(service): SignedIn) -> Answer<SecondFactorDraft> {
    answer(service.begin_second_factor().await)
}

async fn confirm_second_factor(SignedIn(service): SignedIn, code: JsonBody<SecondFactorCode>) -> Answer<RecoveryCodes> {
    answer(service.confirm_second_factor(read(code)?).await)
}

async fn new_recovery_codes(SignedIn(service): SignedIn, check: JsonBody<PasswordCheck>) -> Answer<RecoveryCodes> {
    answer(service.new_recovery_codes(read(check)?).await)
}

async fn remove_own_second_factor(
    SignedIn(service): SignedIn,
    check: JsonBody<PasswordCheck>,
) -> Result<StatusCode, Refusal> {
    done(service.remove_own_second_factor(read(check)?).await)
}

async fn audit(SignedIn(service): SignedIn, filter: Result<Query<AuditFilter>, QueryRejection>) -> Answer<AuditPage> {
    answer(service.audit(&asked(filter)?).await)
}

async fn audit_csv(
    SignedIn(service): SignedIn,
    filter: Result<Query<AuditFilter>, QueryRejection>,
) -> Result<Response, Refusal> {
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"audit.csv\""),
    ];
    let body = Body::from_stream(service.audit_csv(asked(filter)?));
    Ok((headers, body).into_response())
}

async fn settings(SignedIn(service): SignedIn) -> Answer<EffectiveSettings> {
    answer(Ok(service.settings()))
}

/// What a query string says, or a refusal that says what is wrong with it.
fn asked<T>(query: Result<Query<T>, QueryRejection>) -> Result<T, Refusal> {
    query
        .map(|Query(query)| query)
        .map_err(|rejection| Refusal(ApiError::new(422, "invalid_request", rejection.body_text())))
}

/// The number in a path; what is none names nothing that exists.
fn number(what: &str, id: &str) -> Result<i64, Refusal> {
    id.parse()
        .map_err(|_| Refusal(ApiError::new(404, "not_found", format!("There is no {what} {id:?}."))))
}

fn done(result: Result<(), ApiError>) -> Result<StatusCode, Refusal> {
    result.map(|()| StatusCode::NO_CONTENT).map_err(Refusal)
}
