//! The state of the event stream, in words.

use leptos::prelude::*;

use super::{Icon, IconView, Tone};
use crate::{
    format,
    live::{Connection, LiveFeed},
};

/// Says whether the figures on the page are live.
#[component]
pub(crate) fn ConnectionStatus() -> impl IntoView {
    let connection = expect_context::<LiveFeed>().connection;
    let tone = move || match connection.get() {
        Connection::Connecting => Tone::Neutral,
        Connection::Live => Tone::Ok,
        Connection::Reconnecting { .. } => Tone::Warn,
        Connection::Offline { .. } => Tone::Bad,
    };
    let icon = Signal::derive(move || match connection.get() {
        Connection::Connecting => Icon::Clock,
        _ => tone().icon(),
    });
    // The seconds count down beside the announced words: a screen reader should not read each of them.
    let words = Memo::new(move |_| match connection.get() {
        Connection::Connecting => "Connecting".to_owned(),
        Connection::Live => "Live".to_owned(),
        Connection::Reconnecting { .. } => "Reconnecting".to_owned(),
        Connection::Offline { since } => format!("Offline since {} UTC", format::time(since)),
    });
    let seconds = move || match connection.get() {
        Connection::Reconnecting { retry_in } => format!("({retry_in} s)"),
        _ => String::new(),
    };
    view! {
        <span class="status connection" data-tone=move || tone().name()>
            <IconView icon/>
            <span role="status">{words}</span>
            <span aria-hidden="true">{seconds}</span>
        </span>
    }
}
