//! The console in the browser: it hydrates [`app::App`], answers its API over HTTP and feeds its live figures.

use std::sync::Arc;

use app::{App, api::Api, live::LiveFeed};
use leptos::prelude::*;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::http_api::HttpApi;

mod document;
mod events;
mod http_api;
mod playground;

/// Takes over the page that the server rendered. The page calls it once the module is there.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    hydrate_body(|| {
        let api: Api = Arc::new(HttpApi);
        let feed = LiveFeed::new();
        provide_context(Arc::clone(&api));
        provide_context(feed);
        let settings = document::settings();
        let build = settings.session.as_ref().map(|session| session.build.clone());
        provide_context(settings);
        events::follow(feed, api, build.unwrap_or_default());
        playground::listen();
        view! { <App/> }
    });
}
