//! Whether and how hard the model thinks: the many ways to ask for it, mapped to what the chat template understands.
//!
//! First match wins: the caller's own `chat_template_kwargs` · the model's suffix · `thinking.type` (`disabled` beats any
//! effort) · `output_config.effort` or `reasoning_effort` · the profile's default. The switch is always sent, because
//! engines differ in what they do without it.

use std::borrow::Cow;

use crate::{
    error::ApiError,
    json::{Edit, Object, quoted, string},
};

/// How one model is told to think.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThinkingMap {
    /// The member of `chat_template_kwargs` that switches thinking.
    pub switch: String,
    /// Whether it thinks when nothing is asked for.
    pub default: bool,
    /// Efforts that may be asked for, each with what the template is told. Empty for a model that has no levels:
    /// then any effort but `none` switches thinking on.
    pub efforts: Vec<(String, String)>,
}

/// The members of `chat_template_kwargs` that reach a template; any other could run the template's rarer code.
pub const TEMPLATE_KWARGS: [&str; 6] = [
    "thinking",
    "enable_thinking",
    "reasoning_effort",
    "drop_thinking",
    "preserve_thinking",
    "clear_thinking",
];

/// The members among them that switch thinking, whatever the model.
const SWITCHES: [&str; 2] = ["thinking", "enable_thinking"];

/// The shortest thinking budget that the engine accepts.
const LEAST_BUDGET: u64 = 1_024;

impl ThinkingMap {
    /// What is known of a family of models; none for one that is not known.
    pub fn of_model(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let map = |switch: &str, default, efforts: &[(&str, &str)]| Self {
            switch: switch.to_owned(),
            default,
            efforts: efforts
                .iter()
                .map(|&(asked, told)| (asked.to_owned(), told.to_owned()))
                .collect(),
        };
        if name.contains("deepseek-v4") {
            let efforts = [
                ("minimal", "low"),
                ("low", "low"),
                ("medium", "high"),
                ("high", "high"),
                ("xhigh", "max"),
                ("max", "max"),
            ];
            Some(map("thinking", true, &efforts))
        } else if name.contains("deepseek-v3.") {
            Some(map("thinking", false, &[]))
        } else if name.contains("glm-4.5")
            || name.contains("glm-4.6")
            || name.contains("glm-4.7")
            || name.contains("glm-5")
        {
            Some(map("enable_thinking", true, &[]))
        } else if name.contains("kimi-k2.") {
            Some(map("thinking", true, &[]))
        } else {
            None
        }
    }
}

/// Makes a request say explicitly whether to think. `suffix` is what the model's name says, `granted` the answer's length.
pub(crate) fn edits<'a>(
    object: &Object<'a>,
    map: Option<&ThinkingMap>,
    suffix: Option<bool>,
    granted: u64,
) -> Result<Vec<Edit<'a>>, ApiError> {
    let given = object.given("chat_template_kwargs");
    if given.is_none() && map.is_none() {
        return Ok(Vec::new());
    }
    let kwargs = given
        .map_or_else(|| Ok(Object::empty()), Object::parse)
        .map_err(|_| ApiError::invalid_field("chat_template_kwargs", "`chat_template_kwargs` must be an object."))?;
    let mut told: Vec<Edit<'a>> = Vec::new();
    for name in TEMPLATE_KWARGS {
        told.extend(kwargs.get(name).map(|value| (name, Some(Cow::Borrowed(value)))));
    }
    let mut edits = Vec::new();
    if let Some(map) = map {
        let asked = Asked::of(object, &kwargs, suffix);
        let on = asked.on().unwrap_or(map.default);
        let switch = if map.switch == SWITCHES[1] {
            SWITCHES[1]
        } else {
            SWITCHES[0]
        };
        if !told.iter().any(|(name, _)| *name == switch) {
            told.push((switch, Some(on.to_string().into())));
        }
        if let Some(effort) = asked.effort.as_deref().filter(|effort| on && *effort != "none")
            && !told.iter().any(|(name, _)| *name == "reasoning_effort")
            && !map.efforts.is_empty()
        {
            let level = map.efforts.iter().find(|(asked, _)| asked.eq_ignore_ascii_case(effort));
            let (_, level) = level.ok_or_else(|| unknown_effort(map))?;
            told.push(("reasoning_effort", Some(quoted(level).into())));
        }
        edits.extend(without_what_was_mapped(object, on, granted));
    }
    let kwargs = (!told.is_empty()).then(|| Cow::Owned(Object::empty().with(&told)));
    if kwargs.is_some() || given.is_some() {
        edits.push(("chat_template_kwargs", kwargs));
    }
    Ok(edits)
}

