//! What the pages share.

use leptos::prelude::*;
use worv_api::ApiKey;

use super::{Notice, Visitor};
use crate::{components::Tone, format};

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

/// The token that every form sends back.
pub(super) fn token(visitor: &Visitor) -> AnyView {
    view! { <input type="hidden" name="csrf_token" value=visitor.csrf_token.clone()/> }.into_any()
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

/// A dialog that the address has opened. Closing it leads to `back`.
pub(super) fn dialog(title: String, back: &str, content: AnyView) -> AnyView {
    let label = title.clone();
    view! {
        <dialog class="dialog" open=true aria-label=label data-back=back.to_owned()>
            <div class="dialog__content">
                <h2>{title}</h2>
                {content}
            </div>
        </dialog>
    }
    .into_any()
}

/// A dialog that goes with the times: what it says is brought up to date while it is open.
pub(super) fn renewed_dialog(title: String, back: &str, content: AnyView) -> AnyView {
    let label = title.clone();
    view! {
        <dialog class="dialog" open=true aria-label=label data-back=back.to_owned() data-renewed="">
            <div class="dialog__content">
                <h2>{title}</h2>
                {content}
            </div>
        </dialog>
    }
    .into_any()
}

/// A dialog that only its own button closes.
pub(super) fn kept_dialog(title: String, back: &str, content: AnyView) -> AnyView {
    let label = title.clone();
    view! {
        <dialog class="dialog" open=true aria-label=label data-back=back.to_owned() data-kept="">
            <div class="dialog__content">
                <h2>{title}</h2>
                {content}
            </div>
        </dialog>
    }
    .into_any()
}

/// The last row of a form in a dialog: the way back, and the way on.
pub(super) fn buttons(back: &str, kind: &'static str, word: &'static str) -> AnyView {
    view! {
        <div class="button-row">
            <a class="button" href=back.to_owned()>
                "Cancel"
            </a>
            <button class="button" data-kind=kind type="submit">
                {word}
            </button>
        </div>
    }
    .into_any()
}

/// What a form does, and to which of several.
pub(super) fn does(what: &str, id: i64) -> AnyView {
    view! {
        <input type="hidden" name="do" value=what.to_owned()/>
        <input type="hidden" name="id" value=id.to_string()/>
    }
    .into_any()
}

/// A question about the key of that number whose answer is a form without fields. `home` is the page that it is asked on.
pub(super) fn question(
    visitor: &Visitor,
    title: String,
    home: &str,
    what: (&str, i64),
    effect: AnyView,
    button: (&'static str, &'static str),
) -> AnyView {
    let (kind, word) = button;
    let back = home;
    let content = view! {
        <form class="form" method="post" action=home.to_owned()>
            {token(visitor)}
            {does(what.0, what.1)}
            {effect}
            {buttons(back, kind, word)}
        </form>
    };
    dialog(title, back, content.into_any())
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
            <button class="button copy__button" type="button" data-copy=id>
                <span class="icon" data-icon="copy" aria-hidden="true"></span>
                <span role="status">"Copy"</span>
                <span class="visually-hidden">" " {label}</span>
            </button>
        </div>
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
