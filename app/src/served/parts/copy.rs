//! What can be copied.

use leptos::prelude::*;

/// Text that is meant to be copied, with the button that copies it.
pub(in crate::served) fn copy(id: &'static str, label: &'static str, text: String) -> AnyView {
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
pub(in crate::served) fn copy_button(id: &'static str, label: &'static str) -> AnyView {
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
