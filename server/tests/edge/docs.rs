//! The documentation: without scripts, with facts of the running server, on a host of its own or below `/docs`.

use std::collections::BTreeSet;

use http::StatusCode;

use crate::{
    client::{Connection, Http},
    gateway::Gateway,
};

/// The addresses that a page links to within its own site.
fn links(page: &str) -> BTreeSet<String> {
    let targets = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    targets
        .filter(|target| target.starts_with('/'))
        .map(str::to_owned)
        .collect()
}

/// Follows every link from `start`, and gives the pages that were found.
async fn walk(connection: &mut Connection, start: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut left = vec![start.to_owned()];
    while let Some(target) = left.pop() {
        let (path, fragment) = target.split_once('#').unwrap_or((&target, ""));
        // The test's console is a stand-in that has no style.
        if path.starts_with("/pkg/") || path.starts_with("/fonts/") || path == "/favicon.svg" {
            continue;
        }
        let page = connection.get(path, &[]).await;
        assert_eq!(page.status, StatusCode::OK, "{target}");
        let anchor = format!("id=\"{fragment}\"");
        assert!(
            fragment.is_empty() || page.body.contains(&anchor),
            "{target} leads to no heading"
        );
        if found.insert(path.to_owned()) {
            assert!(!page.body.contains("<script"), "{path} needs scripts");
            left.extend(links(&page.body));
        }
    }
    found
}

#[tokio::test]
async fn every_link_leads_somewhere_on_a_host_of_its_own_and_below_a_path() {
    let hosts = Gateway::start(&[
        ("WORV_HOSTS__PROXY", "proxy.test"),
        ("WORV_HOSTS__ADMIN", "admin.proxy.test"),
        ("WORV_HOSTS__DOCS", "docs.proxy.test"),
    ]);
    let mut docs = Connection::plain(hosts.address, "docs.proxy.test", Http::One).await;
    let own = walk(&mut docs, "/").await;
    assert!(own.len() >= 10, "{own:?}");
    let start = docs.get("/", &[]).await;
    assert!(
        start
            .body
            .contains(&format!("http://proxy.test:{}/v1", hosts.address.port()))
            || start.body.contains("http://proxy.test/v1")
    );
    assert!(
        start
            .header("content-security-policy")
            .starts_with("default-src 'none'")
    );
    for path in ["/v1/models", "/login", "/api/session", "/docs", "/pkg/worv.wasm"] {
        assert_eq!(docs.get(path, &[]).await.status, StatusCode::NOT_FOUND, "{path}");
    }

    let one = Gateway::start(&[]);
    let mut origin = Connection::plain(one.address, "laptop.test", Http::One).await;
    let below = walk(&mut origin, "/docs").await;
    assert_eq!(own.len(), below.len(), "{own:?} {below:?}");
    assert!(below.iter().all(|path| path.starts_with("/docs")), "{below:?}");
    assert!(
        origin
            .get("/chat", &[])
            .await
            .body
            .contains("The chat needs a host of its own")
    );
}

#[tokio::test]
async fn facts_come_from_the_running_server() {
    let gateway = Gateway::start(&[
        ("WORV_LIMITS__MAX_CONTEXT_TOKENS", "123456"),
        ("MAX_OUTPUT_TOKENS", "7890"),
    ]);
    let mut origin = Connection::plain(gateway.address, "laptop.test", Http::Two).await;
    let limits = origin.get("/docs/limits-and-errors", &[]).await;
    for fact in ["123,456 tokens", "7,890 tokens", "122,943 tokens", "DeepSeek-V4-Pro"] {
        assert!(limits.body.contains(fact), "{fact} is not in {}", limits.body);
    }
    let reference = origin.get("/docs/reference.md", &[]).await;
    assert_eq!(reference.header("content-type"), "text/markdown; charset=utf-8");
    for row in [
        "| `n` | refused above 1 |",
        "| `priority` | taken out |",
        "| `x-vllm-priority` |",
        "`POST /v1/responses`",
    ] {
        assert!(reference.body.contains(row), "{row} is not in {}", reference.body);
    }
    let llms = origin.get("/docs/llms.txt", &[]).await;
    assert!(llms.body.starts_with("# worv Inference API\n\n> "), "{}", llms.body);
    assert!(
        llms.body.contains("(http://laptop.test/docs/thinking.md)"),
        "{}",
        llms.body
    );
}

#[tokio::test]
async fn the_search_needs_no_script() {
    let gateway = Gateway::start(&[]);
    let mut origin = Connection::plain(gateway.address, "laptop.test", Http::One).await;
    let found = origin.get("/docs/search?q=x-should-retry", &[]).await;
    assert!(
        found.body.contains("href=\"/docs/limits-and-errors#trying-again\""),
        "{}",
        found.body
    );
    let nothing = origin.get("/docs/search?q=%3Cscript%3E", &[]).await;
    assert!(
        nothing.body.contains("Nothing found for “&lt;script&gt;”"),
        "{}",
        nothing.body
    );
    assert_eq!(
        origin.get("/docs/no-such-page", &[]).await.status,
        StatusCode::NOT_FOUND
    );
}
