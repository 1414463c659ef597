//! The life of a request, from its head to the beginning of its answer.

use std::sync::Arc;

use axum::{body::Body, extract::Request, response::Response};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use reqwest::Url;
use tokio::time::Instant;
use worv_core::{
    UnixMillis,
    id::RequestId,
    usage::{Endpoint, Outcome},
};

use crate::{
    Gateway,
    account::{Holder, Reservation},
    admission::{self, Entered},
    answer::Answer,
    authentication::{KeyError, authenticate},
    body::{discard, read_request},
    client_kind::{chat_user, client_kind},
    dialect::Dialect,
    echo::Echo,
    engine::EngineError,
    envelope::{StreamOptions, check_content_type},
    error::ApiError,
    fields::Fields,
    headers,
    live::Live,
    payload::{Payload, media_type, takes_form},
    rate_headers::RateHeaders,
    relay::Grammar,
    rewording::Rewording,
    rewrite::{Rewritten, count_prompt},
    settlement::{Admitted, Settlement},
    trace::TRACEPARENT,
};

use engine_answer::{is_event_stream, refused, streamed, whole};

mod engine_answer;

/// One of the routes that lead to the engine.
#[derive(Clone)]
pub(crate) struct Route {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) endpoint: Endpoint,
    pub(crate) dialect: Dialect,
    pub(crate) url: Url,
}

/// A request whose head has been read and whose key has been accepted.
pub(crate) struct Arrived {
    request_id: RequestId,
    holder: Arc<Holder>,
    headers: Fields,
    started: Instant,
    started_at: UnixMillis,
}

/// Answers one request.
pub(crate) async fn forward(route: &Route, request: Request) -> Response {
    let gateway = &*route.gateway;
    let (head, body) = request.into_parts();
    let arrived = match Arrived::with(Fields::from(&head.headers), gateway) {
        Ok(arrived) => arrived,
        Err((headers, refusal)) => {
            discard(&headers, body).await;
            return refusal
                .into_error()
                .into_response(route.dialect, gateway.new_request_id());
        }
    };
    let answer = match receive(route, &arrived.headers, body).await {
        Ok(body) => arrived.answer(route, body).await,
        Err(error) => arrived.refuse(route, error),
    };
    answer.into_response()
}

impl Arrived {
    /// Takes a request in, now. One whose key is not accepted gets its headers back.
    pub(crate) fn with(headers: Fields, gateway: &Gateway) -> Result<Self, (Fields, KeyError)> {
        let started_at = gateway.clock.now();
        match authenticate(&headers, &gateway.keys, started_at) {
            Ok(holder) => Ok(Self {
                request_id: RequestId::new_at(started_at, &gateway.entropy),
                holder,
                headers,
                started: Instant::now(),
                started_at,
            }),
            Err(error) => Err((headers, error)),
        }
    }

    /// The answer, when the engine has begun to give it: a stream comes from there while it is read.
    pub(crate) async fn answer(self, route: &Route, body: Bytes) -> Answer {
        let (request_id, holder) = (self.request_id, Arc::clone(&self.holder));
        let answered = answer(route, self, body).await;
        let answer = answered.unwrap_or_else(|error| error.into_answer(route.dialect, request_id));
        with_limits(answer, route, &holder)
    }

    /// The answer to a request that did not arrive whole.
    pub(crate) fn refuse(self, route: &Route, error: ApiError) -> Answer {
        with_limits(error.into_answer(route.dialect, self.request_id), route, &self.holder)
    }
}

/// Adds what is left of the key's limits.
fn with_limits(mut answer: Answer, route: &Route, holder: &Holder) -> Answer {
    answer.head.limits = RateHeaders::of(route.dialect, holder, route.gateway.clock.now());
    answer
}

