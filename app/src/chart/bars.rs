//! Stacked bars over a grid. The drawing takes the width of its element.

use plotters::{
    coord::combinators::BindKeyPoints as _,
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

use super::{
    Geometry, Size,
    svg::{GRID, LABEL, SvgBackend, UNITS_U32, ink, label_font},
    value_axis::ValueAxis,
};
use crate::format;

/// The height of the drawing in pixels.
pub(crate) const HEIGHT: u32 = 240;

/// The finest share of the width that is told apart is a thousandth of this.
const WIDTH: u32 = 1_000;

/// Units of the axis from one bar to the next.
const BAR: i64 = 1_000;

/// The class of the others, which stand on top of the stacks.
const OTHERS: u8 = 10;

/// The class of what lies over a bar that still grows.
const HATCHED: u8 = 11;

/// What a chart shows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BarChart {
    /// The stacks, from the left: what they are made of, from the bottom; each has as many parts as the others.
    pub(crate) stacks: Vec<Vec<u64>>,
    /// Whether the last part of each stack is the others together.
    pub(crate) others: bool,
    /// The position of the stack that still grows, if there is one.
    pub(crate) growing: Option<usize>,
    /// The positions of the stacks that have a label, and the labels.
    pub(crate) labels: Vec<(usize, String)>,
}

/// Draws the chart as the inside of an `<svg>` that is [`HEIGHT`] high and as wide as it likes.
pub(crate) fn bars(chart: &BarChart) -> String {
    let mut svg = String::new();
    let size = Size {
        width: WIDTH,
        height: HEIGHT,
    };
    // The only error there is would come from writing to a string.
    drop(draw_on(chart, SvgBackend::elastic(&mut svg, size)));
    svg
}

fn draw_on<DB: DrawingBackend>(chart: &BarChart, backend: DB) -> Result<(), DrawingAreaErrorKind<DB::ErrorType>> {
    let sums = chart.stacks.iter().map(|stack| stack.iter().sum::<u64>());
    let values = ValueAxis::up_to(float(sums.max().unwrap_or(0)));
    let ticks = values.ticks().to_vec();
    let middles = chart.labels.iter().map(|(position, _)| start_of(*position) + BAR / 2);
    let width = BAR * i64::try_from(chart.stacks.len().max(1)).unwrap_or(1);

    let root = backend.into_drawing_area();
    let mut context = ChartBuilder::on(&root)
        .margin_top(Geometry::TOP * UNITS_U32)
        .x_label_area_size(Geometry::TIMES * UNITS_U32)
        .build_cartesian_2d((0..width).with_key_points(middles.collect::<Vec<_>>()), values)?;
    let style = label_font().into_font().color(&LABEL);
    let label = |at: &i64| {
        let found = chart
            .labels
            .iter()
            .find(|(position, _)| start_of(*position) + BAR / 2 == *at);
        found.map_or_else(String::new, |(_, label)| label.clone())
    };
    context
        .configure_mesh()
        .disable_x_mesh()
        .axis_style(TRANSPARENT)
        .bold_line_style(GRID)
        .light_line_style(TRANSPARENT)
        .set_all_tick_mark_size(4 * UNITS_U32)
        .label_style(style.clone())
        .x_label_formatter(&label)
        .draw()?;
    for (position, stack) in chart.stacks.iter().enumerate() {
        let (left, right) = (start_of(position) + BAR / 10, start_of(position) + BAR - BAR / 10);
        let mut bottom = 0;
        for (part, value) in (1_u8..).zip(stack).filter(|(_, value)| **value > 0) {
            let is_last = usize::from(part) == stack.len();
            let class = if chart.others && is_last { OTHERS } else { part };
            let corners = [(left, float(bottom + value)), (right, float(bottom))];
            context.draw_series([Rectangle::new(corners, ink(class).filled())])?;
            bottom += value;
        }
        if chart.growing == Some(position) && bottom > 0 {
            let corners = [(left, float(bottom)), (right, 0.0)];
            context.draw_series([Rectangle::new(corners, ink(HATCHED).filled())])?;
        }
    }
    // The labels of the values stand at the left of the drawing, where the page leaves room for them.
    let style = style.pos(Pos::new(HPos::Right, VPos::Center));
    for tick in ticks {
        let (_, y) = context.backend_coord(&(0, tick));
        root.draw(&Text::new(format::compact(tick), (0, y), style.clone()))?;
    }
    root.present()
}

fn start_of(position: usize) -> i64 {
    i64::try_from(position).unwrap_or(0) * BAR
}

#[expect(clippy::cast_precision_loss, reason = "a chart shows three digits")]
fn float(value: u64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stacks_stand_on_each_other_and_one_that_grows_is_hatched() {
        let chart = BarChart {
            stacks: vec![vec![3, 2, 0], vec![0, 0, 0], vec![1, 0, 4]],
            others: true,
            growing: Some(2),
            labels: vec![(0, "24 Nov".to_owned()), (2, "26 Nov".to_owned())],
        };
        let svg = bars(&chart);
        let parts =
            [1, 2, 3, OTHERS, HATCHED].map(|class| svg.matches(&format!("<rect class=\"fill-{class}\"")).count());
        assert_eq!(parts, [2, 1, 0, 1, 1], "{svg}");
        for text in [">24 Nov</text>", ">26 Nov</text>", ">6</text>"] {
            assert!(svg.contains(text), "{text} is not in {svg}");
        }
        assert!(!svg.contains("poly") && !svg.contains('#'), "{svg}");
    }

    #[test]
    fn without_usage_there_is_a_grid() {
        let chart = BarChart {
            stacks: vec![Vec::new(); 2],
            others: false,
            growing: None,
            labels: Vec::new(),
        };
        let svg = bars(&chart);
        assert!(!svg.contains("<rect") && svg.contains("<line class=\"ink-9\""), "{svg}");
    }
}
