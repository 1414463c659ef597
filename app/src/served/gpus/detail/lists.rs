//! What holds the memory of one GPU, and what its driver has reported.

use leptos::prelude::*;
use worv_api::{Gpu, GpuProcess, XidEvent};

use super::super::super::parts;
use crate::format;

/// What holds its memory.
pub(super) fn processes(gpu: &Gpu) -> AnyView {
    let otherwise = match gpu.processes {
        None => "The programs cannot be listed.",
        Some(_) => "No program holds memory of this GPU.",
    };
    let columns = [("Program", ""), ("Process", "is-number"), ("Memory", "is-number")];
    let rows = gpu.processes.iter().flatten().map(process).collect();
    parts::listing("Programs that hold memory", None, columns, rows, otherwise)
}

/// What its driver has reported, the latest first.
pub(super) fn xids(gpu: &Gpu) -> AnyView {
    let otherwise = "The driver has reported no errors since the gateway began to watch.";
    let columns = [("Seen (UTC)", ""), ("Xid", "is-number"), ("Meaning", "")];
    let rows = gpu.xids.iter().rev().map(xid).collect();
    parts::listing("Errors that the driver reported", None, columns, rows, otherwise)
}

fn process(process: &GpuProcess) -> AnyView {
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
    .into_any()
}

fn xid(event: &XidEvent) -> AnyView {
    view! {
        <tr>
            <th scope="row">{format::date_time(event.at)}</th>
            <td class="is-number">{event.xid}</td>
            <td class="is-wrapped">{event.meaning.clone()}</td>
        </tr>
    }
    .into_any()
}
