//! What the pages share.

use leptos::prelude::*;
use worv_api::ApiKey;

pub(super) use self::{
    dialog::{buttons, does, kept_dialog, question, question_at, renewed_dialog, stored, token},
    listing::listing,
    password::new_password,
    table::{actions, table},
};
use super::{Notice, Visitor};
use crate::{components::Tone, format};

mod dialog;
mod listing;
mod password;
mod table;

/// What was just done, where there is something to say.
pub(super) fn notice(visitor: &Visitor) -> Option<AnyView> {
    visitor.notice.clone().map(|notice| match notice {
        Notice::Done(words) => view! {
            <p class="notice" data-id="notice" data-tone="ok" role="status">
                {words}
            </p>
        }
        .into_any(),
        Notice::Failed(error) => view! {
            <div class="notice" data-id="notice" data-tone="bad" role="alert" data-kept="">
                <p>
                    <strong>"Nothing was changed. "</strong>
                    {error.message}
                </p>
            </div>
        }
        .into_any(),
    })
}

/// How long ago a moment was, or in how long it will be.
pub(super) fn moment(at: i64, now: i64) -> AnyView {
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
pub(super) fn lasting(since: i64, now: i64) -> AnyView {
    view! {
        <time datetime=format::iso(since) title=format!("since {} UTC", format::date_time(since))>
            {format!("for {}", format::duration(now - since))}
        </time>
    }
    .into_any()
}

/// A moment that may not be, with the words for that.
pub(super) fn moment_or(at: Option<i64>, now: i64, otherwise: &'static str) -> AnyView {
    match at {
        Some(at) => moment(at, now),
        None => view! { <span class="muted">{otherwise}</span> }.into_any(),
    }
}

/// A state in a word, with its icon and colour.
pub(super) fn status(tone: Tone, word: &'static str) -> AnyView {
    view! {
        <span class="status" data-tone=tone.name()>
            {word}
        </span>
    }
    .into_any()
}

/// A text, or a dash for none.
pub(super) fn or_dash(text: &str) -> String {
    if text.is_empty() {
        "–".to_owned()
    } else {
        text.to_owned()
    }
}

/// Text that is meant to be copied, with the button that copies it.
pub(super) fn copy(id: &'static str, label: &'static str, text: String) -> AnyView {
    let rows = text.lines().count().max(1);
    view! {
        <div class="copy">
            <label class="field__label" for=id>
                {label}
            </label>
            <textarea class="copy__text" id=id rows=rows readonly spellcheck="false" wrap="off">
                {text}
            </textarea>
            {copy_button(id, label)}
        </div>
    }
    .into_any()
}

/// A button that copies the text of the element with that `id`. What came of it is said beside it, since nothing within a
/// button is told to those who cannot see it.
pub(super) fn copy_button(id: &'static str, label: &'static str) -> AnyView {
    view! {
        <span class="copy__action">
            <button class="button copy__button" type="button" data-copy=id>
                <span class="icon" data-icon="copy" aria-hidden="true"></span>
                <span class="copy__word">"Copy"</span>
                <span class="visually-hidden">"(" {label} ")"</span>
            </button>
            <span class="visually-hidden" role="status"></span>
        </span>
    }
    .into_any()
}

/// A key as it may be shown: its beginning and its end.
pub(super) fn masked(key: &ApiKey) -> String {
    format!("{}…{}", key.prefix, key.last_four)
}

/// Where a list has nothing to show.
pub(super) fn empty(title: &'static str, advice: &'static str) -> AnyView {
    view! {
        <div class="panel empty">
            <strong>{title}</strong>
            <p>{advice}</p>
        </div>
    }
    .into_any()
}
