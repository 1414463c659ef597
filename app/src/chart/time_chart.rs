//! Values over time, as lines over a grid.

use std::ops::Range;

use plotters::{coord::combinators::BindKeyPoints as _, prelude::*};

use super::{
    Geometry, Size, scale,
    svg::{GRID, LABEL, SvgBackend, UNITS_U32, ink, label_font},
    value_axis::ValueAxis,
};
use crate::format;

/// What a chart shows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TimeChart {
    /// From the left end to the right end, in Unix milliseconds.
    pub(crate) time: Range<i64>,
    /// The lines, the lowest first.
    pub(crate) series: Vec<Series>,
}

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Series {
    /// Which of the style sheet's series it is, from 1.
    pub(crate) number: u8,
    /// Moments in Unix milliseconds and values, in pieces: between two pieces nothing is known, and nothing is drawn.
    pub(crate) pieces: Vec<Vec<(i64, f64)>>,
}

/// Draws the chart as the inside of an `<svg>` of that size. The first series is filled down to zero.
pub(crate) fn draw(chart: &TimeChart, size: Size) -> String {
    let mut svg = String::new();
    // The only error there is would come from writing to a string.
    drop(draw_on(chart, size, SvgBackend::new(&mut svg, size)));
    svg
}

fn draw_on<DB: DrawingBackend>(
    chart: &TimeChart,
    size: Size,
    backend: DB,
) -> Result<(), DrawingAreaErrorKind<DB::ErrorType>> {
    let values = chart.series.iter().flat_map(|series| series.pieces.iter().flatten());
    let values = ValueAxis::up_to(values.map(|(_, value)| *value).fold(0.0, f64::max));
    let times = scale::times(&chart.time, step(&chart.time, size));

    let root = backend.into_drawing_area();
    let mut context = ChartBuilder::on(&root)
        .margin_top(Geometry::TOP * UNITS_U32)
        .margin_right(Geometry::RIGHT * UNITS_U32)
        .x_label_area_size(Geometry::TIMES * UNITS_U32)
        .y_label_area_size(Geometry::VALUES * UNITS_U32)
        .build_cartesian_2d(chart.time.clone().with_key_points(times), values)?;
    context
        .configure_mesh()
        .disable_x_mesh()
        .axis_style(TRANSPARENT)
        .bold_line_style(GRID)
        .light_line_style(TRANSPARENT)
        .set_all_tick_mark_size(4 * UNITS_U32)
        .label_style(label_font().with_color(LABEL))
        .x_label_formatter(&|at| format::time(*at)[..5].to_owned())
        .y_label_formatter(&|value| format::compact(*value))
        .draw()?;
    for (position, series) in chart.series.iter().enumerate() {
        let color = ink(series.number);
        for piece in &series.pieces {
            if position == 0 {
                context.draw_series([area(piece, color)])?;
            }
            context.draw_series([PathElement::new(piece.clone(), color)])?;
        }
    }
    root.present()
}

/// The area under a piece of a line.
fn area(piece: &[(i64, f64)], color: RGBColor) -> Polygon<(i64, f64)> {
    let ends = [piece.last(), piece.first()];
    let floor = ends.into_iter().flatten().map(|(at, _)| (*at, 0.0));
    Polygon::new(piece.iter().copied().chain(floor).collect::<Vec<_>>(), color)
}

/// The distance between two labelled times, in milliseconds: one that leaves each label some 80 pixels.
fn step(time: &Range<i64>, size: Size) -> i64 {
    const MINUTE: i64 = 60_000;
    let span = time.end - time.start;
    let labels = i64::from(size.width / 80).max(1);
    [1, 2, 3, 5, 10, 15, 30, 60]
        .map(|minutes| minutes * MINUTE)
        .into_iter()
        .find(|step| span / step <= labels)
        .unwrap_or(span)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size {
        width: 560,
        height: 168,
    };

    fn chart(series: Vec<Series>) -> TimeChart {
        // From 13:50 to 14:05 UTC.
        TimeChart {
            time: 1_795_355_400_000..1_795_356_300_000,
            series,
        }
    }

    fn readable(svg: &str) -> String {
        svg.replace("><", ">\n<")
    }

    #[test]
    fn an_idle_machine_has_a_grid_and_no_line() {
        let idle = Series {
            number: 1,
            pieces: Vec::new(),
        };
        insta::assert_snapshot!(readable(&draw(&chart(vec![idle]), SIZE)));
    }

    #[test]
    fn lines_keep_their_gaps() {
        let at = |minute: i64| 1_795_355_400_000 + minute * 60_000;
        let requests = Series {
            number: 1,
            pieces: vec![
                vec![(at(1), 4.0), (at(2), 12.5), (at(3), 8.0)],
                vec![(at(7), 6.0), (at(15), 19.0)],
            ],
        };
        let failures = Series {
            number: 2,
            pieces: vec![vec![(at(1), 0.0), (at(3), 1.0)]],
        };
        insta::assert_snapshot!(readable(&draw(&chart(vec![requests, failures]), SIZE)));
    }

    #[test]
    fn a_narrow_chart_has_fewer_times() {
        let labels = |width| {
            let svg = draw(&chart(Vec::new()), Size { width, ..SIZE });
            svg.matches("text-anchor=\"middle\"").count()
        };
        assert_eq!((labels(900), labels(320)), (8, 4));
    }
}
