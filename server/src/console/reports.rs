//! Usage and requests: the answers that pages and `/api` share, and their routes.

use std::{convert::Infallible, sync::Arc};

use axum::{
    Json, Router,
    body::Body,
    extract::{Path, RawQuery},
    response::{IntoResponse, Response},
    routing::get,
};
use futures::stream;
use http::header;
use worv_api::{ApiError, ApiFuture, Choices, Reports, RequestDetail, RequestPage, UsageReport};
use worv_core::{
    id::RequestId,
    usage::{ClientKind, Endpoint, Outcome},
};

use super::{
    Console,
    api::{Refusal, database_failed},
    service::Service,
    session::SignedIn,
};
use crate::reports::{self, RequestQuestion, UsageQuestion};

/// The routes below `/api`.
pub fn router() -> Router<Arc<Console>> {
    Router::new()
        .route("/usage", get(usage))
        .route("/usage.csv", get(usage_csv))
        .route("/requests", get(requests))
        .route("/requests/{id}", get(request))
}

type Answer<T> = Result<Json<T>, Refusal>;

async fn usage(SignedIn(service): SignedIn, RawQuery(query): RawQuery) -> Answer<UsageReport> {
    answer(service.usage(&query.unwrap_or_default()).await)
}

/// What the chart shows, or with `table=groups` the sums of every group.
async fn usage_csv(SignedIn(service): SignedIn, RawQuery(query): RawQuery) -> Result<Response, Refusal> {
    let query = query.unwrap_or_default();
    let pieces = || query.split('&').filter(|piece| !piece.is_empty());
    let question: Vec<_> = pieces().filter(|piece| !piece.starts_with("table=")).collect();
    let of_groups = match pieces().find_map(|piece| piece.strip_prefix("table=")) {
        None | Some("series") => false,
        Some("groups") => true,
        Some(other) => {
            let message = format!("table is {other:?}; it must be series or groups.");
            return Err(Refusal(ApiError::new(422, "invalid_request", message)));
        }
    };
    let report = service.usage(&question.join("&")).await.map_err(Refusal)?;
    let disposition = format!("attachment; filename=\"{}\"", reports::csv::file_name(&report));
    let body = if of_groups {
        Body::from_stream(stream::iter(reports::csv::groups(report).map(Ok::<_, Infallible>)))
    } else {
        Body::from_stream(stream::iter(reports::csv::series(report).map(Ok::<_, Infallible>)))
    };
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    Ok((headers, body).into_response())
}

async fn requests(SignedIn(service): SignedIn, RawQuery(query): RawQuery) -> Answer<RequestPage> {
    answer(service.requests(&query.unwrap_or_default()).await)
}

async fn request(SignedIn(service): SignedIn, Path(id): Path<String>) -> Answer<RequestDetail> {
    answer(service.request(&id).await)
}

fn answer<T>(result: Result<T, ApiError>) -> Answer<T> {
    result.map(Json).map_err(Refusal)
}

impl Reports for Service {
    fn usage(&self, query: &str) -> ApiFuture<UsageReport> {
        let console = Arc::clone(self.console());
        let now = console.clock.now();
        let question = UsageQuestion::read(query, now);
        Box::pin(async move {
            reports::report(&console.store, &question?, now)
                .await
                .map_err(database_failed)
        })
    }

    fn requests(&self, query: &str) -> ApiFuture<RequestPage> {
        let console = Arc::clone(self.console());
        let question = RequestQuestion::read(query);
        Box::pin(async move {
            reports::listed(&console.store, &question?)
                .await
                .map_err(database_failed)
        })
    }

    fn request(&self, id: &str) -> ApiFuture<RequestDetail> {
        let console = Arc::clone(self.console());
        let known = RequestId::parse(id);
        Box::pin(async move {
            let detail = match known {
                Some(id) => reports::detail(&console.store, id).await.map_err(database_failed)?,
                None => None,
            };
            let message = "There is no such request, or it is not kept any more. Its usage still counts.";
            detail.ok_or_else(|| ApiError::new(404, "not_found", message))
        })
    }

    fn choices(&self) -> ApiFuture<Choices> {
        let console = Arc::clone(self.console());
        Box::pin(async move {
            let keys = console.store.keys().await.map_err(database_failed)?;
            Ok(Choices {
                keys: keys.into_iter().map(|key| (key.id.0, key.name)).collect(),
                models: console.store.models().await.map_err(database_failed)?,
                endpoints: Endpoint::ALL.map(|endpoint| endpoint.path().to_owned()).to_vec(),
                outcomes: Outcome::ALL.map(|outcome| outcome.as_str().to_owned()).to_vec(),
                clients: ClientKind::ALL.map(|client| client.as_str().to_owned()).to_vec(),
            })
        })
    }
}
