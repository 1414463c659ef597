//! Reading a chart that the server has drawn, with the pointer and with the keyboard. The numbers are those of the table that
//! belongs to it, whose rows are the chart's bars in their order.

use leptos::{prelude::document, task::spawn_local};
use wasm_bindgen::JsCast as _;
use web_sys::Element;

use crate::chart::Across;

/// Reads the bar beneath the pointer.
pub(crate) fn point_at(event: &web_sys::PointerEvent) {
    let Some(plot) = plot_at(event) else { return clear() };
    let area = plot.get_bounding_client_rect();
    let share = (f64::from(event.client_x()) - area.left()) / area.width().max(1.0);
    let count = count(&plot);
    #[expect(clippy::cast_possible_truncation, reason = "a few hundred bars")]
    let position = (share * f64::from(count)) as i32;
    read(&plot, position.clamp(0, count - 1));
}

/// Reads the bar that an arrow key leads to; Enter opens it, Escape leaves the chart.
pub(crate) fn step(event: &web_sys::KeyboardEvent) {
    let Some(plot) = plot_at(event) else { return };
    let last = count(&plot) - 1;
    let here = number(&plot, "data-at");
    let there = match event.key().as_str() {
        "ArrowLeft" | "ArrowDown" => here.map_or(last, |here| here - 1),
        "ArrowRight" | "ArrowUp" => here.map_or(last, |here| here + 1),
        "Home" => 0,
        "End" => last,
        "Enter" => return follow(&plot),
        "Escape" => return clear(),
        _ => return,
    };
    event.prevent_default();
    read(&plot, there.clamp(0, last));
}

/// Opens the bar that is read.
pub(crate) fn open(event: &web_sys::MouseEvent) {
    if let Some(plot) = plot_at(event) {
        follow(&plot);
    }
}

/// Reads the sums of all bars again.
pub(crate) fn clear() {
    let Ok(Some(plot)) = document().query_selector(".plot[data-at]") else {
        return;
    };
    drop(plot.remove_attribute("data-at"));
    if let Some(sums) = find("#numbers tfoot tr") {
        show(&plot, &sums);
    }
    if let Some(cursor) = find(".plot__cursor rect") {
        drop(cursor.set_attribute("width", "0"));
    }
}

fn read(plot: &Element, position: i32) {
    let Some(row) = row(position) else { return };
    drop(plot.set_attribute("data-at", &position.to_string()));
    drop(plot.set_attribute("aria-valuenow", &position.to_string()));
    show(plot, &row);
    if let Some(cursor) = find(".plot__cursor rect") {
        let share = |bars: i32| Across::Share(i64::from(bars) * 10_000 / i64::from(count(plot))).to_string();
        drop(cursor.set_attribute("x", &share(position)));
        drop(cursor.set_attribute("width", &share(1)));
    }
}

/// Writes the numbers of a row beside the names of the series.
fn show(plot: &Element, row: &Element) {
    let cells = row.children();
    let text = |position| {
        cells
            .item(position)
            .and_then(|cell| cell.text_content())
            .unwrap_or_default()
    };
    let mut words = text(0);
    if let Some(moment) = find(".plot__moment") {
        moment.set_text_content(Some(&words));
    }
    let Ok(values) = document().query_selector_all(".legend b") else {
        return;
    };
    for position in 0..values.length() {
        let (Some(value), number) = (values.item(position), text(position + 1)) else {
            return;
        };
        value.set_text_content(Some(&number));
        let name = value
            .parent_node()
            .and_then(|item| item.first_child())
            .and_then(|name| name.text_content());
        words = format!("{words}, {} {number}", name.unwrap_or_default());
    }
    drop(plot.set_attribute("aria-valuetext", &words));
}

fn follow(plot: &Element) {
    let link = number(plot, "data-at")
        .and_then(row)
        .and_then(|row| row.query_selector("a").ok().flatten());
    if let Some(link) = link.and_then(|link| link.dyn_into::<web_sys::HtmlElement>().ok()) {
        // Not while this very click is being heard.
        spawn_local(async move { link.click() });
    }
}

fn row(position: i32) -> Option<Element> {
    find(&format!("#numbers tbody tr:nth-child({})", position + 1))
}

fn find(selector: &str) -> Option<Element> {
    document().query_selector(selector).ok().flatten()
}

fn plot_at(event: &web_sys::Event) -> Option<Element> {
    let target = event.target()?.dyn_into::<Element>().ok()?;
    target.closest(".plot").ok().flatten()
}

fn count(plot: &Element) -> i32 {
    number(plot, "aria-valuemax").unwrap_or(0) + 1
}

fn number(plot: &Element, attribute: &str) -> Option<i32> {
    plot.get_attribute(attribute)?.parse().ok()
}
