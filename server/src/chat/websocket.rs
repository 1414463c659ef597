//! A WebSocket: once both sides have agreed, bytes both ways until one of them ends.

use http::{HeaderMap, header};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Whether a request asks for a WebSocket (RFC 6455, section 4.1). No other protocol is switched to.
pub fn is_asked_for(headers: &HeaderMap) -> bool {
    let has = |name, wanted: &str| {
        let mut lines = headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
        lines.any(|line| line.split(',').any(|token| token.trim().eq_ignore_ascii_case(wanted)))
    };
    has(header::UPGRADE, "websocket") && has(header::CONNECTION, "upgrade")
}

/// Carries bytes both ways until one side ends, or until `stopping`: the browser's side then opens another.
pub fn connect(browser: OnUpgrade, upstream: OnUpgrade, stopping: &CancellationToken, tasks: &TaskTracker) {
    let stopping = stopping.clone();
    tasks.spawn(async move {
        let carry = async {
            let (browser, upstream) = tokio::try_join!(browser, upstream).map_err(std::io::Error::other)?;
            copy_bidirectional(&mut TokioIo::new(browser), &mut TokioIo::new(upstream)).await
        };
        if let Some(Err(error)) = stopping.run_until_cancelled(carry).await {
            tracing::debug!(%error, "a WebSocket ended with an error");
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};

    #[test]
    fn only_a_websocket_is_switched_to() {
        let asks = |connection, upgrade| {
            is_asked_for(&HeaderMap::from_iter(
                [("connection", connection), ("upgrade", upgrade)]
                    .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))),
            ))
        };
        assert!(asks("Upgrade", "websocket"));
        assert!(asks("keep-alive, Upgrade", "WebSocket"));
        assert!(!asks("keep-alive", "websocket"));
        assert!(!asks("upgrade", "h2c"));
    }
}
