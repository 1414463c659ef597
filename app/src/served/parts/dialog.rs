//! Dialogs that an address opens, and the forms in them.

use leptos::prelude::*;

use super::{Visitor, notice};

/// A dialog that goes with the times: what it says is brought up to date while it is open.
pub(in crate::served) fn renewed_dialog(title: String, back: &str, content: AnyView) -> AnyView {
    marked(title, back, content, Some(""), None)
}

/// A dialog that only its own button closes.
pub(in crate::served) fn kept_dialog(title: String, back: &str, content: AnyView) -> AnyView {
    marked(title, back, content, None, Some(""))
}

fn marked(
    title: String,
    back: &str,
    content: AnyView,
    renewed: Option<&'static str>,
    kept: Option<&'static str>,
) -> AnyView {
    let label = title.clone();
    view! {
        <dialog
            class="dialog"
            open=true
            aria-label=label
            data-back=back.to_owned()
            data-renewed=renewed
            data-kept=kept
        >
            <div class="dialog__content">
                <h2>{title}</h2>
                {content}
            </div>
        </dialog>
    }
    .into_any()
}

/// A question whose answer is posted to the page at `home`, as [`question_at`] has it.
pub(in crate::served) fn question(
    visitor: &Visitor,
    title: String,
    home: &str,
    what: (&str, i64),
    fields: AnyView,
    button: (&'static str, &'static str),
) -> AnyView {
    question_at(home, visitor, title, home, what, fields, button)
}

/// A question, with the form that answers it: it is posted to `address`, does `what` to the thing of that number, and leads
/// `home` when it is cancelled. The button is of a kind, and says what it does. Why the last attempt failed is said above the
/// fields.
pub(in crate::served) fn question_at(
    address: &str,
    visitor: &Visitor,
    title: String,
    home: &str,
    what: (&str, i64),
    fields: AnyView,
    button: (&'static str, &'static str),
) -> AnyView {
    let form = view! {
        <form class="form" method="post" action=address.to_owned()>
            {token(visitor)} {does(what.0, what.1)} {notice(visitor)} {fields} {buttons(home, button)}
        </form>
    };
    marked(title, home, form.into_any(), None, None)
}

/// The last row of a form in a dialog: the way back, and the way on.
pub(in crate::served) fn buttons(back: &str, (kind, word): (&'static str, &'static str)) -> AnyView {
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

/// The way out of a dialog that shows a secret this once: whoever takes it says that it was stored.
pub(in crate::served) fn stored(words: &'static str, back: &str) -> AnyView {
    view! {
        <form class="form" method="get" action=back.to_owned()>
            <label class="checkbox">
                <input type="checkbox" required/>
                {words}
            </label>
            <div class="button-row">
                <button class="button" data-kind="primary" type="submit">
                    "Done"
                </button>
            </div>
        </form>
    }
    .into_any()
}

/// The token that every form sends back.
pub(in crate::served) fn token(visitor: &Visitor) -> AnyView {
    view! { <input type="hidden" name="csrf_token" value=visitor.csrf_token.clone()/> }.into_any()
}

/// What a form does, and to which of several.
pub(in crate::served) fn does(what: &str, id: i64) -> AnyView {
    view! {
        <input type="hidden" name="do" value=what.to_owned()/>
        <input type="hidden" name="id" value=id.to_string()/>
    }
    .into_any()
}
