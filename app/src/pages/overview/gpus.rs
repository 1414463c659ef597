//! The memory of every GPU, and how it is doing.

use leptos::{either::Either, prelude::*};
use worv_api::GpuSource;

use self::{row::Row, totals::totals};
use crate::live::LiveFeed;

mod row;
mod totals;

/// The GPUs as a table, or why there are none.
#[component]
pub(crate) fn GpuPanel() -> impl IntoView {
    let feed = expect_context::<LiveFeed>();
    let indexes = Memo::new(move |_| {
        feed.gpus.with(|report| {
            report
                .iter()
                .flat_map(|report| &report.gpus)
                .map(|gpu| gpu.index)
                .collect::<Vec<_>>()
        })
    });
    let source = Memo::new(move |_| {
        feed.gpus
            .with(|report| report.as_ref().map(|report| report.source.clone()))
    });
    let content = move || {
        let source = source.get();
        if indexes.with(Vec::is_empty) {
            return Either::Left(view! { <p class="panel__note">{nothing_to_show(source.as_ref())}</p> });
        }
        let warning = match source {
            Some(GpuSource::Failing { reason }) => Some(view! { <Outdated reason/> }),
            _ => None,
        };
        let rows = indexes
            .get()
            .into_iter()
            .map(|index| view! { <Row index/> })
            .collect_view();
        Either::Right(view! {
            {warning}
            <Table rows/>
        })
    };
    view! {
        <section class="panel gpus" aria-labelledby="gpus-heading">
            <header class="panel__header">
                <h2 id="gpus-heading">"GPUs"</h2>
                <p class="panel__facts">{move || feed.gpus.with(|report| report.as_ref().map(totals))}</p>
            </header>
            {content}
        </section>
    }
}

/// Says that what is shown is not what there is now.
#[component]
fn Outdated(reason: String) -> impl IntoView {
    view! {
        <div class="notice" data-tone="warn" role="status">
            <p>
                <strong>"The GPUs cannot be read; these are the last readings. "</strong>
                {reason}
            </p>
        </div>
    }
}

#[component]
fn Table<Rows: IntoView>(rows: Rows) -> impl IntoView {
    view! {
        <table class="table">
            <thead>
                <tr>
                    <th scope="col">"GPU"</th>
                    <th scope="col" class="gpus__memory">
                        "Memory"
                    </th>
                    <th scope="col" class="is-number">
                        "Used"
                    </th>
                    <th scope="col" class="is-number">
                        "Utilisation"
                    </th>
                    <th scope="col" class="is-number">
                        "Temperature"
                    </th>
                    <th scope="col" class="is-number">
                        "Power"
                    </th>
                    <th scope="col">"Status"</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
}

/// Why the list is empty, in words.
fn nothing_to_show(source: Option<&GpuSource>) -> String {
    match source {
        None | Some(GpuSource::Starting) => "The GPUs are being read for the first time.".to_owned(),
        Some(GpuSource::Nvml { .. } | GpuSource::DcgmExporter { .. }) => {
            "The driver answers and knows no GPU.".to_owned()
        }
        Some(GpuSource::Absent { reason }) => format!("There are no GPUs to show. {reason}"),
        Some(GpuSource::Failing { reason }) => format!("The GPUs cannot be read. {reason}"),
    }
}
