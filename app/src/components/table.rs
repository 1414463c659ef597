//! A table of figures. On a phone each row becomes a card.
//!
//! Cells are views whose type is erased, so that the module holds the code of one table however many there are.

use leptos::prelude::*;

use crate::at_once::AtOnce;

/// The heading of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    name: &'static str,
    number: bool,
    hidden: bool,
}

/// A row: one cell for each column.
pub(crate) struct TableRow {
    cells: Vec<AnyView>,
    gone: bool,
}

/// By which column a table is sorted, and how another is chosen.
#[derive(Clone, Copy)]
pub(crate) struct Sorting {
    /// The position of the column, and whether its largest value is first.
    pub(crate) by: Signal<(usize, bool)>,
    /// Called with the position of the column whose heading was pressed.
    pub(crate) choose: Callback<usize>,
}

impl Column {
    /// A column of words.
    pub(crate) const fn text(name: &'static str) -> Self {
        Self {
            name,
            number: false,
            hidden: false,
        }
    }

    /// A column of numbers, which stand beneath each other.
    pub(crate) const fn number(name: &'static str) -> Self {
        Self {
            number: true,
            ..Self::text(name)
        }
    }

    /// A column of buttons, whose heading is for those who cannot see them.
    pub(crate) const fn actions() -> Self {
        Self {
            hidden: true,
            ..Self::number("Actions")
        }
    }
}

impl TableRow {
    /// A row; the first cell says what it is about.
    pub(crate) fn new(cells: Vec<AnyView>) -> Self {
        Self { cells, gone: false }
    }

    /// Sets the row back: what it is about exists no more.
    pub(crate) fn gone(self, gone: bool) -> Self {
        Self { gone, ..self }
    }
}

/// The table. It is rendered anew where its rows change; what has not changed stays in place.
#[component]
pub(crate) fn DataTable(
    /// What it lists, for those who cannot see where it stands.
    caption: &'static str,
    /// Its columns.
    columns: &'static [Column],
    /// Its rows.
    rows: Vec<TableRow>,
    /// How it is sorted; its headings are buttons then.
    #[prop(optional)]
    sorting: Option<Sorting>,
) -> impl IntoView {
    let headings = columns.iter().enumerate();
    let headings: Vec<_> = headings
        .map(|(position, column)| heading(position, column, sorting))
        .collect();
    let rows: Vec<_> = rows.into_iter().map(|row| body_row(columns, row)).collect();
    AtOnce(view! {
        <div class="panel table-panel" tabindex="0" role="region" aria-label=caption>
            <table class="table" data-cards="">
                <thead>
                    <tr>{headings}</tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    })
}

fn heading(position: usize, column: &'static Column, sorting: Option<Sorting>) -> AnyView {
    let sorting = sorting.filter(|_| !column.hidden);
    let direction = sorting.map(|sorting| {
        Signal::derive(move || match sorting.by.get() {
            (by, true) if by == position => "descending",
            (by, false) if by == position => "ascending",
            _ => "none",
        })
    });
    let content = match sorting {
        Some(sorting) => view! {
            <button class="table__sort" type="button" on:click=move |_| sorting.choose.run(position)>
                {column.name}
            </button>
        }
        .into_any(),
        None if column.hidden => view! { <span class="visually-hidden">{column.name}</span> }.into_any(),
        None => column.name.into_any(),
    };
    AtOnce(view! {
        <th scope="col" class:is-number=column.number aria-sort=direction>
            {content}
        </th>
    })
    .into_any()
}

fn body_row(columns: &'static [Column], row: TableRow) -> AnyView {
    let cells = columns.iter().zip(row.cells).enumerate();
    let cells: Vec<_> = cells
        .map(|(position, (column, content))| {
            if position == 0 {
                view! { <th scope="row">{content}</th> }.into_any()
            } else {
                let label = (!column.hidden).then_some(column.name);
                view! {
                    <td class:is-number=column.number data-label=label>
                        {content}
                    </td>
                }
                .into_any()
            }
        })
        .collect();
    AtOnce(view! { <tr class:is-gone=row.gone>{cells}</tr> }).into_any()
}
