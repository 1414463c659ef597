//! A choice of one among a few, each of which can be seen.

use leptos::prelude::*;

use crate::at_once::AtOnce;

/// The value of a choice and its words.
pub(crate) type ChoiceOption = (&'static str, &'static str);

/// The choices beside each other, as radio buttons.
#[component]
pub(crate) fn Choice(
    /// What is chosen, such as `Range`.
    label: &'static str,
    /// The choices.
    options: &'static [ChoiceOption],
    /// The value of the one that is chosen.
    #[prop(into)]
    chosen: Signal<String>,
    /// Called with the value of another one.
    #[prop(into)]
    choose: Callback<String>,
) -> impl IntoView {
    let options: Vec<_> = options
        .iter()
        .map(|(value, words)| {
            let checked = Signal::derive(move || chosen.with(|chosen| chosen == value));
            AtOnce(view! {
                <label>
                    <input
                        type="radio"
                        name=label
                        value=*value
                        prop:checked=checked
                        checked=checked.get_untracked()
                        on:change=move |_| choose.run((*value).to_owned())
                    />
                    {*words}
                </label>
            })
            .into_any()
        })
        .collect();
    view! {
        <fieldset class="choice">
            <legend class="visually-hidden">{label}</legend>
            {options}
        </fieldset>
    }
}
