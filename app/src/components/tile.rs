//! A figure that is read first, with its name above and what belongs to it beneath.

use leptos::prelude::*;

use super::Tone;
use crate::at_once::AtOnce;

/// A figure.
#[component]
pub(crate) fn Tile(
    /// What it counts, with its unit.
    label: &'static str,
    /// The figure.
    #[prop(into)]
    value: Signal<String>,
    /// What it is to be compared with.
    #[prop(into)]
    detail: Signal<String>,
    /// How good or bad it is, where that is known.
    #[prop(optional, into)]
    tone: Signal<Option<Tone>>,
) -> impl IntoView {
    let tone = Signal::derive(move || tone.get().map(Tone::name));
    AtOnce(view! {
        <dl class="tile panel">
            <dt class="tile__label">{label}</dt>
            <dd class="tile__value" data-tone=tone>
                {value}
            </dd>
            <dd class="tile__detail">{detail}</dd>
        </dl>
    })
}