/// What a request says about thinking, by precedence.
struct Asked<'a> {
    kwargs: Option<bool>,
    suffix: Option<bool>,
    kind: Option<bool>,
    effort: Option<Cow<'a, str>>,
}

impl<'a> Asked<'a> {
    fn of(object: &Object<'a>, kwargs: &Object<'a>, suffix: Option<bool>) -> Self {
        let kind = member(object, "thinking", "type").and_then(|kind| match &*kind {
            "disabled" => Some(false),
            "enabled" | "adaptive" | "auto" => Some(true),
            _ => None,
        });
        let effort = object.get("reasoning_effort").and_then(string);
        let effort = effort.or_else(|| member(object, "output_config", "effort"));
        Self {
            kwargs: SWITCHES.into_iter().find_map(|switch| kwargs.get(switch)?.parse().ok()),
            suffix,
            kind,
            effort: effort.or_else(|| member(object, "reasoning", "effort")),
        }
    }

    fn on(&self) -> Option<bool> {
        let by_effort = self.effort.as_deref().map(|effort| effort != "none");
        self.kwargs.or(self.suffix).or(self.kind).or(by_effort)
    }
}

/// Takes out what would make the engine decide a second time. A thinking budget stays while it is less than the answer may have.
fn without_what_was_mapped<'a>(object: &Object<'a>, on: bool, granted: u64) -> Vec<Edit<'a>> {
    let mut edits = Vec::new();
    if object.get("reasoning_effort").is_some() {
        edits.push(("reasoning_effort", None));
    }
    for holder in ["output_config", "reasoning"] {
        let held = object.get(holder).and_then(|value| Object::parse(value).ok());
        if let Some(held) = held.filter(|held| held.get("effort").is_some()) {
            let rest = (held.keys().count() > 1).then(|| held.with(&[("effort", None)]).into());
            edits.push((holder, rest));
        }
    }
    let Some(thinking) = object.get("thinking") else {
        return edits;
    };
    let parsed = Object::parse(thinking).ok();
    let budget: Option<u64> = parsed
        .as_ref()
        .and_then(|thinking| thinking.get("budget_tokens")?.parse().ok());
    match (parsed, budget) {
        (Some(_), Some(budget)) if on && budget < granted => {}
        (Some(thinking), Some(_)) if on && granted > LEAST_BUDGET => {
            let lowered = thinking.with(&[("budget_tokens", Some((granted - 1).to_string().into()))]);
            edits.push(("thinking", Some(lowered.into())));
        }
        _ => edits.push(("thinking", None)),
    }
    edits
}

fn member<'a>(object: &Object<'a>, holder: &str, name: &str) -> Option<Cow<'a, str>> {
    string(Object::parse(object.get(holder)?).ok()?.get(name)?)
}

