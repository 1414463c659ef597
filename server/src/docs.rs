//! The documentation that callers read: Markdown with facts from the running server, rendered here, without scripts.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, Query, State},
    middleware,
    response::{Html, IntoResponse, Redirect, Response},
    routing::get,
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;
use tokio::sync::watch;
use worv_api::EngineStatus;

use crate::{config::Config, console};

use facts::Facts;
use layout::Document;
use page::{PAGES, Page};

mod facts;
mod layout;
mod llms;
mod markdown;
mod page;
mod search;
mod tables;

/// What the pages are made from.
pub struct Docs {
    config: Config,
    engine: watch::Receiver<Arc<EngineStatus>>,
    /// What stands before every path: nothing on a host of its own, `/docs` beside the console.
    base: &'static str,
}

/// What is searched for.
#[derive(Deserialize)]
struct Search {
    #[serde(default)]
    q: String,
}

/// Every page, the search and `llms.txt`, for a host of their own.
pub fn router(config: Config, engine: watch::Receiver<Arc<EngineStatus>>) -> Router {
    routes(Arc::new(Docs {
        config,
        engine,
        base: "",
    }))
}

/// The same below `/docs`.
pub fn router_below_path(config: Config, engine: watch::Receiver<Arc<EngineStatus>>) -> Router {
    let routes = routes(Arc::new(Docs {
        config,
        engine,
        base: "/docs",
    }));
    let slash = get(async || Redirect::permanent("/docs"));
    Router::new().nest("/docs", routes).route("/docs/", slash)
}

fn routes(docs: Arc<Docs>) -> Router {
    Router::new()
        .route("/", get(start))
        .route("/llms.txt", get(llms_txt))
        .route("/search", get(search))
        .route("/{page}", get(page))
        .fallback(missing)
        .with_state(docs)
        .layer(middleware::from_fn(console::protect))
}

async fn start(State(docs): State<Arc<Docs>>, headers: HeaderMap) -> Response {
    show(&docs, &headers, &PAGES[0])
}

/// `NAME` is a page, `NAME.md` what it is made from with the facts filled in.
async fn page(State(docs): State<Arc<Docs>>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    let (name, as_markdown) = match name.strip_suffix(".md") {
        Some(name) => (name, true),
        None => (&*name, false),
    };
    let Some(page) = PAGES.iter().find(|page| page.name == name) else {
        return missing(State(docs), headers).await;
    };
    if as_markdown {
        let text = docs.facts(&headers).fill(page.markdown);
        return ([(header::CONTENT_TYPE, "text/markdown; charset=utf-8"), NOT_KEPT], text).into_response();
    }
    show(&docs, &headers, page)
}

async fn search(State(docs): State<Arc<Docs>>, Query(Search { q }): Query<Search>, headers: HeaderMap) -> Response {
    let facts = docs.facts(&headers);
    let body = search::results(&q, &facts, docs.base);
    docs.document(
        StatusCode::OK,
        &facts,
        &Document {
            title: "Search",
            current: "",
            query: &q,
            body: &body,
            sections: &[],
        },
    )
}

async fn llms_txt(State(docs): State<Arc<Docs>>, headers: HeaderMap) -> Response {
    let text = llms::text(&docs.facts(&headers));
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8"), NOT_KEPT], text).into_response()
}

async fn missing(State(docs): State<Arc<Docs>>, headers: HeaderMap) -> Response {
    let facts = docs.facts(&headers);
    docs.document(StatusCode::NOT_FOUND, &facts, &Document {
        title: "There is no such page",
        current: "",
        query: "",
        body: "<h1>There is no such page</h1><p>It may have been renamed. Search for it, or choose one from the list.</p>",
        sections: &[],
    })
}

fn show(docs: &Docs, headers: &HeaderMap, page: &Page) -> Response {
    let facts = docs.facts(headers);
    let rendered = markdown::render(&facts.fill(page.markdown), docs.base);
    docs.document(
        StatusCode::OK,
        &facts,
        &Document {
            title: page.title,
            current: page.name,
            query: "",
            body: &rendered.html,
            sections: &rendered.sections,
        },
    )
}

/// What a page says is true now; it is asked for again each time.
const NOT_KEPT: (http::HeaderName, &str) = (header::CACHE_CONTROL, "no-cache");

impl Docs {
    fn facts(&self, headers: &HeaderMap) -> Facts {
        Facts::gather(&self.config, &self.engine.borrow(), headers, self.base)
    }

    fn document(&self, status: StatusCode, facts: &Facts, document: &Document<'_>) -> Response {
        let html = layout::render(document, facts, self.base);
        let policy: (_, HeaderValue) = (header::CONTENT_SECURITY_POLICY, console::SCRIPTLESS_POLICY);
        (status, [policy], [NOT_KEPT], Html(html)).into_response()
    }
}
