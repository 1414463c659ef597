//! What is left of a request's tools where some of them are none that the model could use.

use crate::json::{Edit, Object, elements, string};

/// Kinds of a choice that name no kind of tool.
const PLAIN_CHOICES: [&str; 6] = ["auto", "any", "none", "tool", "function", "allowed_tools"];

/// Leaves out the tools that do not pass, and a choice of one of them: the answer is then as of a model without it.
pub(crate) fn only<'a>(request: &Object<'a>, passes: impl Fn(&Object<'_>) -> bool) -> Vec<Edit<'a>> {
    let tools = request.get("tools").and_then(|tools| elements(tools).ok());
    let tools = tools.unwrap_or_default();
    // One is read at a time: there can be very many. What is no object is the engine's to refuse.
    let is_kept = |text: &&str| Object::parse(text).map_or(true, |tool| passes(&tool));
    let kept: Vec<&str> = tools.iter().copied().filter(is_kept).collect();
    if kept.len() == tools.len() {
        return Vec::new();
    }
    if kept.is_empty() {
        return vec![("tools", None), ("tool_choice", None)];
    }
    let mut edits = vec![("tools", Some(format!("[{}]", kept.join(",")).into()))];
    let is_there = |member: &str, wanted: &str| {
        let has = |text: &&str| {
            let tool = Object::parse(text).ok();
            tool.is_some_and(|tool| tool.get(member).and_then(string).as_deref() == Some(wanted))
        };
        kept.iter().any(has)
    };
    let choice = request.get("tool_choice").and_then(|choice| Object::parse(choice).ok());
    let is_of_none = choice.is_some_and(|choice| {
        let name = choice.get("name").and_then(string);
        let kind = choice.get("type").and_then(string);
        match (name, kind) {
            (Some(name), _) => !is_there("name", &name),
            (None, Some(kind)) => !PLAIN_CHOICES.contains(&&*kind) && !is_there("type", &kind),
            (None, None) => false,
        }
    });
    if is_of_none {
        edits.push(("tool_choice", None));
    }
    edits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_stays_only_with_its_tool() {
        let tools = r#""tools":[{"type":"function","name":"f"},{"type":"web_search"}]"#;
        let left = |choice: &str| {
            let body = format!("{{{tools},\"tool_choice\":{choice}}}");
            let request = Object::parse(&body).unwrap();
            let is_function =
                |tool: &Object<'_>| tool.get("type").and_then(string).is_some_and(|kind| kind == "function");
            request.with(&only(&request, is_function))
        };
        let kept = r#"{"tools":[{"type":"function","name":"f"}]"#;
        for choice in [
            r#""auto""#,
            r#"{"type":"auto"}"#,
            r#"{"type":"function","name":"f"}"#,
            r#"{"type":"tool","name":"f"}"#,
        ] {
            assert_eq!(left(choice), format!("{kept},\"tool_choice\":{choice}}}"));
        }
        for choice in [r#"{"type":"web_search"}"#, r#"{"type":"function","name":"g"}"#] {
            assert_eq!(left(choice), format!("{kept}}}"));
        }
    }

    #[test]
    fn nothing_changes_where_all_pass_and_everything_goes_where_none_does() {
        let body = r#"{"tools":[{"name":"f"}],"tool_choice":"auto"}"#;
        let request = Object::parse(body).unwrap();
        assert!(only(&request, |_| true).is_empty());
        assert_eq!(request.with(&only(&request, |_| false)), "{}");
    }
}
