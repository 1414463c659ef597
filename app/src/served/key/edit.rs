//! The form that changes a key.

use leptos::prelude::*;

use super::{
    super::{
        KeyFields, Visitor,
        key_form::{self, EXPIRY},
        parts,
    },
    KeyView,
};
use crate::format;

/// The form, folded away until somebody wants it.
pub(super) fn edit(view: &KeyView, home: &str, visitor: &Visitor) -> AnyView {
    let stored = KeyFields {
        name: view.key.name.clone(),
        owner: view.key.owner.clone(),
        note: view.key.note.clone(),
        settings: view.key.settings.clone(),
    };
    let fields = view.filled_in.clone().unwrap_or(stored);
    let keep = view.key.expires_at.map_or_else(
        || "Never".to_owned(),
        |at| format!("On {} UTC, as it is", format::date_time(at)),
    );
    let mut choices = vec![("keep".to_owned(), keep)];
    let others = EXPIRY
        .iter()
        .filter(|(days, _)| !days.is_empty() || view.key.expires_at.is_some());
    choices.extend(others.map(|(days, words)| ((*days).to_owned(), (*words).to_owned())));
    let open = view.filled_in.is_some();
    view! {
        <section class="panel">
            <details class="panel__fold" open=open data-busy=open.then_some("")>
                <summary class="panel__header">
                    <h3>"Edit"</h3>
                </summary>
                <form class="form panel__form" method="post" action=home.to_owned()>
                    {parts::token(visitor)}
                    {parts::does("edit", view.key.id)}
                    {key_form::main_fields(&fields, false)}
                    {key_form::expiry_field(choices, "keep")}
                    {key_form::limit_fields(&fields.settings, &view.models, true)}
                    <div class="button-row">
                        <button class="button" data-kind="primary" type="submit">
                            "Save"
                        </button>
                    </div>
                </form>
            </details>
        </section>
    }
    .into_any()
}
