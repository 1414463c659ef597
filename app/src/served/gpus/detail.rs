//! Everything about one GPU.

use leptos::prelude::*;
use worv_api::Gpu;

use super::{
    super::parts,
    GpusView, address,
    card::{age, condition, figure, remark},
    facts::{self, Fact},
    history::{Course, Line, Period, VIEW_BOX},
};
use crate::format;

/// The GPU with its figures, its history and what its driver tells of it.
pub(super) fn detail(gpu: &Gpu, view: &GpusView) -> AnyView {
    let condition = condition(gpu, view);
    let share = format::percent(gpu.memory_used, gpu.memory_total);
    let old = age(gpu, view.now).map(|age| format!("These figures are {} old. ", format::duration(age)));
    let remarks = old.into_iter().chain(remark(gpu)).collect::<String>();
    let remarks = (!remarks.is_empty()).then(|| {
        view! {
            <div class="notice" data-id="remark" data-tone=condition.tone().name() role="status">
                <p>{remarks}</p>
            </div>
        }
    });
    view! {
        <p class="gpu-detail__name">
            {parts::status(condition.tone(), condition.word())}
            <b>{gpu.name.clone()}</b>
            <code class="muted">{gpu.uuid.clone()}</code>
        </p>
        {remarks}
        <section class="tiles" aria-label="Now">
            {tile(
                "Memory",
                format!("{} GiB", format::gibibytes(gpu.memory_used)),
                format!("{share} % of {} GiB", format::gibibytes(gpu.memory_total)),
            )}
            {tile("Utilisation", figure(gpu.utilization_percent, "%"), "of the time a kernel ran".to_owned())}
            {tile("Temperature", figure(gpu.temperature_celsius, "°C"), "of the chip; 85 °C is hot".to_owned())}
            {tile("Power", watts(gpu.power_watts), format!("of {}", watts(gpu.power_limit_watts)))}
        </section>
        {charts(gpu, view)}
        <div class="served__columns is-three">
            {panel("Clocks and energy", &facts::clocks(gpu))}
            {panel("Memory", &facts::memory(gpu))}
            {panel("Links", &facts::links(gpu))}
        </div>
        <div class="served__columns">
            {processes(gpu)}
            {xids(gpu)}
        </div>
    }
    .into_any()
}

fn tile(label: &'static str, value: String, detail: String) -> AnyView {
    view! {
        <dl class="tile panel">
            <dt class="tile__label">{label}</dt>
            <dd class="tile__value">{value}</dd>
            <dd class="tile__detail">{detail}</dd>
        </dl>
    }
    .into_any()
}

/// The figures over time, beneath each other: one cursor reads all of them. The numbers are those of the table.
fn charts(gpu: &Gpu, view: &GpusView) -> AnyView {
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

fn watts(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |watts| format!("{watts:.0} W"))
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.0}"))
}

fn panel(title: &'static str, facts: &[Fact]) -> AnyView {
    let facts: Vec<_> = facts
        .iter()
        .map(|fact| {
            let text = match fact.tone {
                None => fact.text.clone().into_any(),
                Some(tone) => view! {
                    <span class="status gpu-detail__finding" data-tone=tone.name()>
                        {fact.text.clone()}
                    </span>
                }
                .into_any(),
            };
            view! {
                <dt>{fact.name}</dt>
                <dd>{text}</dd>
            }
        })
        .collect();
    view! {
        <section class="panel" aria-label=title>
            <header class="panel__header">
                <h2>{title}</h2>
            </header>
            <dl class="facts">{facts}</dl>
        </section>
    }
    .into_any()
}

/// What holds its memory.
fn processes(gpu: &Gpu) -> AnyView {
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
fn xids(gpu: &Gpu) -> AnyView {
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
