//! What clients send back of an earlier answer on `/v1/chat/completions`, under the name that every engine version reads.
//!
//! vLLM 0.19 and 0.20 read a turn's earlier reasoning only as `reasoning`; clients that know only the older
//! `reasoning_content` send it back as that.

use std::borrow::Cow;

use crate::json::{Edit, Object, elements};

const OLD_NAME: &str = "reasoning_content";

/// The changes to a request.
pub(crate) fn edits(object: &Object<'_>) -> Option<Edit<'static>> {
    let messages = object.get("messages")?;
    if !object.seen().reasoning_content {
        return None;
    }
    let turns: Vec<Cow<'_, str>> = elements(messages).ok()?.into_iter().map(renamed).collect();
    let changed = turns.iter().any(|turn| matches!(turn, Cow::Owned(_)));
    changed.then(|| ("messages", Some(format!("[{}]", turns.join(",")).into())))
}

fn renamed(turn: &str) -> Cow<'_, str> {
    let Ok(object) = Object::parse(turn) else {
        return turn.into();
    };
    match (object.get(OLD_NAME), object.get("reasoning")) {
        (None, _) => turn.into(),
        (Some(_), Some(_)) => object.with(&[(OLD_NAME, None)]).into(),
        (Some(text), None) => object
            .with(&[(OLD_NAME, None), ("reasoning", Some(text.into()))])
            .into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasoning_goes_back_under_the_name_that_is_read() {
        let cases = [
            (
                r#"[{"role":"assistant","reasoning_content":"a","content":"b"}]"#,
                Some(r#"[{"role":"assistant","content":"b","reasoning":"a"}]"#),
            ),
            (
                r#"[{"reasoning":"a","reasoning_content":"a"},{"role":"user"}]"#,
                Some(r#"[{"reasoning":"a"},{"role":"user"}]"#),
            ),
            (r#"[{"content":"about reasoning_content"}]"#, None),
            (r#"[{"reasoning":"a"}]"#, None),
            (r#""reasoning_content""#, None),
        ];
        for (messages, expected) in cases {
            let body = format!(r#"{{"messages":{messages}}}"#);
            let edit = edits(&Object::parse(&body).unwrap());
            assert_eq!(edit.and_then(|edit| edit.1).as_deref(), expected, "{messages}");
        }
    }
}
