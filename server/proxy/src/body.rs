//! Reads bodies whole, within bounds.

use std::{error::Error, pin::pin, time::Duration};

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_LENGTH, EXPECT};
use http_body::Body;
use http_body_util::BodyExt;
use tokio::time::timeout;

use crate::{GatewayConfig, engine::EngineBody, error::ApiError, fields::Fields};

/// Longest whole answer that is taken from the engine, in bytes.
const MAX_ANSWER_BYTES: usize = 256 << 20;

/// Most room that is set aside on the word of a `Content-Length`, in bytes; beyond it memory grows with what really arrives.
pub(crate) const MAX_RESERVED_BYTES: usize = 1 << 20;

/// Most that is read and thrown away of a body that is refused, in bytes.
const MAX_DISCARDED_BYTES: usize = 128 << 20;

/// Longest time that this may take.
const DISCARD_TIME: Duration = Duration::from_secs(10);

/// Why a body did not arrive whole.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    /// It is longer than allowed.
    #[error("the body is longer than {limit} bytes")]
    TooLong {
        /// In bytes.
        limit: usize,
    },
    /// Its sender paused for too long.
    #[error("the body did not arrive in time")]
    TooSlow,
    /// The connection broke, or the body is malformed.
    #[error("the body broke off")]
    BrokeOff(#[source] Box<dyn Error + Send + Sync>),
}

/// The whole body of a request.
pub(crate) async fn read_request(
    headers: &Fields,
    body: &mut axum::body::Body,
    config: &GatewayConfig,
) -> Result<Bytes, ApiError> {
    let read = read(headers, body, config.max_body_bytes, Some(config.body_idle_timeout)).await;
    read.map_err(|error| match error {
        BodyError::TooLong { limit } => ApiError::body_too_large(limit),
        BodyError::TooSlow => ApiError::body_too_slow(),
        BodyError::BrokeOff(_) => ApiError::invalid("The request body could not be read to its end."),
    })
}

/// Reads on and throws away, so that a caller who is still sending gets to read the refusal: closing a connection with
/// unread bytes in it would reset it. A caller who waits for `100 Continue` has sent nothing.
pub(crate) async fn discard(headers: &Fields, mut body: axum::body::Body) {
    if headers.contains(&EXPECT) {
        return;
    }
    let rest = async {
        let mut left = MAX_DISCARDED_BYTES;
        while let Some(Ok(frame)) = body.frame().await {
            left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
            if left == 0 {
                break;
            }
        }
    };
    // Whoever has not finished by then is cut off.
    let _in_time = timeout(DISCARD_TIME, rest).await;
}

/// The whole body of an answer, however long the engine takes.
pub(crate) async fn read_answer(headers: &Fields, body: EngineBody) -> Result<Bytes, BodyError> {
    read(headers, body, MAX_ANSWER_BYTES, None).await
}

async fn read<B>(headers: &Fields, body: B, limit: usize, idle: Option<Duration>) -> Result<Bytes, BodyError>
where
    B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>>,
{
    let announced = headers.text(&CONTENT_LENGTH).and_then(|digits| digits.parse().ok());
    if announced.is_some_and(|length: usize| length > limit) {
        return Err(BodyError::TooLong { limit });
    }
    let mut body = pin!(body);
    let mut first = Bytes::new();
    let mut whole = BytesMut::new();
    loop {
        let frame = match idle {
            Some(idle) => timeout(idle, body.frame()).await.map_err(|_| BodyError::TooSlow)?,
            None => body.frame().await,
        };
        let Some(frame) = frame else { break };
        let frame = frame.map_err(|error| BodyError::BrokeOff(error.into()))?;
        let Ok(data) = frame.into_data() else { continue };
        if first.is_empty() && whole.is_empty() {
            // A small body comes in one piece and needs no copy.
            first = data;
            continue;
        }
        if whole.is_empty() {
            whole.reserve(announced.unwrap_or(0).min(MAX_RESERVED_BYTES));
            whole.extend_from_slice(&std::mem::take(&mut first));
        }
        if whole.len() + data.len() > limit {
            return Err(BodyError::TooLong { limit });
        }
        whole.extend_from_slice(&data);
    }
    if first.len() > limit {
        return Err(BodyError::TooLong { limit });
    }
    Ok(if whole.is_empty() { first } else { whole.freeze() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use futures::{StreamExt, stream};
    use http::StatusCode;
    use std::convert::Infallible;

    fn pieces(pieces: &[&'static str]) -> Body {
        Body::from_stream(stream::iter(pieces.to_vec()).map(Ok::<_, Infallible>))
    }

    async fn read_within(limit: usize, announced: Option<&str>, mut body: Body) -> Result<Bytes, StatusCode> {
        let config = GatewayConfig {
            max_body_bytes: limit,
            ..GatewayConfig::default()
        };
        let headers = announced.map(|length| (CONTENT_LENGTH, length.parse().unwrap()));
        read_request(&headers.into_iter().collect(), &mut body, &config)
            .await
            .map_err(|error| error.status)
    }

    #[tokio::test]
    async fn the_limit_holds_for_what_is_announced_and_for_what_arrives() {
        assert_eq!(read_within(4, None, pieces(&["ab", "", "cd"])).await, Ok("abcd".into()));
        assert_eq!(read_within(4, None, pieces(&["abcd"])).await, Ok("abcd".into()));
        assert_eq!(read_within(4, None, pieces(&[])).await, Ok(Bytes::new()));
        for (announced, body) in [
            (Some("5"), pieces(&[])),
            (None, pieces(&["abcde"])),
            (Some("3"), pieces(&["ab", "cd", "e"])),
        ] {
            assert_eq!(
                read_within(4, announced, body).await,
                Err(StatusCode::PAYLOAD_TOO_LARGE)
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_sender_that_stops_is_given_up() {
        let stalled = Body::from_stream(stream::iter([Ok::<_, Infallible>("ab")]).chain(stream::pending()));
        assert_eq!(read_within(4, None, stalled).await, Err(StatusCode::REQUEST_TIMEOUT));
    }
}