async fn answer(route: &Route, arrived: Arrived, body: Bytes) -> Result<Answer, ApiError> {
    let gateway = &*route.gateway;
    let (request_id, holder) = (arrived.request_id, &arrived.holder);
    let received = Instant::now();
    let payload = Payload::parse(route.endpoint, &arrived.headers, &body)?;

    let entered = admission::enter(gateway, holder, body.len()).await?;
    let live = gateway.live();
    let settings = &holder.grant.settings;
    let rewritten = payload.rewrite(gateway, route.endpoint, &live, &body, settings).await?;
    let reservation = reserve(route, &live, &payload, &body, &rewritten, &entered).await?;
    let requested_model = payload.model().to_owned();
    let echoes = gateway.config.echo_requested_model || settings.echo_model;
    let echo = live.name().filter(|_| echoes);
    let rewording = Rewording {
        echo: echo
            .and_then(|served| Echo::new(served, &requested_model))
            .map(Box::new),
        strips_han: says_text(route.endpoint)
            && (settings.strip_han || live.profile.as_ref().is_some_and(|profile| profile.strip_han)),
    };
    let mut settlement = Settlement::admit(
        gateway,
        Admitted {
            request_id,
            key: holder.grant.id,
            endpoint: route.endpoint,
            served_model: live.name().map_or_else(|| requested_model.clone(), str::to_owned),
            requested_model,
            stream: payload.stream(),
            started_at: arrived.started_at,
            started: arrived.started,
            received,
            queued: entered.waited(),
            admission: Some(entered.admit(reservation)),
            client: client_kind(&arrived.headers),
            prompt_estimate: prompt_estimate(route, &payload, &rewritten),
            granted_tokens: rewritten.granted.map(|granted| granted.tokens),
            clamped: rewritten.granted.is_some_and(|granted| granted.clamped),
            chat_user: chat_user(&arrived.headers),
        },
    );
    let translation = rewritten.translation;
    let grammar = match route.endpoint {
        Endpoint::Messages if translation.is_some() => Grammar::translated(request_id),
        Endpoint::Messages | Endpoint::CountTokens => Grammar::messages(request_id),
        Endpoint::Responses => Grammar::responses(),
        Endpoint::ChatCompletions
        | Endpoint::Completions
        | Endpoint::Embeddings
        | Endpoint::Rerank
        | Endpoint::Score
        | Endpoint::Transcriptions
        | Endpoint::Translations => Grammar::chat(payload.stream_options()),
        // Nothing was asked for that the caller did not ask for, so nothing is taken out.
        Endpoint::Other => Grammar::chat(StreamOptions::ALL),
    };
    drop(body);
    let traceparent = settlement.trace(gateway.begin_trace(&arrived.headers));
    let set = [(CONTENT_TYPE, rewritten.content_type), (TRACEPARENT, traceparent)];
    let set = set.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let fields = headers::for_engine(arrived.headers, request_id, set);

    let instead = translation.map(|translation| gateway.engine.url(translation.path()));
    let url = instead.as_ref().unwrap_or(&route.url);
    settlement.note_sent();
    let mut answer = match gateway.engine.post(url, &fields, rewritten.body).await {
        Ok(answer) if !answer.status.is_success() => {
            Box::pin(refused(route.dialect, request_id, answer, &mut settlement)).await
        }
        Ok(answer) if is_event_stream(&answer.fields) => {
            streamed(gateway, request_id, answer, (grammar, rewording), settlement)
        }
        Ok(answer) => {
            whole(
                route.endpoint,
                request_id,
                answer,
                (translation, rewording),
                &mut settlement,
            )
            .await?
        }
        Err(error) => {
            tracing::warn!(%request_id, error = &error as &dyn std::error::Error, "no answer from the engine");
            let error = match error {
                EngineError::Unreachable(_) => ApiError::engine_unreachable(),
                EngineError::BrokeOff(_) => ApiError::engine_broke_off(),
            };
            settlement.set_status(error.status);
            settlement.settle(Outcome::EngineFailed).await;
            return Err(error);
        }
    };
    if let Some(granted) = rewritten.granted {
        let name = headers::X_WORV_MAX_OUTPUT_TOKENS;
        answer.head.fields.set(name, granted.tokens.into());
    }
    Ok(answer)
}

