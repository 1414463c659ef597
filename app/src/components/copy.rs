//! Text that is meant to be copied.

use leptos::{html, prelude::*, task::spawn_local};
use wasm_bindgen::JsValue;

/// What pressing the button did.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was not pressed.
    None,
    /// The text is on the clipboard.
    Copied,
    /// There is no clipboard: the text is selected, so that the keyboard can copy it.
    Selected,
}

impl Outcome {
    /// The word on the button.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::None => "Copy",
            Self::Copied => "Copied",
            Self::Selected => "Selected",
        }
    }

    fn announcement(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Copied => "Copied",
            Self::Selected => "Selected. Copy it with the keyboard.",
        }
    }
}

/// A field that cannot be edited, with a button that copies it. Without a clipboard (a page over plain HTTP has none) the
/// button selects the text, so that the keyboard can copy it.
#[component]
pub(crate) fn CopyField(
    /// What it is.
    label: &'static str,
    /// The text.
    text: String,
) -> impl IntoView {
    let field = NodeRef::<html::Textarea>::new();
    let outcome = RwSignal::new(Outcome::None);
    let rows = text.lines().count().max(1);
    let copy = move |_| {
        if let Some(field) = field.get_untracked() {
            copy_text(field, move |copied| outcome.set(copied));
        }
    };
    view! {
        <div class="copy">
            <p class="field__label">{label}</p>
            <textarea class="copy__text" node_ref=field aria-label=label rows=rows readonly spellcheck="false" wrap="off">
                {text}
            </textarea>
            <button class="button copy__button" type="button" on:click=copy>
                <span class="icon" data-icon="copy" aria-hidden="true"></span>
                <span>
                    {move || outcome.get().word()} <span class="visually-hidden">": " {label}</span>
                </span>
            </button>
            <span class="visually-hidden" role="status">
                {move || outcome.get().announcement()}
            </span>
        </div>
    }
}

/// Copies what a field contains, or selects it where that is not allowed, and says which.
pub(crate) fn copy_text(field: web_sys::HtmlTextAreaElement, done: impl FnOnce(Outcome) + 'static) {
    spawn_local(async move {
        let copied = match clipboard() {
            Some(clipboard) => clipboard.write_text(&field.value()).await.is_ok(),
            None => false,
        };
        if !copied {
            field.select();
        }
        done(if copied { Outcome::Copied } else { Outcome::Selected });
    });
}

/// The clipboard, where the page is allowed one.
fn clipboard() -> Option<web_sys::Clipboard> {
    let clipboard = window().navigator().clipboard();
    let value: &JsValue = clipboard.as_ref();
    (!value.is_undefined()).then_some(clipboard)
}
