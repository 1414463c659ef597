//! A chart of the last minutes that can be read with the pointer and with the keyboard.

use leptos::{ev, html, prelude::*};
use wasm_bindgen::{JsCast as _, closure::Closure};
use worv_api::LiveSample;

use crate::{
    chart::{self, Geometry, Series, Size, TimeChart},
    figures, format,
    live::LiveFeed,
};

/// What the server draws for, before the browser has measured.
const WIDTH: u32 = 560;
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

/// What a chart says at one moment.
struct Reading {
    /// The moment in Unix milliseconds, none for now.
    at: Option<i64>,
    /// The end of the chart in Unix milliseconds.
    end: i64,
    /// The value of each line; none where nothing is known.
    values: Vec<Option<f64>>,
}

impl Reading {
    fn take(chart: &TimeChart, cursor: Option<i64>) -> Self {
        let at = cursor.map(|at| at.clamp(chart.time.start, chart.time.end));
        let nearest = |series: &Series| {
            let points = series.pieces.iter().flatten();
            points
                .map(|(moment, value)| ((moment - at.unwrap_or(chart.time.end)).abs(), *value))
                .filter(|(distance, _)| *distance <= STEP)
                .min_by_key(|(distance, _)| *distance)
                .map(|(_, value)| value)
        };
        Self {
            at,
            end: chart.time.end,
            values: chart.series.iter().map(nearest).collect(),
        }
    }

    fn moment(&self) -> String {
        self.at.map(format::time).unwrap_or_default()
    }

    fn value(&self, line: usize) -> String {
        match self.values.get(line).copied().flatten() {
            Some(value) => format::rate(value),
            None => "–".to_owned(),
        }
    }

    fn seconds_from_end(&self) -> String {
        (self.at.map_or(0, |at| at - self.end) / 1000).to_string()
    }

    fn in_words(&self, lines: &[ChartLine]) -> String {
        let moment = self.at.map_or_else(|| "now".to_owned(), format::time);
        let values = lines.iter().enumerate().map(|(position, line)| {
            let value = self.value(position);
            format!("{} {value}", line.name)
        });
        format!("{moment}: {}", values.collect::<Vec<_>>().join(", "))
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

/// The width of the element in CSS pixels: [`WIDTH`] until the browser has measured it, then whatever it is.
fn measured_width(element: NodeRef<html::Div>) -> RwSignal<u32> {
    let width = RwSignal::new(WIDTH);
    Effect::new(move |_| {
        let Some(element) = element.get() else { return };
        let observed = element.clone();
        let measure = Closure::<dyn Fn()>::new(move || {
            let measured = observed.client_width().unsigned_abs();
            if measured > 0 && width.get_untracked() != measured {
                width.set(measured);
            }
        });
        // Every browser that runs this module has it; without it the chart keeps the width it has.
        if let Ok(observer) = web_sys::ResizeObserver::new(measure.as_ref().unchecked_ref()) {
            observer.observe(&element);
            let held = send_wrapper::SendWrapper::new((observer, measure));
            on_cleanup(move || held.0.disconnect());
        }
    });
    width
}