/// Reads a request's body, if its head allows that.
async fn receive(route: &Route, headers: &Fields, mut body: Body) -> Result<Bytes, ApiError> {
    let read = match check_head(route, headers) {
        Ok(()) => read_request(headers, &mut body, &route.gateway.config).await,
        Err(error) => Err(error),
    };
    if read.is_err() {
        discard(headers, body).await;
    }
    read
}

/// What can be told to be wrong before the body has come.
pub(crate) fn check_head(route: &Route, headers: &Fields) -> Result<(), ApiError> {
    if takes_form(route.endpoint) && !route.gateway.takes_audio(&route.gateway.live()) {
        return Err(ApiError::no_audio());
    }
    check_content_type(headers, media_type(route.endpoint))
}

/// Reserves what the request may use at most: the answer that it is granted, and its prompt. A token is at least one
/// byte, which bounds the prompt; only where that much does not fit into what is left is the prompt counted. A recording's
/// bytes say little: the window bounds it.
async fn reserve(
    route: &Route,
    live: &Live,
    payload: &Payload<'_>,
    body: &Bytes,
    rewritten: &Rewritten,
    entered: &Entered,
) -> Result<Reservation, ApiError> {
    let gateway = &*route.gateway;
    if route.endpoint == Endpoint::CountTokens {
        return entered.reserve(0, gateway.clock.now()).map_err(ApiError::exhausted);
    }
    let granted = rewritten.granted.map_or(0, |granted| granted.tokens);
    let counted = rewritten.granted.and_then(|granted| granted.prompt);
    let bytes = body.len() as u64;
    let at_most = match payload {
        Payload::Json(_) => counted.unwrap_or(bytes),
        Payload::Form(_) => bytes.min(live.limits.window),
    };
    let exhausted = match entered.reserve(at_most + granted, gateway.clock.now()) {
        Ok(reservation) => return Ok(reservation),
        Err(exhausted) => exhausted,
    };
    let name = live.name().filter(|_| counted.is_none() && exhausted.left > granted);
    match (payload, name) {
        (Payload::Json(envelope), Some(name)) => {
            let counting = count_prompt(gateway, route.endpoint, live, envelope, name);
            let prompt = Box::pin(counting).await?;
            let reserved = entered.reserve(prompt.tokens() + granted, gateway.clock.now());
            reserved.map_err(ApiError::exhausted)
        }
        _ => Err(ApiError::exhausted(exhausted)),
    }
}

/// Tokens that the prompt has by what is known before the engine has said it. A recording's bytes say nothing of them, and
/// counting is no work of the model's.
fn prompt_estimate(route: &Route, payload: &Payload<'_>, rewritten: &Rewritten) -> u64 {
    match payload {
        Payload::Json(envelope) if route.endpoint != Endpoint::CountTokens => {
            let counted = rewritten.granted.and_then(|granted| granted.prompt);
            counted.unwrap_or_else(|| route.gateway.prompt_counter.estimate_of(&envelope.object))
        }
        Payload::Json(_) | Payload::Form(_) => 0,
    }
}

/// Whether a route's answers are what a model says. A count, a vector or a score has no words, and those of a
/// transcription are the speaker's.
fn says_text(endpoint: Endpoint) -> bool {
    match endpoint {
        Endpoint::ChatCompletions | Endpoint::Messages | Endpoint::Completions | Endpoint::Responses => true,
        Endpoint::CountTokens
        | Endpoint::Embeddings
        | Endpoint::Rerank
        | Endpoint::Score
        | Endpoint::Transcriptions
        | Endpoint::Translations
        | Endpoint::Other => false,
    }
}
