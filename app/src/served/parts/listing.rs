//! Short lists under a heading, and what is said where there is nothing to list.

use leptos::prelude::*;

use super::table::{Column, heading};

/// A list of that title, with a remark beside it. Where it is empty, it says why.
pub(in crate::served) fn listing<const COLUMNS: usize>(
    title: &'static str,
    remark: Option<String>,
    columns: [Column; COLUMNS],
    rows: Vec<AnyView>,
    otherwise: &'static str,
) -> AnyView {
    let content = if rows.is_empty() {
        view! { <p class="panel__note">{otherwise}</p> }.into_any()
    } else {
        view! {
            <table class="table">
                <thead>
                    <tr>{columns.map(heading)}</tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        }
        .into_any()
    };
    view! {
        <section class="panel table-panel" aria-label=title>
            <header class="panel__header">
                <h2>{title}</h2>
                {remark.map(|remark| view! { <p class="panel__facts">{remark}</p> })}
            </header>
            {content}
        </section>
    }
    .into_any()
}
