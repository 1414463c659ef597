//! A state as an icon, a word and a colour; the colour is never alone.

use leptos::prelude::*;

/// How good or bad something is. The style sheet gives each its colour and its icon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// As it should be.
    Ok,
    /// Neither good nor bad.
    #[cfg_attr(
        not(feature = "ssr"),
        expect(dead_code, reason = "it is said on pages that the server renders alone")
    )]
    Neutral,
    /// It will be known in a moment.
    Waiting,
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
            Self::Waiting => "waiting",
            Self::Warn => "warn",
            Self::Bad => "bad",
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
    text: Signal<&'static str>,
) -> impl IntoView {
    view! {
        <span class="status" data-tone=move || tone.get().name()>
            {move || text.get()}
        </span>
    }
}
