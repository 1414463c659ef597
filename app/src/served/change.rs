//! What an entry of the audit log changed.

use std::collections::{BTreeMap, BTreeSet};

use leptos::prelude::*;
use serde_json::Value;
use worv_api::AuditEntry;

use crate::format;

/// Each thing that changed, as it was and as it is.
pub(super) fn changes(entry: &AuditEntry) -> AnyView {
    let lines = lines(entry).into_iter().map(|(name, before, after)| {
        let before = before.map(|text| view! { <del>{text}</del> });
        let after = after.map(|text| view! { <ins>{text}</ins> });
        view! {
            <span class="change">
                <span class="muted">{name}</span>
                " "
                {before}
                " "
                {after}
            </span>
        }
    });
    lines.collect_view().into_any()
}

type Line = (String, Option<String>, Option<String>);

fn lines(entry: &AuditEntry) -> Vec<Line> {
    let before = flat(entry.before.as_ref());
    let after = flat(entry.after.as_ref());
    let names: BTreeSet<_> = before.keys().chain(after.keys()).cloned().collect();
    let line = |name: String| {
        let (before, after) = (before.get(&name).cloned(), after.get(&name).cloned());
        (before != after).then_some((name, before, after))
    };
    names.into_iter().filter_map(line).collect()
}

/// Every value by its path, as text; nothing for what is empty.
fn flat(value: Option<&Value>) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    if let Some(value) = value {
        collect("", value, &mut found);
    }
    found
}

fn collect(path: &str, value: &Value, found: &mut BTreeMap<String, String>) {
    let text = match value {
        Value::Object(members) => {
            for (name, value) in members {
                // What settings are called says enough; where they are kept says nothing.
                let path = match path {
                    "" | "settings" => name.clone(),
                    path => format!("{path}.{name}"),
                };
                collect(&path, value, found);
            }
            return;
        }
        Value::Null | Value::Bool(false) => return,
        Value::Array(entries) if entries.is_empty() => return,
        Value::String(text) if text.is_empty() => return,
        Value::String(text) => text.clone(),
        Value::Array(entries) => entries.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Number(number) if path.ends_with("_at") || path.ends_with("_until") => number
            .as_i64()
            .map_or_else(|| number.to_string(), |at| format!("{} UTC", format::date_time(at))),
        other => other.to_string(),
    };
    found.insert(path.replace('_', " "), text);
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_differs_is_told() {
        let entry = AuditEntry {
            id: 1,
            at: 0,
            actor: String::new(),
            action: String::new(),
            subject: String::new(),
            address: String::new(),
            before: Some(json!({"name": "a", "expires_at": null, "settings": {"tags": [], "weight": 100}})),
            after: Some(json!({"name": "a", "expires_at": 0, "settings": {"tags": ["x", "y"], "weight": 50}})),
        };
        let text = |text: &str| Some(text.to_owned());
        let expected = [
            ("expires at".to_owned(), None, text("1970-01-01 00:00 UTC")),
            ("tags".to_owned(), None, text("x, y")),
            ("weight".to_owned(), text("100"), text("50")),
        ];
        assert_eq!(lines(&entry), expected);
    }
}
