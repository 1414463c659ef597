//! The GPUs: all of them side by side, or everything about one. The address says which: `/gpus` or `/gpus?gpu=3`.

use leptos::prelude::*;
use worv_api::{GpuPoint, GpuReport, GpuSource};

use super::parts;

mod card;
mod detail;
mod facts;
mod history;

pub use history::Period;

/// The page's address.
const HOME: &str = "/gpus";

/// What the page shows.
#[derive(Clone, Debug)]
pub struct GpusView {
    /// The latest reading.
    pub report: GpuReport,
    /// The GPU that all is shown about; none for all GPUs.
    pub chosen: Option<u32>,
    /// How far back the charts go.
    pub period: Period,
    /// The GPUs over that time, oldest first.
    pub history: Vec<GpuPoint>,
    /// The present moment in Unix milliseconds.
    pub now: i64,
}

/// The page.
pub fn gpus(view: &GpusView) -> String {
    let gpus = &view.report.gpus;
    let outdated = match &view.report.source {
        GpuSource::Failing { reason } if !gpus.is_empty() => Some(
            view! {
                <div class="notice" data-id="outdated" data-tone="warn" role="status">
                    <p>
                        <strong>"The GPUs cannot be read; these are the last figures. "</strong>
                        {reason.clone()}
                    </p>
                </div>
            }
            .into_any(),
        ),
        _ => None,
    };
    let chosen = view
        .chosen
        .map(|index| (index, gpus.iter().find(|gpu| gpu.index == index)));
    let content = match chosen {
        _ if gpus.is_empty() => nothing(&view.report.source),
        None => {
            let cards: Vec<_> = gpus.iter().map(|gpu| card::card(gpu, view)).collect();
            view! { <ul class="gpu-grid">{cards}</ul> }.into_any()
        }
        Some((_, Some(gpu))) => detail::detail(gpu, view),
        Some((index, None)) => {
            let title = format!("There is no GPU {index}.");
            parts::empty(&title, "Choose one of those above.")
        }
    };
    view! {
        <div class="served gpus-page" data-renew=view.period.renewal()>
            {outdated}
            {(!gpus.is_empty()).then(|| tabs(view))}
            {content}
        </div>
    }
    .to_html()
}

/// Links to all GPUs and to each.
fn tabs(view: &GpusView) -> AnyView {
    let link = |address: String, name: AnyView, is_here: bool| {
        view! {
            <a href=address aria-current=is_here.then_some("page") data-noscroll="">
                {name}
            </a>
        }
        .into_any()
    };
    let each = view.report.gpus.iter().map(|gpu| {
        let is_here = view.chosen == Some(gpu.index);
        let name = view! { <span class="gpu-tabs__word">"GPU "</span> {gpu.index} };
        link(address(gpu.index), name.into_any(), is_here)
    });
    let all = link(HOME.to_owned(), "All".into_any(), view.chosen.is_none());
    view! {
        <nav class="tabs gpu-tabs" aria-label="GPUs">
            {std::iter::once(all).chain(each).collect::<Vec<_>>()}
        </nav>
    }
    .into_any()
}

/// Where everything about one GPU is.
fn address(index: u32) -> String {
    format!("{HOME}?gpu={index}")
}

fn nothing(source: &GpuSource) -> AnyView {
    match source {
        GpuSource::Starting => parts::empty("The GPUs are being read for the first time.", "It takes a moment."),
        GpuSource::Nvml { .. } | GpuSource::DcgmExporter { .. } => {
            parts::empty("There are no GPUs to show.", "The driver answers and knows no GPU.")
        }
        GpuSource::Absent { reason } => parts::empty("There are no GPUs to show.", reason),
        GpuSource::Failing { reason } => parts::empty("The GPUs cannot be read.", reason),
    }
}
