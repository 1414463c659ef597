//! Makes what is shown like newer HTML, and touches nothing that is alike: what has the focus keeps it, what is selected stays
//! selected, what somebody has opened stays open.
//!
//! Elements that belong together have the same name and the same `id` or `data-id`. What is marked `data-kept` stays until the
//! page is left; what is marked `data-follow` is scrolled to its end if it was there; it waits while text in it is
//! selected, or the box is ticked whose `id` it says.

use leptos::prelude::{document, window};
use wasm_bindgen::JsCast as _;
use web_sys::{Element, HtmlSelectElement, Node};

use super::found;

/// How far from its end something may be scrolled and still follow it, in CSS pixels.
const NEAR_END: i32 = 24;

/// Makes the content of `part` like `html`. Where another page is shown, nothing is kept of the one before.
pub(super) fn patch(part: &Element, html: &str, is_other_page: bool) {
    let Ok(wanted) = document().create_element("div") else {
        return;
    };
    wanted.set_inner_html(html);
    children(part, &wanted, is_other_page);
}

fn children(shown: &Node, wanted: &Node, is_other_page: bool) {
    let mut here = shown.first_child();
    while let Some(next) = wanted.first_child() {
        let mut alike = here.clone();
        while let Some(node) = &alike
            && !are_alike(node, &next)
        {
            // Texts have nothing to be known by but their place.
            alike = next.dyn_ref::<Element>().and_then(|_| node.next_sibling());
        }
        if let Some(alike) = alike {
            while let Some(node) = &here
                && *node != alike
            {
                here = remove(shown, node, is_other_page);
            }
            here = alike.next_sibling();
            drop(wanted.remove_child(&next));
            renew(&alike, &next, is_other_page);
        } else {
            drop(shown.insert_before(&next, here.as_ref()));
        }
    }
    while let Some(node) = &here {
        here = remove(shown, node, is_other_page);
    }
}

/// Takes a node out, and gives the one after it.
fn remove(parent: &Node, node: &Node, is_other_page: bool) -> Option<Node> {
    let next = node.next_sibling();
    let is_kept = node
        .dyn_ref::<Element>()
        .is_some_and(|element| element.has_attribute("data-kept"));
    if is_other_page || !is_kept {
        drop(parent.remove_child(node));
    }
    next
}

fn are_alike(one: &Node, other: &Node) -> bool {
    let name = |node: &Node| {
        let element = node.dyn_ref::<Element>()?;
        element.get_attribute("id").or_else(|| element.get_attribute("data-id"))
    };
    one.node_name() == other.node_name() && name(one) == name(other)
}

fn renew(shown: &Node, wanted: &Node, is_other_page: bool) {
    // What was typed into a field is seen in nothing that could be compared.
    if !is_other_page && shown.is_equal_node(Some(wanted)) {
        return;
    }
    let (Some(element), Some(like)) = (shown.dyn_ref::<Element>(), wanted.dyn_ref::<Element>()) else {
        return shown.set_node_value(wanted.node_value().as_deref());
    };
    if is_other_page && is_field(element) && document().active_element().as_ref() != Some(element) {
        return drop(element.replace_with_with_node_1(like));
    }
    for name in names(element) {
        // Details that somebody has opened, and dialogs that the browser has.
        if !like.has_attribute(&name) && name != "open" {
            drop(element.remove_attribute(&name));
        }
    }
    for name in names(like) {
        let value = like.get_attribute(&name);
        if element.get_attribute(&name) != value {
            drop(element.set_attribute(&name, &value.unwrap_or_default()));
        }
    }
    if is_other_page && let (Some(choice), Some(like)) = (as_choice(element), as_choice(like)) {
        // What was chosen in it once is shown whatever its options say, until another one is chosen.
        let chosen = like.value();
        children(shown, wanted, is_other_page);
        return choice.set_value(&chosen);
    }
    let Some(holder) = element.get_attribute("data-follow") else {
        return children(shown, wanted, is_other_page);
    };
    if is_selected(element) || found(&format!("#{holder}:checked")) {
        return;
    }
    let left = element.scroll_height() - element.scroll_top() - element.client_height();
    children(shown, wanted, is_other_page);
    if left <= NEAR_END {
        element.set_scroll_top(element.scroll_height());
    }
}

fn is_field(element: &Element) -> bool {
    element.matches("input, select, textarea").unwrap_or_default()
}

fn as_choice(element: &Element) -> Option<&HtmlSelectElement> {
    element.dyn_ref()
}

fn names(element: &Element) -> Vec<String> {
    element
        .get_attribute_names()
        .iter()
        .filter_map(|name| name.as_string())
        .collect()
}

/// Whether some of its text is selected.
fn is_selected(element: &Element) -> bool {
    let selection = window().get_selection().ok().flatten();
    selection.is_some_and(|selection| !selection.is_collapsed() && element.contains(selection.anchor_node().as_ref()))
}
