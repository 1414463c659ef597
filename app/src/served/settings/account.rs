//! One's password, and how the console looks to one.

use leptos::prelude::*;

use super::{
    super::{Visitor, parts},
    HOME, SettingsView,
};
use crate::Theme;

/// The way to another password.
pub(super) fn password(visitor: &Visitor) -> AnyView {
    view! {
        <section class="panel">
            <div class="panel__header">
                <h3>"Password"</h3>
            </div>
            <div class="action">
                <p>"Changing the password of " <b>{visitor.name.clone()}</b> " ends all of your sessions."</p>
                <a class="button" href="/settings?ask=password">
                    "Change password"
                </a>
            </div>
        </section>
    }
    .into_any()
}

/// The colours, for browsers that run no scripts too.
pub(super) fn theme(view: &SettingsView, visitor: &Visitor) -> AnyView {
    let names = [
        (Theme::System, "As the system"),
        (Theme::Light, "Light"),
        (Theme::Dark, "Dark"),
    ];
    let options = names.map(|(theme, name)| {
        view! {
            <option value=theme.name() selected=theme == view.theme>
                {name}
            </option>
        }
    });
    view! {
        <section class="panel">
            <div class="panel__header">
                <h3>"Appearance"</h3>
            </div>
            <form class="action" method="post" action=HOME>
                {parts::token(visitor)} {parts::does("theme", 0)}
                <label class="field">
                    <span class="field__label">"Colours"</span>
                    <select class="field__input" name="theme">
                        {options.collect_view()}
                    </select>
                </label>
                <button class="button toolbar__submit" type="submit">
                    "Apply"
                </button>
            </form>
        </section>
    }
    .into_any()
}
