//! What was done to a key.

use leptos::prelude::*;

use super::{
    super::{Visitor, change, parts},
    KeyView,
};

/// The latest entries of the audit log about the key.
pub(super) fn history(view: &KeyView, visitor: &Visitor) -> AnyView {
    let rows = view.history.iter().map(|entry| {
        view! {
            <tr>
                <td data-label="When">{parts::moment(entry.at, visitor.now)}</td>
                <td data-label="Who" class="is-long">{entry.actor.clone()}</td>
                <td data-label="What">
                    <code>{entry.action.clone()}</code>
                </td>
                <td data-label="Change" class="is-wrapped">{change::changes(entry)}</td>
            </tr>
        }
    });
    view! {
        <section class="panel served__wide">
            <div class="panel__header">
                <h3>"What was done"</h3>
                <a href=format!("/audit?subject=key+{}", view.key.id)>"In the audit log"</a>
            </div>
            <div class="table-panel">
                <table class="table" data-cards="">
                    <thead>
                        <tr>
                            <th scope="col">"When"</th>
                            <th scope="col">"Who"</th>
                            <th scope="col">"What"</th>
                            <th scope="col">"Change"</th>
                        </tr>
                    </thead>
                    <tbody>{rows.collect_view()}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}
