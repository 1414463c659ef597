//! The question before a switch.

use leptos::prelude::*;

use super::{
    super::{Visitor, parts},
    HOME, ModelsView, seconds,
};
use crate::format;

/// Says what a switch means for those who use the model now; the name of the other model has to be typed.
pub(super) fn question(view: &ModelsView, visitor: &Visitor) -> Option<AnyView> {
    let mut profiles = view.profiles.profiles.iter();
    let to = profiles.find(|profile| profile.name == view.choosing)?;
    if !visitor.admin || !view.is_managed() || to.live || !to.can_start {
        return None;
    }
    let time = to
        .load_seconds
        .map_or_else(|| "not known yet".to_owned(), |time| format!("about {}", seconds(time)));
    let name = to.name.clone();
    let content = view! {
        <form class="form" method="post" action=HOME>
            {parts::token(visitor)}
            <input type="hidden" name="do" value="switch"/>
            <input type="hidden" name="profile" value=name.clone()/>
            <dl class="facts facts--plain">
                <dt>"From"</dt>
                <dd>{parts::or_dash(view.live())}</dd>
                <dt>"To"</dt>
                <dd>{name.clone()}</dd>
                <dt>"Requests under way"</dt>
                <dd>{format::thousands(view.in_flight.into())}</dd>
                <dt>"Time without a model"</dt>
                <dd>{time}</dd>
            </dl>
            <p>
                "Requests under way are finished first, and new ones wait. Then the engine is stopped and started with the other model. If it does not come up, the model before is brought back."
            </p>
            <label class="field">
                <span class="field__label">"Type " <b>{name.clone()}</b> " to confirm"</span>
                <input
                    class="field__input"
                    name="confirm"
                    required
                    autofocus
                    autocomplete="off"
                    spellcheck="false"
                    pattern=literal(&name)
                    title=format!("The name of the model: {name}")
                />
            </label>
            {parts::buttons(HOME, ("primary", "Switch the model"))}
        </form>
    };
    Some(parts::renewed_dialog(
        format!("Switch to {name}?"),
        HOME,
        content.into_any(),
    ))
}

/// A regular expression that only this text matches.
fn literal(text: &str) -> String {
    let escaped = text.chars().flat_map(|letter| {
        // Browsers refuse to escape anything else.
        let escape = r"^$\.*+?()[]{}|/".contains(letter).then_some('\\');
        escape.into_iter().chain([letter])
    });
    escaped.collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn only_the_name_itself_matches() {
        assert_eq!(super::literal("GLM-5.1 FP8"), r"GLM-5\.1 FP8");
    }
}
