//! HTTP/1.1 as nearly all callers speak it: a request of a known length for a route that leads to the engine.
//!
//! Such a connection is one task, from the caller's socket to the engine's and back, without a queue or another
//! task in between. Whatever else comes, down to a key that is not accepted, is given back unread to whoever serves HTTP in
//! general: so nothing but the plain case is decided here, and nothing is decided twice.

use std::{collections::HashMap, future::Future, io, pin::Pin, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, header::HeaderName};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    time::{Instant, Sleep, sleep},
};
use tokio_util::sync::CancellationToken;

use self::{caller::Caller, request::Head};
use crate::{
    Gateway,
    answer::Answer,
    error::ApiError,
    fields::Fields,
    forward::{Arrived, Route, check_head},
    routes::engine_routes,
};

mod answer;
mod caller;
mod date;
mod request;

/// How long a caller may take to send a request's head, from the end of the answer before; so a connection may stand idle
/// for as long.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);

/// The routes that lead to the engine, and what answers them on a connection of HTTP/1.1.
pub struct EngineRoutes {
    gateway: Arc<Gateway>,
    by_path: HashMap<String, Arc<Route>>,
    /// Added to every answer.
    added: Vec<(HeaderName, HeaderValue)>,
}

/// A connection that goes on elsewhere, and what has been read of it.
pub type Rest<S> = (S, BytesMut);

/// When a connection may make no more requests.
pub struct LastRequest<'a, F> {
    /// That it will be so before long: answers tell the caller.
    pub stopping: &'a CancellationToken,
    /// Told of the connection's first request.
    pub asked: &'a CancellationToken,
    /// That it is so.
    pub now: Pin<&'a mut F>,
}

impl EngineRoutes {
    /// The routes of `gateway`. Their answers carry the headers `added`.
    pub fn new(gateway: Arc<Gateway>, added: Vec<(HeaderName, HeaderValue)>) -> Self {
        Self {
            by_path: engine_routes(&gateway).collect(),
            gateway,
            added,
        }
    }

    /// Serves a connection of which `read` has been read, until it ends or a request comes that is not for these routes:
    /// then that request and what follows it are given back. Requests with headers of which `is_ours` does not hold are
    /// such, too.
    ///
    /// # Errors
    /// Where the connection breaks. A request under way is settled as one whose caller left.
    pub async fn serve<S, F>(
        &self,
        stream: S,
        read: BytesMut,
        is_ours: impl Fn(&Fields) -> bool,
        mut last: LastRequest<'_, F>,
    ) -> io::Result<Option<Rest<S>>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
        F: Future<Output = ()>,
    {
        let mut caller = Caller::new(stream, read);
        let mut is_first = true;
        // One for all requests: putting off when it is due costs less than setting one each time.
        let mut too_late = Box::pin(sleep(HEAD_TIMEOUT));
        loop {
            let head = match request::take_head(&mut caller.read) {
                Head::Whole(head) => head,
                Head::Strange => return Ok(Some(caller.into_parts())),
                Head::Unfinished => match next_bytes(&mut caller, &mut last.now, too_late.as_mut()).await? {
                    0 => return Ok(None),
                    _ => continue,
                },
            };
            let Some(request) = self.admit(&head, &is_ours) else {
                caller.put_back(&head);
                return Ok(Some(caller.into_parts()));
            };
            drop(head);
            if std::mem::take(&mut is_first) {
                last.asked.cancel();
            }
            if !self.answer(&mut caller, request, last.stopping).await? {
                caller.stream.shutdown().await?;
                return Ok(None);
            }
            too_late.as_mut().reset(Instant::now() + HEAD_TIMEOUT);
        }
    }

    /// The request with this head, if it is a plain one in the name of a key that is accepted.
    fn admit(&self, head: &Bytes, is_ours: impl Fn(&Fields) -> bool) -> Option<Request<'_>> {
        let plain = request::parse(head, |path| self.by_path.get(path))?;
        let fits = plain.length <= self.gateway.config.max_body_bytes;
        if !fits || check_head(plain.route, &plain.headers).is_err() || !is_ours(&plain.headers) {
            return None;
        }
        Some(Request {
            route: plain.route,
            arrived: Arrived::with(plain.headers, &self.gateway).ok()?,
            length: plain.length,
            keeps_alive: plain.keeps_alive,
        })
    }

    /// Answers one request. Tells whether another one may follow.
    async fn answer<S>(
        &self,
        caller: &mut Caller<S>,
        request: Request<'_>,
        stopping: &CancellationToken,
    ) -> io::Result<bool>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let Request {
            route,
            arrived,
            length,
            mut keeps_alive,
        } = request;
        let body = caller.body(length, self.gateway.config.body_idle_timeout).await?;
        let answer = if let Some(body) = body {
            // It is large, and a connection that carries a stream or stands idle has no use for its room.
            unless_left(caller, Box::pin(arrived.answer(route, body))).await?
        } else {
            keeps_alive = false;
            arrived.refuse(route, ApiError::body_too_slow())
        };
        keeps_alive &= !stopping.is_cancelled();
        answer::write(caller, self.dressed(answer), self.gateway.clock.now(), keeps_alive).await?;
        Ok(keeps_alive)
    }

    fn dressed(&self, mut answer: Answer) -> Answer {
        for (name, value) in &self.added {
            answer.head.fields.set(name.clone(), value.clone());
        }
        answer
    }
}

/// A request for one of the routes, whose body is to be read.
struct Request<'a> {
    route: &'a Route,
    arrived: Arrived,
    /// Of the body, in bytes.
    length: usize,
    keeps_alive: bool,
}

/// Waits for more of a head, and tells how much came: nothing where the connection has ended or may ask no more.
async fn next_bytes<S, F>(
    caller: &mut Caller<S>,
    no_more: &mut Pin<&mut F>,
    too_late: Pin<&mut Sleep>,
) -> io::Result<usize>
where
    S: AsyncRead + AsyncWrite + Unpin,
    F: Future<Output = ()>,
{
    tokio::select! {
        biased;
        read = caller.fill() => read,
        () = no_more => Ok(0),
        () = too_late => Ok(0),
    }
}

/// What comes of `answering`, unless the caller leaves before.
async fn unless_left<S, T>(caller: &mut Caller<S>, answering: Pin<Box<impl Future<Output = T>>>) -> io::Result<T>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    tokio::select! {
        biased;
        answered = answering => Ok(answered),
        left = caller.left() => Err(left),
    }
}
