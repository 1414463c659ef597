//! What holds the memory of one GPU, and what its driver has reported.

use leptos::prelude::*;
use worv_api::Gpu;

use super::super::super::parts;
use crate::format;

/// What holds its memory.
pub(super) fn processes(gpu: &Gpu) -> AnyView {
    let content = match &gpu.processes {
        None => note("The programs cannot be listed."),
        Some(list) if list.is_empty() => note("No program holds memory of this GPU."),
        Some(list) => {
            let rows: Vec<_> = list
                .iter()
                .map(|process| {
                    let memory = process
                        .memory_used
                        .map(|bytes| format!("{} GiB", format::gibibytes(bytes)));
                    view! {
                        <tr>
                            <th scope="row">{parts::or_dash(&process.name)}</th>
                            <td class="is-number">{process.pid}</td>
                            <td class="is-number">{memory.unwrap_or_else(|| "–".to_owned())}</td>
                        </tr>
                    }
                })
                .collect();
            view! {
                <table class="table">
                    <thead>
                        <tr>
                            <th scope="col">"Program"</th>
                            <th scope="col" class="is-number">"Process"</th>
                            <th scope="col" class="is-number">"Memory"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            }
            .into_any()
        }
    };
    listed("Programs that hold memory", content)
}

/// What its driver has reported.
pub(super) fn xids(gpu: &Gpu) -> AnyView {
    let content = if gpu.xids.is_empty() {
        note("The driver has reported no errors since the gateway began to watch.")
    } else {
        let rows: Vec<_> = gpu
            .xids
            .iter()
            .rev()
            .map(|event| {
                view! {
                    <tr>
                        <th scope="row">{format::date_time(event.at)}</th>
                        <td class="is-number">{event.xid}</td>
                        <td class="is-wrapped">{event.meaning.clone()}</td>
                    </tr>
                }
            })
            .collect();
        view! {
            <table class="table">
                <thead>
                    <tr>
                        <th scope="col">"Seen (UTC)"</th>
                        <th scope="col" class="is-number">"Xid"</th>
                        <th scope="col">"Meaning"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        }
        .into_any()
    };
    listed("Errors that the driver reported", content)
}

fn listed(title: &'static str, content: AnyView) -> AnyView {
    view! {
        <section class="panel table-panel" aria-label=title>
            <header class="panel__header">
                <h2>{title}</h2>
            </header>
            {content}
        </section>
    }
    .into_any()
}

fn note(text: &'static str) -> AnyView {
    view! { <p class="panel__note">{text}</p> }.into_any()
}
