//! What a chart says at its cursor.

use super::{ChartLine, STEP};
use crate::{
    chart::{Series, TimeChart},
    format,
};

/// What a chart says at one moment.
pub(super) struct Reading {
    /// The moment in Unix milliseconds, none for now.
    at: Option<i64>,
    /// The end of the chart in Unix milliseconds.
    end: i64,
    /// The value of each line; none where nothing is known.
    values: Vec<Option<f64>>,
}

impl Reading {
    /// At the cursor, or of the latest point where there is none.
    pub(super) fn take(chart: &TimeChart, cursor: Option<i64>) -> Self {
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

    /// The time of day; nothing for now.
    pub(super) fn moment(&self) -> String {
        self.at.map(format::time).unwrap_or_default()
    }

    /// A line's value as it is shown.
    pub(super) fn value(&self, line: usize) -> String {
        match self.values.get(line).copied().flatten() {
            Some(value) => format::rate(value),
            None => "–".to_owned(),
        }
    }

    /// How far back it is, as a slider has it.
    pub(super) fn seconds_from_end(&self) -> String {
        (self.at.map_or(0, |at| at - self.end) / 1000).to_string()
    }

    /// All of it for who hears it.
    pub(super) fn in_words(&self, lines: &[ChartLine]) -> String {
        let moment = self.at.map_or_else(|| "now".to_owned(), format::time);
        let values = lines.iter().enumerate().map(|(position, line)| {
            let value = self.value(position);
            format!("{} {value}", line.name)
        });
        format!("{moment}: {}", values.collect::<Vec<_>>().join(", "))
    }
}
