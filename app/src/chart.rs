//! Charts as pure functions from figures to SVG: the same text on the server, in the browser and in the tests.
//!
//! plotters draws them on [`svg::SvgBackend`]. Colours, fonts and line widths are left to the style sheet, which knows the
//! theme; titles, legends and readings are HTML around the chart.

#[cfg(feature = "ssr")]
pub(crate) use bars::{BarChart, bars};
pub(crate) use geometry::{Geometry, Size};
pub(crate) use svg::Across;
pub(crate) use time_chart::{Series, TimeChart, draw};
#[cfg(feature = "ssr")]
pub(crate) use timeline::timeline;

#[cfg(feature = "ssr")]
mod bars;
mod geometry;
mod scale;
mod svg;
mod time_chart;
#[cfg(feature = "ssr")]
mod timeline;
mod value_axis;
