//! A state as an icon, a word and a colour; the colour is never alone.

use leptos::prelude::*;

use super::{Icon, IconView};

/// How good or bad something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// As it should be.
    Ok,
    /// Neither good nor bad, or not known.
    Neutral,
    /// It works, and someone should look at it.
    Warn,
    /// It does not work.
    Bad,
}

impl Tone {
    /// The value of `data-tone`, which the style sheet goes by.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Neutral => "neutral",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }

    /// The icon beside the word.
    pub(crate) fn icon(self) -> Icon {
        match self {
            Self::Ok => Icon::Check,
            Self::Neutral => Icon::Minus,
            Self::Warn => Icon::Warning,
            Self::Bad => Icon::Cross,
        }
    }
}

/// A state in a word or two.
#[component]
pub(crate) fn Status(
    /// How good or bad it is.
    #[prop(into)]
    tone: Signal<Tone>,
    /// What it is.
    #[prop(into)]
    text: Signal<String>,
) -> impl IntoView {
    view! {
        <span class="status" data-tone=move || tone.get().name()>
            <IconView icon=Signal::derive(move || tone.get().icon())/>
            <span>{text}</span>
        </span>
    }
}
