//! Moments, as far from now as they are.

use leptos::prelude::*;

use crate::format;

/// How long ago a moment was, or in how long it will be.
pub(in crate::served) fn moment(at: i64, now: i64) -> AnyView {
    let text = if at <= now {
        format!("{} ago", format::duration(now - at))
    } else {
        format!("in {}", format::duration(at - now))
    };
    view! {
        <time datetime=format::iso(at) title=format!("{} UTC", format::date_time(at))>
            {text}
        </time>
    }
    .into_any()
}

/// For how long something has been as it is since a moment.
pub(in crate::served) fn lasting(since: i64, now: i64) -> AnyView {
    view! {
        <time datetime=format::iso(since) title=format!("since {} UTC", format::date_time(since))>
            {format!("for {}", format::duration(now - since))}
        </time>
    }
    .into_any()
}

/// A moment that may not be, with the words for that.
pub(in crate::served) fn moment_or(at: Option<i64>, now: i64, otherwise: &'static str) -> AnyView {
    match at {
        Some(at) => moment(at, now),
        None => view! { <span class="muted">{otherwise}</span> }.into_any(),
    }
}
