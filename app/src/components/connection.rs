//! The state of the event stream, in words.

use leptos::prelude::*;

use super::Tone;
use crate::{
    format,
    live::{Connection, LiveFeed},
};

/// Says whether the figures on the page are live.
#[component]
pub(crate) fn ConnectionStatus() -> impl IntoView {
    let connection = expect_context::<LiveFeed>().connection;
    // The seconds count down beside the announced words: a screen reader should not read each of them.
    view! {
        <span class="status connection" data-tone=move || tone(connection.get()).name()>
            <span role="status">{move || words(connection.get())}</span>
            <span aria-hidden="true">{move || countdown(connection.get())}</span>
        </span>
    }
}

fn tone(connection: Connection) -> Tone {
    match connection {
        Connection::Connecting => Tone::Waiting,
        Connection::Live => Tone::Ok,
        Connection::Reconnecting { .. } => Tone::Warn,
        Connection::Offline { .. } => Tone::Bad,
    }
}

fn words(connection: Connection) -> String {
    match connection {
        Connection::Connecting => "Connecting".to_owned(),
        Connection::Live => "Live".to_owned(),
        Connection::Reconnecting { .. } => "Reconnecting".to_owned(),
        Connection::Offline { since } => format!("Offline since {} UTC", format::time(since)),
    }
}

fn countdown(connection: Connection) -> String {
    match connection {
        Connection::Reconnecting { retry_in } if retry_in > 0 => format!("({retry_in} s)"),
        _ => String::new(),
    }
}
