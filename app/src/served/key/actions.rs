//! What can be done with a key.

use leptos::prelude::*;
use worv_api::ApiKey;

/// What can be done, with what it does.
pub(super) fn actions(key: &ApiKey, home: &str) -> AnyView {
    let switch = if key.suspended_at.is_some() {
        ("resume", "Resume", "The key works again, with the limits that it has.")
    } else {
        ("suspend", "Suspend", "Its requests are refused until it is resumed.")
    };
    let all = [
        (
            "rotate",
            "Rotate",
            "The key gets a new secret; the one it has can work on for a while.",
        ),
        switch,
        ("revoke", "Revoke", "Its requests are refused for good."),
    ];
    let rows = all.map(|(word, name, effect)| {
        view! {
            <div class="action">
                <p>{effect}</p>
                <a class="button" href=format!("{home}?ask={word}")>
                    {name}
                </a>
            </div>
        }
    });
    view! {
        <section class="panel">
            <div class="panel__header">
                <h3>"Actions"</h3>
            </div>
            <div class="actions">{rows.collect_view()}</div>
        </section>
    }
    .into_any()
}
