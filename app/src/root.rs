//! The root component: what every page shares, and which page is where.

use std::cell::Cell;

use leptos::{either::Either, prelude::*};
use leptos_meta::{Title, provide_meta_context};
use leptos_router::{
    SsrMode,
    components::{FlatRoutes, Route, Router},
    path,
};

use crate::{
    components::Frame,
    live::LiveFeed,
    pages::{NotFoundPage, OverviewPage, RequestsPage, ServedPage},
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
                    <Route path=path!("/usage") view=usage ssr=SsrMode::Async/>
                    <Route path=path!("/requests") view=RequestsPage ssr=SsrMode::Async/>
                    <Route path=path!("/keys") view=keys ssr=SsrMode::Async/>
                    <Route path=path!("/keys/:id") view=key ssr=SsrMode::Async/>
                    <Route path=path!("/gpus") view=gpus ssr=SsrMode::Async/>
                    <Route path=path!("/models") view=models ssr=SsrMode::Async/>
                    <Route path=path!("/playground") view=playground ssr=SsrMode::Async/>
                    <Route path=path!("/audit") view=audit ssr=SsrMode::Async/>
                    <Route path=path!("/users") view=users ssr=SsrMode::Async/>
                    <Route path=path!("/settings") view=settings ssr=SsrMode::Async/>
                </FlatRoutes>
            </Frame>
        </Router>
    }
}

fn usage() -> AnyView {
    served("Usage", "/usage")
}

fn keys() -> AnyView {
    served("Keys", "/keys")
}

fn key() -> AnyView {
    served("Key", "/keys/")
}

fn gpus() -> AnyView {
    served("GPUs", "/gpus")
}

fn models() -> AnyView {
    served("Models", "/models")
}

fn playground() -> AnyView {
    served("Playground", "/playground")
}

fn audit() -> AnyView {
    served("Audit", "/audit")
}

fn users() -> AnyView {
    served("Users and sessions", "/users")
}

fn settings() -> AnyView {
    served("Settings", "/settings")
}

/// All these pages are of one type, and the router would make one of them into the other, with its content still in it. It
/// makes a new one where the side is another, so that each is on another side than the one before.
fn served(title: &'static str, root: &'static str) -> AnyView {
    thread_local! {
        static IS_RIGHT: Cell<bool> = const { Cell::new(false) };
    }
    let page = view! { <ServedPage title root/> }.into_any();
    let is_right = IS_RIGHT.replace(!IS_RIGHT.get());
    let side = if is_right {
        Either::Right(page)
    } else {
        Either::Left(page)
    };
    side.into_any()
}
