//! A chart of the last minutes that can be read with the pointer and with the keyboard.

use leptos::{ev, html, prelude::*};
use worv_api::LiveSample;

use self::{reading::Reading, width::measured_width};
use crate::{
    chart::{self, Geometry, Series, Size, TimeChart},
    figures, format,
    live::LiveFeed,
};

mod reading;
mod width;

/// The height in CSS pixels.
const HEIGHT: u32 = 168;

/// How far an arrow key moves, in milliseconds: one point of the chart.
const STEP: i64 = 5000;

/// One line of a chart.
#[derive(Clone, Copy)]
pub(crate) struct ChartLine {
    /// What it counts.
    pub(crate) name: &'static str,
    /// Takes it out of a sample.
    pub(crate) value: fn(&LiveSample) -> f64,
}

/// The chart with its title and the reading at the cursor, or of the latest point while there is no cursor.
#[component]
pub(crate) fn TimeChartFigure(
    /// What the chart shows, with its unit.
    title: &'static str,
    /// Its lines, the lowest first.
    lines: &'static [ChartLine],
    /// The moment that is read, in Unix milliseconds; charts that share it show the same moment.
    cursor: RwSignal<Option<i64>>,
) -> impl IntoView {
    let feed = expect_context::<LiveFeed>();
    let plot = NodeRef::<html::Div>::new();
    let width = measured_width(plot);
    let end = Memo::new(move |_| feed.samples.with(|samples| figures::window(samples.back()).end));
    let chart = Memo::new(move |_| {
        end.track();
        feed.samples
            .with_untracked(|samples| time_chart(samples.iter(), samples.back(), lines))
    });
    let geometry = move || chart.with(|chart| Geometry::new(size(width.get()), chart.time.clone()));
    let reading = move || chart.with(|chart| Reading::take(chart, cursor.get()));
    let drawing = move || chart.with(|chart| chart::draw(chart, size(width.get())));
    let view_box = move || format!("0 0 {} {HEIGHT}", width.get());
    let text = move || reading().in_words(lines);

    let point_at = move |event: ev::PointerEvent| {
        cursor.set(Some(geometry().time_at(f64::from(event.offset_x()))));
    };
    let step_to = move |event: ev::KeyboardEvent| {
        let time = chart.with_untracked(|chart| chart.time.clone());
        let here = cursor.get_untracked().unwrap_or(time.end);
        let there = match event.key().as_str() {
            "ArrowLeft" | "ArrowDown" => here - STEP,
            "ArrowRight" | "ArrowUp" => here + STEP,
            "PageDown" => here - 12 * STEP,
            "PageUp" => here + 12 * STEP,
            "Home" => time.start,
            "End" => time.end,
            _ => return,
        };
        event.prevent_default();
        cursor.set(Some(there.clamp(time.start, time.end)));
    };

    view! {
        <figure class="chart panel">
            <figcaption class="chart__header">
                <h3 class="chart__title">{title}</h3>
                <p class="chart__reading">
                    <span class="muted">{move || reading().moment()}</span>
                    {lines
                        .iter()
                        .enumerate()
                        .map(|(position, line)| {
                            view! {
                                <span class=format!("chart__key chart__key-{}", position + 1)>
                                    {(lines.len() > 1).then_some(line.name)} " "
                                    <b>{move || reading().value(position)}</b>
                                </span>
                            }
                        })
                        .collect_view()}
                </p>
            </figcaption>
            <div
                class="chart__plot"
                node_ref=plot
                tabindex="0"
                role="slider"
                aria-label=format!("{title}, by time")
                aria-valuemin="-900"
                aria-valuemax="0"
                aria-valuenow=move || reading().seconds_from_end()
                aria-valuetext=text
                on:pointermove=point_at
                on:pointerleave=move |_| cursor.set(None)
                on:keydown=step_to
                on:blur=move |_| cursor.set(None)
            >
                <svg class="chart__drawing" viewBox=view_box aria-hidden="true" inner_html=drawing></svg>
                <svg class="chart__cursor" viewBox=view_box aria-hidden="true">
                    {move || {
                        cursor
                            .get()
                            .map(|at| {
                                let geometry = geometry();
                                let x = format::whole(geometry.x_at(at.clamp(geometry.time.start, geometry.time.end)));
                                view! { <line x1=x x2=x y1=format::whole(geometry.y.start) y2=format::whole(geometry.y.end)/> }
                            })
                    }}
                </svg>
            </div>
        </figure>
    }
}

fn size(width: u32) -> Size {
    Size { width, height: HEIGHT }
}

fn time_chart<'a>(
    samples: impl Iterator<Item = &'a LiveSample> + Clone,
    newest: Option<&LiveSample>,
    lines: &[ChartLine],
) -> TimeChart {
    let time = figures::window(newest);
    let series = (1..).zip(lines).map(|(number, line)| Series {
        number,
        pieces: figures::pieces(samples.clone(), &time, line.value),
    });
    TimeChart {
        series: series.collect(),
        time,
    }
}
