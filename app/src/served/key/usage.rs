//! How much of its limits a key has used.

use leptos::prelude::*;

use super::{super::parts, Meter};
use crate::{components::Tone, format};

/// Each limit with how much of it is used, as a number and as a bar.
pub(super) fn usage(meters: &[Meter]) -> AnyView {
    let rows = meters.iter().map(|meter| {
        let used = meter.used.map_or_else(|| "–".to_owned(), format::thousands);
        let limit = meter.limit.map_or_else(|| "No limit".to_owned(), format::thousands);
        let bar = meter.used.zip(meter.limit).map(|(used, limit)| {
            let share = format::percent(used.min(limit), limit);
            let state = if used >= limit {
                "full"
            } else if share >= 80 {
                "high"
            } else {
                "well"
            };
            view! {
                <svg class="meter" data-state=state viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
                    <rect class="meter__whole" width="100" height="4"></rect>
                    <rect class="meter__part" width=share.to_string() height="4"></rect>
                </svg>
            }
        });
        let remark = meter
            .used
            .zip(meter.limit)
            .filter(|(used, limit)| used >= limit)
            .map(|_| parts::status(Tone::Bad, "Used up"));
        view! {
            <tr>
                <th scope="row">{meter.name} " " {remark}</th>
                <td class="is-number">{used}</td>
                <td class="is-number">{limit}</td>
                <td class="meters__bar">{bar}</td>
            </tr>
        }
    });
    view! {
        <section class="panel">
            <div class="panel__header">
                <h3>"Usage against limits"</h3>
            </div>
            <table class="table meters">
                <thead>
                    <tr>
                        <th scope="col">"What"</th>
                        <th scope="col" class="is-number">
                            "Used"
                        </th>
                        <th scope="col" class="is-number">
                            "Limit"
                        </th>
                        <td></td>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </section>
    }
    .into_any()
}
