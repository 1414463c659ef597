//! What pages are made of, one component a file.

pub(crate) use account::Account;
pub(crate) use connection::ConnectionStatus;
pub(crate) use copy::CopyField;
pub(crate) use demo_banner::DemoBanner;
pub(crate) use dialog::{Dialog, open_about};
pub(crate) use failure::Failure;
pub(crate) use frame::Frame;
pub(crate) use navigation::{Destination, Navigation};
pub(crate) use page_header::PageHeader;
pub(crate) use shortcuts::Shortcuts;
pub(crate) use status::{Status, Tone};
pub(crate) use theme_switch::ThemeSwitch;
pub(crate) use time_chart::{ChartLine, TimeChartFigure};
pub(crate) use timestamp::Timestamp;

mod account;
mod connection;
mod copy;
mod demo_banner;
mod dialog;
mod failure;
mod frame;
mod navigation;
mod page_header;
mod shortcuts;
mod status;
mod theme_switch;
mod time_chart;
mod timestamp;