fn unknown_effort(map: &ThinkingMap) -> ApiError {
    let known: Vec<_> = map.efforts.iter().map(|(asked, _)| format!("`{asked}`")).collect();
    ApiError::invalid_field(
        "reasoning_effort",
        format!("The effort must be `none`, {}.", known.join(", ")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(model: &str, body: &str, suffix: Option<bool>) -> String {
        let object = Object::parse(body).unwrap();
        match edits(&object, ThinkingMap::of_model(model).as_ref(), suffix, 4_000) {
            Ok(edits) => object.with(&edits),
            Err(error) => error.message.into_owned(),
        }
    }

    #[test]
    fn the_precedence_as_a_table() {
        let on = r#"{"chat_template_kwargs":{"thinking":true}}"#;
        let off = r#"{"chat_template_kwargs":{"thinking":false}}"#;
        let on_at = |level| format!(r#"{{"chat_template_kwargs":{{"thinking":true,"reasoning_effort":"{level}"}}}}"#);
        let cases = [
            (r"{}", None, on.to_owned()),
            (r"{}", Some(false), off.to_owned()),
            (r#"{"thinking":{"type":"disabled"}}"#, None, off.to_owned()),
            (
                r#"{"thinking":{"type":"disabled"},"reasoning_effort":"max"}"#,
                None,
                off.to_owned(),
            ),
            (r#"{"thinking":{"type":"disabled"}}"#, Some(true), on.to_owned()),
            (r#"{"reasoning_effort":"none"}"#, None, off.to_owned()),
            (r#"{"reasoning_effort":"none"}"#, Some(true), on.to_owned()),
            (r#"{"reasoning_effort":"low"}"#, None, on_at("low")),
            (r#"{"reasoning_effort":"medium"}"#, None, on_at("high")),
            (r#"{"reasoning_effort":"xhigh"}"#, None, on_at("max")),
            (r#"{"reasoning_effort":"high"}"#, Some(false), off.to_owned()),
            (r#"{"output_config":{"effort":"max"}}"#, None, on_at("max")),
            (
                r#"{"output_config":{"effort":"high"},"thinking":{"type":"adaptive"}}"#,
                None,
                on_at("high"),
            ),
            (
                r#"{"chat_template_kwargs":{"thinking":false},"reasoning_effort":"max"}"#,
                Some(true),
                off.to_owned(),
            ),
            (
                r#"{"chat_template_kwargs":{"reasoning_effort":"max"},"reasoning_effort":"low"}"#,
                None,
                r#"{"chat_template_kwargs":{"reasoning_effort":"max","thinking":true}}"#.to_owned(),
            ),
            (r#"{"chat_template_kwargs":{"evil":1}}"#, None, on.to_owned()),
            (r#"{"chat_template_kwargs":null}"#, None, on.to_owned()),
        ];
        for (body, suffix, expected) in cases {
            assert_eq!(edited("DeepSeek-V4-Pro", body, suffix), expected, "{body} {suffix:?}");
        }
    }

    #[test]
    fn each_family_has_its_own_switch() {
        let effort = r#"{"reasoning_effort":"high"}"#;
        assert_eq!(
            edited("GLM-5.1-FP8", effort, None),
            r#"{"chat_template_kwargs":{"enable_thinking":true}}"#
        );
        assert_eq!(
            edited("Kimi-K2.6", "{}", Some(false)),
            r#"{"chat_template_kwargs":{"thinking":false}}"#
        );
        assert_eq!(edited("Llama-4", effort, None), effort);
        assert_eq!(edited("Llama-4", r#"{"chat_template_kwargs":{"evil":1}}"#, None), "{}");
    }

    #[test]
    fn other_members_beside_an_effort_stay() {
        let body = r#"{"output_config":{"format":{"type":"json_schema"},"effort":"high"}}"#;
        let expected = r#"{"output_config":{"format":{"type":"json_schema"}},"chat_template_kwargs":{"thinking":true,"reasoning_effort":"high"}}"#;
        assert_eq!(edited("DeepSeek-V4-Pro", body, None), expected);
    }

    #[test]
    fn a_thinking_budget_is_less_than_the_answer_or_gone() {
        let kwargs = r#""chat_template_kwargs":{"thinking":true}}"#;
        let with = |budget: u64| format!(r#"{{"thinking":{{"type":"enabled","budget_tokens":{budget}}}}}"#);
        let edited_with = |budget, granted| {
            let body = with(budget);
            let object = Object::parse(&body).unwrap();
            object.with(
                &edits(
                    &object,
                    ThinkingMap::of_model("DeepSeek-V4-Pro").as_ref(),
                    None,
                    granted,
                )
                .unwrap(),
            )
        };
        let kept = |budget| format!("{},{kwargs}", with(budget).strip_suffix('}').unwrap());
        assert_eq!(edited_with(2_000, 4_000), kept(2_000));
        assert_eq!(edited_with(31_999, 4_000), kept(3_999));
        assert_eq!(edited_with(31_999, 1_025), kept(1_024));
        assert_eq!(edited_with(31_999, 1_024), format!("{{{kwargs}"));
    }

    #[test]
    fn unknown_efforts_and_odd_types_are_refused() {
        let expected = "The effort must be `none`, `minimal`, `low`, `medium`, `high`, `xhigh`, `max`.";
        assert_eq!(
            edited("DeepSeek-V4-Pro", r#"{"reasoning_effort":"extreme"}"#, None),
            expected
        );
        let expected = "`chat_template_kwargs` must be an object.";
        assert_eq!(
            edited("DeepSeek-V4-Pro", r#"{"chat_template_kwargs":"x"}"#, None),
            expected
        );
    }
}
