//! How wide a chart's element is.

use leptos::{html, prelude::*};
use wasm_bindgen::{JsCast as _, closure::Closure};

/// What the server draws for, before the browser has measured.
const WIDTH: u32 = 560;

/// The width of the element in CSS pixels: [`WIDTH`] until the browser has measured it, then whatever it is.
pub(super) fn measured_width(element: NodeRef<html::Div>) -> RwSignal<u32> {
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
