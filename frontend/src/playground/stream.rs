//! An answer of the API, event by event.

use std::cell::RefCell;

use gloo_net::http::{Request, RequestBuilder, Response};
use js_sys::{JSON, Object, Uint8Array};
use leptos::prelude::document;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, ReadableStreamDefaultReader};

use super::objects::{get, parse};
use crate::document::meta;

/// The longest time for which a key is used, in milliseconds; it works a minute longer.
const KEPT: f64 = 14.0 * 60_000.0;

thread_local! {
    /// The key, and until when it is used.
    static KEY: RefCell<Option<(String, f64)>> = const { RefCell::new(None) };
}

/// Asks, and hands on the data of each event until the last.
pub(super) async fn chat(body: &Object, signal: &AbortSignal, take_in: impl Fn(&str)) -> Result<(), String> {
    let key = key().await?;
    let body = JSON::stringify(body).map(String::from).unwrap_or_default();
    let request = post("/api/playground/v1/chat/completions")
        .header("authorization", &format!("Bearer {key}"))
        .header("content-type", "application/json")
        .abort_signal(Some(signal))
        .body(body);
    let response = good(request.map_err(|error| error.to_string())?.send().await).await?;
    let Some(stream) = response.body() else { return Ok(()) };
    let reader: ReadableStreamDefaultReader = stream.get_reader().unchecked_into();
    let mut arrived = Vec::new();
    loop {
        let piece = JsFuture::from(reader.read())
            .await
            .map_err(|_| "The connection broke.".to_owned())?;
        if get(&piece, &["done"]).is_truthy() {
            return Ok(());
        }
        // The page was left: nobody reads on.
        if document().get_element_by_id("playground").is_none() {
            drop(reader.cancel());
            return Ok(());
        }
        arrived.extend(Uint8Array::new(&get(&piece, &["value"])).to_vec());
        while let Some(end) = arrived.iter().position(|byte| *byte == b'\n') {
            let rest = arrived.split_off(end + 1);
            let line = std::mem::replace(&mut arrived, rest);
            if let Some(data) = String::from_utf8_lossy(&line).strip_prefix("data:") {
                take_in(data.trim());
            }
        }
    }
}

/// A request that comes from an open page of this console.
fn post(address: &str) -> RequestBuilder {
    Request::post(address).header("x-csrf-token", &meta(app::PageSettings::CSRF_TOKEN_META))
}

/// The key of before, or a new one.
async fn key() -> Result<String, String> {
    let known = KEY.with_borrow(Clone::clone);
    if let Some((key, _)) = known.filter(|(_, until)| *until > js_sys::Date::now()) {
        return Ok(key);
    }
    let answer = good(post("/api/playground/key").send().await)
        .await?
        .text()
        .await
        .map_err(|error| error.to_string())?;
    let key = parse(&answer).and_then(|answer| get(&answer, &["secret"]).as_string());
    let key = key.ok_or_else(|| "The server gave no key.".to_owned())?;
    KEY.set(Some((key.clone(), js_sys::Date::now() + KEPT)));
    Ok(key)
}

/// The answer, if it is a success; else what it says is wrong.
async fn good(answer: Result<Response, gloo_net::Error>) -> Result<Response, String> {
    let response = answer.map_err(|_| "The server cannot be reached.".to_owned())?;
    if response.ok() {
        return Ok(response);
    }
    if response.status() == 401 {
        KEY.set(None);
    }
    let said = response.text().await.unwrap_or_default();
    let said = parse(&said).unwrap_or(JsValue::UNDEFINED);
    let message = get(&said, &["error", "message"])
        .as_string()
        .or_else(|| get(&said, &["message"]).as_string());
    Err(message.unwrap_or_else(|| format!("The server answered with status {}.", response.status())))
}
