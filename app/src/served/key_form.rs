//! The fields of the forms for keys.

use leptos::prelude::*;

pub(super) use self::limits::limit_fields;
use super::KeyFields;
use crate::components::SelectField;

mod limits;

/// The choices of when a key expires: days from now, and their words.
pub(super) const EXPIRY: [(&str, &str); 5] = [
    ("7", "In 7 days"),
    ("30", "In 30 days"),
    ("90", "In 90 days"),
    ("365", "In a year"),
    ("", "Never"),
];

/// The choice that is made already.
pub(super) const USUAL_EXPIRY: &str = "90";

/// Who and what it is for.
pub(super) fn main_fields(fields: &KeyFields, focused: bool) -> AnyView {
    view! {
        <label class="field">
            <span class="field__label">"Name"</span>
            <input
                class="field__input"
                name="name"
                value=fields.name.clone()
                required
                maxlength="100"
                pattern=".*\\S.*"
                title="At least one character that is not a space"
                autocomplete="off"
                autofocus=focused
            />
            <span class="field__hint">"What uses it, such as “nightly evaluation”."</span>
        </label>
        <div class="field-pair">
            <label class="field">
                <span class="field__label">"Owner"</span>
                <input
                    class="field__input"
                    name="owner"
                    value=fields.owner.clone()
                    maxlength="100"
                    autocomplete="off"
                />
            </label>
            <label class="field">
                <span class="field__label">"Tags"</span>
                <input
                    class="field__input"
                    name="tags"
                    value=fields.settings.tags.join(", ")
                    autocomplete="off"
                    placeholder="research, batch"
                />
            </label>
        </div>
        <label class="field">
            <span class="field__label">"Note"</span>
            <input class="field__input" name="note" value=fields.note.clone() maxlength="500" autocomplete="off"/>
        </label>
    }
    .into_any()
}

/// When it expires.
pub(super) fn expiry_field(choices: Vec<(String, String)>, chosen: &str) -> AnyView {
    view! { <SelectField label="Expires" name="expires" options=choices chosen/> }.into_any()
}
