//! Tables that are panels of their own; on a phone their rows become cards.

use leptos::prelude::*;

/// A column's heading and its class.
pub(in crate::served) type Column = (&'static str, &'static str);

/// A table. `actions` is the heading of a column of buttons, where there is one.
pub(in crate::served) fn table(
    caption: &'static str,
    columns: &[Column],
    actions: Option<AnyView>,
    rows: AnyView,
) -> AnyView {
    let headings: Vec<_> = columns.iter().copied().map(heading).collect();
    view! {
        <div class="panel table-panel">
            <table class="table" data-cards="">
                <caption class="visually-hidden">{caption}</caption>
                <thead>
                    <tr>{headings} {actions}</tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

/// The heading of a column.
pub(super) fn heading((name, class): Column) -> AnyView {
    view! {
        <th scope="col" class=class>
            {name}
        </th>
    }
    .into_any()
}

/// The heading of a column of buttons, which speak for themselves.
pub(in crate::served) fn actions() -> AnyView {
    view! {
        <th scope="col">
            <span class="visually-hidden">"Actions"</span>
        </th>
    }
    .into_any()
}
