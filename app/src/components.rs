//! What pages are made of, one component a file.

pub(crate) use account::Account;
pub(crate) use connection::ConnectionStatus;
pub(crate) use copy::{copy_text, select_text};
pub(crate) use demo_banner::DemoBanner;
pub(crate) use dialog::Dialog;
#[cfg(feature = "ssr")]
pub(crate) use empty::Empty;
pub(crate) use failure::Failure;
#[cfg(feature = "ssr")]
pub(crate) use field::{SelectField, TextField};
pub(crate) use frame::Frame;
pub(crate) use navigation::{Destination, Navigation};
pub(crate) use page_header::PageHeader;
pub(crate) use palette::Palette;
pub use server_part::Prepared;
pub(crate) use server_part::ServerPart;
pub(crate) use shortcuts::Shortcuts;
pub(crate) use status::{Status, Tone};
pub(crate) use theme_switch::ThemeSwitch;
pub(crate) use tile::Tile;
pub(crate) use time_chart::{ChartLine, TimeChartFigure};
pub(crate) use version_notice::VersionNotice;

mod account;
mod connection;
mod copy;
mod demo_banner;
mod dialog;
#[cfg(feature = "ssr")]
mod empty;
mod failure;
#[cfg(feature = "ssr")]
mod field;
mod frame;
mod navigation;
mod page_header;
mod palette;
mod plot;
mod server_part;
mod shortcuts;
mod status;
mod theme_switch;
mod tile;
mod time_chart;
mod version_notice;
