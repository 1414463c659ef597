//! The axis of a chart's values.

use std::ops::Range;

use plotters::{
    coord::{
        ranged1d::{KeyPointHint, NoDefaultFormatting, ValueFormatter},
        types::RangedCoordf64,
    },
    prelude::*,
};

use super::scale;
use crate::format;

/// An axis from zero to its last grid line.
pub(crate) struct ValueAxis {
    ticks: Vec<f64>,
}

impl ValueAxis {
    /// An axis with room for the largest value.
    pub(crate) fn up_to(largest: f64) -> Self {
        Self {
            ticks: scale::values(largest),
        }
    }

    /// The grid lines.
    #[cfg(feature = "ssr")]
    pub(crate) fn ticks(&self) -> &[f64] {
        &self.ticks
    }
}

impl Ranged for ValueAxis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        RangedCoordf64::from(self.range()).map(value, limit)
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() {
            Vec::new()
        } else {
            self.ticks.clone()
        }
    }

    fn range(&self) -> Range<f64> {
        0.0..self.ticks.last().copied().unwrap_or(1.0)
    }
}

impl ValueFormatter<f64> for ValueAxis {
    fn format(value: &f64) -> String {
        format::compact(*value)
    }
}
