//! The tools of a Messages request in the words of chat completions, and which of them is to be used.

use std::borrow::Cow;

use super::request::{kind, list, objects, wrong_type};
use crate::{
    error::ApiError,
    json::{Edit, Object},
};

/// `tools`, where there are any.
pub(super) fn tools<'a>(object: &Object<'_>) -> Result<Option<Edit<'a>>, ApiError> {
    let Some(tools) = object.given("tools") else {
        return Ok(None);
    };
    let tools: Option<Vec<String>> =
        objects(tools).and_then(|tools| tools.map(|next| next.as_ref().map(tool)).collect());
    let tools = tools.ok_or_else(|| wrong_type("tools", "a list of tools"))?;
    Ok(Some(("tools", Some(list(&tools).into()))))
}

/// `tool_choice` in the words of chat completions, where there are tools to choose from.
pub(super) fn choice<'a>(object: &Object<'a>) -> Result<Vec<Edit<'a>>, ApiError> {
    let choice = object.given("tools").and_then(|_| object.given("tool_choice"));
    let Some(choice) = choice else {
        return Ok(Vec::new());
    };
    let wrong = || {
        wrong_type(
            "tool_choice",
            "an object whose `type` is `auto`, `any`, `tool` or `none`",
        )
    };
    let choice = Object::parse(choice).map_err(|_| wrong())?;
    let chosen = match kind(&choice).as_deref() {
        Some("auto") => Cow::Borrowed(r#""auto""#),
        Some("any") => r#""required""#.into(),
        Some("none") => r#""none""#.into(),
        Some("tool") => {
            let name = choice.get("name").ok_or_else(wrong)?;
            format!(r#"{{"type":"function","function":{{"name":{name}}}}}"#).into()
        }
        _ => return Err(wrong()),
    };
    let mut members: Vec<Edit<'a>> = vec![("tool_choice", Some(chosen))];
    if choice.get("disable_parallel_tool_use") == Some("true") {
        members.push(("parallel_tool_calls", Some("false".into())));
    }
    Ok(members)
}

fn tool(tool: &Object<'_>) -> String {
    let members = [
        ("name", "name"),
        ("description", "description"),
        ("parameters", "input_schema"),
    ];
    let function: Vec<Edit<'_>> = members
        .into_iter()
        .filter_map(|(name, theirs)| Some((name, Some(tool.get(theirs)?.into()))))
        .collect();
    format!(
        r#"{{"type":"function","function":{}}}"#,
        Object::empty().with(&function)
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn the_choice_of_tools_as_a_table() {
        let named = json!({"type": "function", "function": {"name": "read"}});
        let cases = [
            (json!({"type": "auto"}), json!("auto")),
            (json!({"type": "none"}), json!("none")),
            (json!({"type": "any"}), json!("required")),
            (json!({"type": "tool", "name": "read"}), named),
            (Value::Null, Value::Null),
        ];
        for (choice, expected) in cases {
            let body = json!({"tools": [], "tool_choice": choice}).to_string();
            let members = super::choice(&Object::parse(&body).unwrap()).unwrap();
            let translated: Value = serde_json::from_str(&Object::empty().with(&members)).unwrap();
            assert_eq!(translated["tool_choice"], expected, "{choice}");
        }
    }
}
