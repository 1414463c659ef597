//! The switches that have ended.

use leptos::prelude::*;
use worv_api::{Switch, SwitchOutcome};

use super::super::{Visitor, parts};
use crate::{components::Tone, format};

/// The latest switches, who asked for them and how they ended.
pub(super) fn history(history: &[Switch], visitor: &Visitor) -> AnyView {
    let content = if history.is_empty() {
        view! { <p class="panel__note">"The model has not been switched from here yet."</p> }.into_any()
    } else {
        let rows: Vec<_> = history.iter().map(|switch| row(switch, visitor)).collect();
        view! {
            <table class="table" data-cards="" aria-label="Switches">
                <thead>
                    <tr>
                        <th scope="col">"Switched to"</th>
                        <th scope="col">"From"</th>
                        <th scope="col">"Result"</th>
                        <th scope="col">"By"</th>
                        <th scope="col">"Began"</th>
                        <th scope="col">"Took"</th>
                        <th scope="col">"Remark"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        }
        .into_any()
    };
    view! {
        <section class="panel table-panel" data-id="history" aria-labelledby="switches-heading">
            <header class="panel__header">
                <h2 id="switches-heading">"Switches"</h2>
            </header>
            {content}
        </section>
    }
    .into_any()
}

fn row(switch: &Switch, visitor: &Visitor) -> AnyView {
    let (tone, word) = switch.outcome.map_or((Tone::Waiting, "Under way"), outcome);
    let took = switch.ended_at.map(|end| format::elapsed(end - switch.started_at));
    view! {
        <tr data-id=switch.id>
            <th scope="row">{switch.to.clone()}</th>
            <td data-label="From">{parts::or_dash(&switch.from)}</td>
            <td data-label="Result">{parts::status(tone, word)}</td>
            <td data-label="By">{switch.actor.clone()}</td>
            <td data-label="Began">{parts::moment(switch.started_at, visitor.now)}</td>
            <td data-label="Took">{took.unwrap_or_default()}</td>
            <td data-label="Remark" class="is-wrapped">
                {(!switch.detail.is_empty()).then(|| view! { <span>{switch.detail.clone()}</span> })}
            </td>
        </tr>
    }
    .into_any()
}

fn outcome(outcome: SwitchOutcome) -> (Tone, &'static str) {
    match outcome {
        SwitchOutcome::Done => (Tone::Ok, "Done"),
        SwitchOutcome::Cancelled => (Tone::Neutral, "Called off"),
        SwitchOutcome::RolledBack => (Tone::Warn, "Rolled back"),
        SwitchOutcome::Failed => (Tone::Bad, "Failed"),
    }
}
