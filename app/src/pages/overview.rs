//! The overview: is it well, what passes through it, how full are the GPUs.

use std::future::ready;

use leptos::{either::Either, prelude::*};
use worv_api::{ApiFuture, ConsoleApi, Overview};

use self::{charts::Charts, gpus::GpuPanel, health::Health, tiles::Tiles};
use crate::{
    api_handle::ApiHandle,
    at_once::AtOnce,
    components::{Failure, PageHeader, ServerPart},
    live::{Connection, LiveFeed},
};

mod charts;
mod gpus;
mod health;
mod minutes;
mod tiles;

/// The page.
#[component]
pub(crate) fn OverviewPage() -> impl IntoView {
    let feed = expect_context::<LiveFeed>();
    let api = ApiHandle::from_context();
    let overview = Resource::new(
        || (),
        move |()| -> ApiFuture<Overview> {
            // What the stream has brought is newer than any answer.
            match feed.overview_untracked() {
                Some(overview) => Box::pin(ready(Ok(overview))),
                None => api.ask(ConsoleApi::overview),
            }
        },
    );
    // A page that could not be loaded shows its figures as soon as the stream brings some.
    Effect::new(move |_| {
        if feed.engine.with(Option::is_some) && matches!(overview.get_untracked(), Some(Err(_))) {
            overview.refetch();
        }
    });
    AtOnce(view! {
        <PageHeader title="Overview"/>
        <Suspense fallback=|| view! { <p class="loading">"Loading the figures"</p> }>
            {move || {
                overview
                    .get()
                    .map(|answer| match answer {
                        Ok(overview) => {
                            feed.begin(overview);
                            Either::Left(view! { <Figures/> })
                        }
                        Err(error) => {
                            Either::Right(
                                view! {
                                    <Failure
                                        what="The figures could not be loaded."
                                        error
                                        retry=Callback::new(move |()| overview.refetch())
                                    />
                                },
                            )
                        }
                    })
            }}
        </Suspense>
    })
}

/// Everything that comes from the feed.
#[component]
fn Figures() -> impl IntoView {
    let connection = expect_context::<LiveFeed>().connection;
    let stale = move || {
        matches!(
            connection.get(),
            Connection::Reconnecting { .. } | Connection::Offline { .. }
        )
    };
    AtOnce(view! {
        <div class="overview" class:is-stale=stale>
            <Health/>
            <Tiles/>
            <GpuPanel/>
            <ServerPart part="/activity"/>
            <Charts/>
        </div>
    })
}
