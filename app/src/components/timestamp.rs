//! A moment: how long ago, with the exact time behind it.

use leptos::prelude::*;

use crate::{format, live::LiveFeed};

/// A moment. Its exact time is shown until the server's clock is known from the event stream, and how long ago it was after
/// that; both sides render the same until then.
#[component]
pub(crate) fn Timestamp(
    /// Unix milliseconds.
    at: i64,
) -> impl IntoView {
    let now = expect_context::<LiveFeed>().clock;
    let text = move || match now.get() {
        Some(now) if now >= at => format!("{} ago", format::duration(now - at)),
        Some(now) => format!("in {}", format::duration(at - now)),
        None => format::date_time(at),
    };
    view! {
        <time datetime=format::iso(at) title=format!("{} UTC", format::date_time(at))>
            {text}
        </time>
    }
}
