//! What the pages share.

use leptos::prelude::*;
use worv_api::ApiKey;

pub(super) use self::{
    copy::{copy, copy_button},
    dialog::{buttons, does, kept_dialog, question, question_at, renewed_dialog, stored, token},
    listing::listing,
    moment::{lasting, moment, moment_or},
    password::new_password,
    table::{actions, table},
};
use super::{Notice, Visitor};
use crate::components::Tone;

mod copy;
mod dialog;
mod listing;
mod moment;
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

/// The way to the form that makes something new, which is for administrators.
pub(super) fn create(visitor: &Visitor, address: &'static str, words: &'static str) -> Option<AnyView> {
    visitor.admin.then(|| {
        view! {
            <a class="button" data-kind="primary" href=address>
                <span class="icon" data-icon="plus" aria-hidden="true"></span>
                {words}
            </a>
        }
        .into_any()
    })
}

/// A key as it may be shown: its beginning and its end.
pub(super) fn masked(key: &ApiKey) -> String {
    format!("{}…{}", key.prefix, key.last_four)
}

/// Where a list has nothing to show.
pub(super) fn empty(title: &str, advice: &str) -> AnyView {
    view! {
        <div class="panel empty">
            <strong>{title.to_owned()}</strong>
            <p>{advice.to_owned()}</p>
        </div>
    }
    .into_any()
}
