//! The form that creates a key.

use leptos::prelude::*;
use worv_api::NewKey;

use super::{
    super::{
        KeyFields, Visitor,
        key_form::{self, EXPIRY, USUAL_EXPIRY},
        parts,
    },
    HOME, KeysView,
};

/// The form with what has been filled in so far.
pub(super) fn creating(filled_in: &NewKey, view: &KeysView, visitor: &Visitor) -> AnyView {
    let chosen = filled_in
        .expires_in_days
        .map_or_else(|| USUAL_EXPIRY.to_owned(), |days| days.to_string());
    let choices = EXPIRY.map(|(days, words)| (days.to_owned(), words.to_owned()));
    let fields = KeyFields {
        name: filled_in.name.clone(),
        owner: filled_in.owner.clone(),
        note: filled_in.note.clone(),
        settings: filled_in.settings.clone(),
    };
    let fields = view! {
        {key_form::main_fields(&fields, true)}
        {key_form::expiry_field(choices.into(), &chosen)}
        {key_form::limit_fields(&fields.settings, &view.models, false)}
    };
    let title = "Create a key".to_owned();
    let button = ("primary", "Create key");
    parts::question(visitor, title, HOME, ("create", 0), fields.into_any(), button)
}
