//! The root component: what every page shares, and which page is where.

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::{
    SsrMode,
    components::{FlatRoutes, Route, Router},
    path,
};

use crate::{
    components::Frame,
    live::LiveFeed,
    pages::{KeysPage, NotFoundPage, OverviewPage, RequestsPage, UsagePage},
};

/// The console. It needs [`worv_api::Api`] in its context; a [`LiveFeed`] may be there too.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    if use_context::<LiveFeed>().is_none() {
        provide_context(LiveFeed::new());
    }
    // Every answer is in the server's memory, so a page is sent when it is complete: no spinner, no second layout.
    view! {
        <Title formatter=|title| format!("{title} · worv")/>
        <Router>
            <Frame>
                <FlatRoutes fallback=NotFoundPage>
                    <Route path=path!("/") view=OverviewPage ssr=SsrMode::Async/>
                    <Route path=path!("/usage") view=UsagePage ssr=SsrMode::Async/>
                    <Route path=path!("/requests") view=RequestsPage ssr=SsrMode::Async/>
                    <Route path=path!("/keys") view=KeysPage ssr=SsrMode::Async/>
                </FlatRoutes>
            </Frame>
        </Router>
    }
}
