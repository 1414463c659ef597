//! A page that the server renders whole, inside the frame.

use leptos::prelude::*;

use crate::{
    at_once::AtOnce,
    components::{PageHeader, ServerPart},
};

/// The page of that title whose addresses begin with `root`.
#[component]
pub(crate) fn ServedPage(
    /// The page's name.
    title: &'static str,
    /// The beginning of its addresses.
    root: &'static str,
) -> impl IntoView {
    AtOnce(view! {
        <PageHeader title/>
        <ServerPart root/>
    })
}
