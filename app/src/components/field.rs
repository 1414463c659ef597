//! The fields of forms. What is in them is read from the form when it is sent.

use leptos::prelude::*;

use crate::at_once::AtOnce;

/// A line of text or a number.
#[component]
pub(crate) fn TextField(
    /// What it is.
    label: &'static str,
    /// The name that its value has in the form.
    name: &'static str,
    /// What it contains at first.
    #[prop(optional, into)]
    value: String,
    /// What to write into it; empty if its name says that.
    #[prop(optional, into)]
    hint: String,
    /// The `type` of the `<input>`, `text` without it.
    #[prop(optional, into)]
    kind: Option<&'static str>,
    /// What the browser is to fill in.
    #[prop(optional, into)]
    autocomplete: Option<&'static str>,
    /// Whether it may not be left empty.
    #[prop(optional)]
    required: bool,
    /// The most characters it takes.
    #[prop(optional, into)]
    max_length: Option<u32>,
    /// The regular expression that its value has to match as a whole; `hint` says it in words.
    #[prop(optional, into)]
    pattern: Option<&'static str>,
    /// The smallest number it takes.
    #[prop(optional, into)]
    min: Option<u64>,
    /// The largest number it takes.
    #[prop(optional, into)]
    max: Option<u64>,
    /// Whether the cursor is in it when the form appears.
    #[prop(optional)]
    autofocus: bool,
    /// Called with what it contains, at each key.
    #[prop(optional, into)]
    changed: Option<Callback<String>>,
) -> impl IntoView {
    let title = pattern.map(|_| hint.clone());
    AtOnce(view! {
        <label class="field">
            <span class="field__label">{label}</span>
            <input
                class="field__input"
                type=kind.unwrap_or("text")
                name=name
                value=value
                required=required
                maxlength=max_length
                pattern=pattern
                title=title
                min=min
                max=max
                autocomplete=autocomplete.unwrap_or("off")
                autofocus=autofocus
                on:input=move |event| {
                    if let Some(changed) = changed {
                        changed.run(event_target_value(&event));
                    }
                }
            />
            {hint_line(hint)}
        </label>
    })
}

/// One of several.
#[component]
pub(crate) fn SelectField(
    /// What is chosen.
    label: &'static str,
    /// The name that its value has in the form.
    name: &'static str,
    /// The values and their words.
    options: Vec<(String, String)>,
    /// The value that is chosen at first.
    #[prop(into)]
    chosen: String,
    /// What to consider; empty if the choices say it.
    #[prop(optional, into)]
    hint: String,
    /// Called with the value that is chosen.
    #[prop(optional, into)]
    changed: Option<Callback<String>>,
) -> impl IntoView {
    let options: Vec<_> = options
        .into_iter()
        .map(|(value, words)| {
            let selected = value == chosen;
            view! {
                <option value=value selected=selected>
                    {words}
                </option>
            }
            .into_any()
        })
        .collect();
    AtOnce(view! {
        <label class="field">
            <span class="field__label">{label}</span>
            <select
                class="field__input"
                name=name
                on:change=move |event| {
                    if let Some(changed) = changed {
                        changed.run(event_target_value(&event));
                    }
                }
            >
                {options}
            </select>
            {hint_line(hint)}
        </label>
    })
}

fn hint_line(hint: String) -> Option<AnyView> {
    (!hint.is_empty()).then(|| view! { <span class="field__hint">{hint}</span> }.into_any())
}
