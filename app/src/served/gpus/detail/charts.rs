//! What one GPU did over time, as lines that are read together, and as a table.

use leptos::prelude::*;
use worv_api::Gpu;

use super::super::{
    GpusView, address,
    history::{Course, Line, Period, VIEW_BOX},
};
use crate::format;

/// The figures over time, beneath each other: one cursor reads all of them. The numbers are those of the table.
pub(super) fn charts(gpu: &Gpu, view: &GpusView) -> AnyView {
    let course = Course::take(gpu.index, view);
    let last = course.starts.len().saturating_sub(1);
    let periods = Period::ALL.map(|period| {
        let address = match period.name() {
            "" => address(gpu.index),
            name => format!("{}&period={name}", address(gpu.index)),
        };
        view! {
            <a href=address aria-current=(period == view.period).then_some("page") data-noscroll="">
                {period.words()}
            </a>
        }
    });
    let lines = [
        ("Memory, GiB", &course.memory),
        ("Utilisation, %", &course.utilization),
        ("Temperature, °C", &course.temperature),
        ("Power, W", &course.power),
    ];
    let legend = lines.map(|(name, line)| {
        view! {
            <li>
                <span>{name}</span>
                <b>{number(line.latest())}</b>
            </li>
        }
    });
    let drawings = lines.map(|(name, line)| drawing(name, line));
    let from = course.starts.first().copied().unwrap_or_default();
    view! {
        <figure class="panel gpu-history">
            <figcaption class="chart__header">
                <h2 class="chart__title">"History"</h2>
                <nav class="tabs" aria-label="Period">
                    {periods}
                </nav>
            </figcaption>
            <ul class="legend">
                <li class="plot__moment">"Latest"</li>
                {legend}
            </ul>
            <div
                class="plot gpu-history__plot"
                tabindex="0"
                role="slider"
                aria-label=format!("GPU {} over the last {}; arrow keys step through it", gpu.index, view.period.words())
                aria-valuemin="0"
                aria-valuemax=last
                aria-valuenow=last
                aria-valuetext="Latest"
            >
                {drawings}
                <svg class="plot__cursor" aria-hidden="true">
                    <rect x="0" y="0" width="0" height="100%"/>
                </svg>
            </div>
            <p class="gpu-history__ends muted">
                <span>{format::date_time(from)} " UTC"</span>
                <span>"now"</span>
            </p>
            {table(&course, view.period)}
        </figure>
    }
    .into_any()
}

fn drawing(name: &'static str, line: &Line) -> AnyView {
    view! {
        <div class="gpu-history__line">
            <p class="muted">
                <span>{name}</span>
                <span>{format!("up to {:.0}", line.top)}</span>
            </p>
            <svg
                class="sparkline"
                viewBox=VIEW_BOX
                preserveAspectRatio="none"
                aria-hidden="true"
                inner_html=line.drawing()
            ></svg>
        </div>
    }
    .into_any()
}

fn table(course: &Course, period: Period) -> AnyView {
    let moment = |at: i64| match period {
        Period::Minutes => format::time(at),
        _ => format::date_time(at),
    };
    let row = |(place, start): (usize, &i64)| {
        let cells = [&course.memory, &course.utilization, &course.temperature, &course.power].map(|line| {
            let value = line.values.get(place).copied().flatten();
            view! { <td class="is-number">{number(value)}</td> }
        });
        view! {
            <tr>
                <th scope="row">{moment(*start)}</th>
                {cells}
            </tr>
        }
    };
    let rows: Vec<_> = course.starts.iter().enumerate().map(row).collect();
    let latest = [&course.memory, &course.utilization, &course.temperature, &course.power]
        .map(|line| view! { <td class="is-number">{number(line.latest())}</td> });
    view! {
        <details class="minutes">
            <summary>"The charts as a table"</summary>
            <table class="table" id="numbers">
                <thead>
                    <tr>
                        <th scope="col">"From (UTC)"</th>
                        <th scope="col" class="is-number">"Memory, GiB"</th>
                        <th scope="col" class="is-number">"Utilisation, %"</th>
                        <th scope="col" class="is-number">"Temperature, °C"</th>
                        <th scope="col" class="is-number">"Power, W"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
                <tfoot>
                    <tr>
                        <th scope="row">"Latest"</th>
                        {latest}
                    </tr>
                </tfoot>
            </table>
        </details>
    }
    .into_any()
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.0}"))
}
