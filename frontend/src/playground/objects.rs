//! The objects of JavaScript: how requests are made and answers are read.

use js_sys::{JSON, Object, Reflect};
use wasm_bindgen::JsValue;

/// A message as a request has it.
pub(super) fn message(role: &str, content: &str) -> Object {
    object(&[("role", role.into()), ("content", content.into())])
}

/// An object with these members.
pub(super) fn object(members: &[(&str, JsValue)]) -> Object {
    let object = Object::new();
    for (name, value) in members {
        set(&object, name, value);
    }
    object
}

/// Sets a member of an object.
pub(super) fn set(object: &Object, name: &str, value: &JsValue) {
    // Refused only by objects that are frozen.
    drop(Reflect::set(object, &name.into(), value));
}

/// What a path of names leads to; undefined where there is nothing.
pub(super) fn get(value: &JsValue, path: &[&str]) -> JsValue {
    path.iter().fold(value.clone(), |value, name| {
        Reflect::get(&value, &(*name).into()).unwrap_or(JsValue::UNDEFINED)
    })
}

/// What a JSON text stands for; none for a text that is no JSON.
pub(super) fn parse(text: &str) -> Option<JsValue> {
    JSON::parse(text).ok()
}
