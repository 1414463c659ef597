//! Reads the fields of a request body, and says what is wrong with them in the words of vLLM's validation (pydantic's).

use std::fmt::Write;

use axum::http::{HeaderMap, header::CONTENT_TYPE};
use serde_json::{Map, Value};

use super::errors::ApiError;

/// The fields of an object in a request body. Problems are collected, so that one answer names them all.
pub(super) struct Fields<'a> {
    values: &'a Map<String, Value>,
    problems: Vec<Problem>,
}

/// One thing wrong with a body.
struct Problem {
    kind: &'static str,
    place: String,
    message: String,
    input: String,
    context: Option<String>,
}

/// Reads a body as JSON; an object is checked by [`Fields::new`].
pub(super) fn parse(headers: &HeaderMap, body: &[u8]) -> Result<Value, ApiError> {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = content_type.map(|value| value.split(';').next().unwrap_or_default().trim());
    if media_type.is_some_and(|media_type| !media_type.eq_ignore_ascii_case("application/json")) {
        let message = "1 validation error:\n  Unsupported Media Type: Only 'application/json' is allowed";
        return Err(ApiError::unreadable(message.to_owned(), None));
    }
    if body.is_empty() {
        return Err(refuse(&[Problem::missing(vec![], &Value::Null)]));
    }
    serde_json::from_slice(body).map_err(|error| {
        let before = body
            .split_inclusive(|&byte| byte == b'\n')
            .take(error.line() - 1)
            .map(<[u8]>::len);
        let at = before.sum::<usize>() + error.column();
        refuse(&[Problem {
            kind: "json_invalid",
            place: format!("body.{at}"),
            message: "JSON decode error".to_owned(),
            input: "<dict of 0 items>".to_owned(),
            context: Some("{'error': 'Expecting value'}".to_owned()),
        }])
    })
}

impl<'a> Fields<'a> {
    /// The fields of a body, which must be an object.
    pub(super) fn new(body: &'a Value) -> Result<Self, ApiError> {
        let Some(values) = body.as_object() else {
            return Err(refuse(&[Problem::new(
                "model_attributes_type",
                &[],
                "Input should be a valid dictionary or object to extract fields from",
                body,
            )]));
        };
        Ok(Self {
            values,
            problems: Vec::new(),
        })
    }

    /// A field that is there and not null.
    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        self.values.get(name).filter(|value| !value.is_null())
    }

    /// A field that must be there; null is as good as any value.
    pub(super) fn required(&mut self, name: &str) -> Option<&'a Value> {
        let value = self.values.get(name);
        if value.is_none() {
            let all = Value::Object(self.values.clone());
            self.problems.push(Problem::missing(vec![name], &all));
        }
        value
    }

    /// A list that must be there.
    pub(super) fn required_list(&mut self, name: &str) -> &'a [Value] {
        let value = self.required(name);
        self.list_of(name, value)
    }

    /// A list; empty when it is absent.
    pub(super) fn list(&mut self, name: &str) -> &'a [Value] {
        let value = self.get(name);
        self.list_of(name, value)
    }

    /// An integer.
    pub(super) fn integer(&mut self, name: &str) -> Option<i64> {
        let value = self.get(name)?;
        let read = value.as_i64().or_else(|| value.as_str()?.trim().parse().ok());
        if read.is_none() {
            let (kind, message) = if value.is_string() {
                (
                    "int_parsing",
                    "Input should be a valid integer, unable to parse string as an integer",
                )
            } else {
                ("int_type", "Input should be a valid integer")
            };
            self.problem(kind, &[name], message, value);
        }
        read
    }

    /// A number.
    pub(super) fn number(&mut self, name: &str) -> Option<f64> {
        let value = self.get(name)?;
        let read = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok());
        if read.is_none() {
            let (kind, message) = if value.is_string() {
                (
                    "float_parsing",
                    "Input should be a valid number, unable to parse string as a number",
                )
            } else {
                ("float_type", "Input should be a valid number")
            };
            self.problem(kind, &[name], message, value);
        }
        read
    }

    /// A boolean.
    pub(super) fn boolean(&mut self, name: &str) -> Option<bool> {
        let value = self.get(name)?;
        if value.as_bool().is_none() {
            self.problem("bool_type", &[name], "Input should be a valid boolean", value);
        }
        value.as_bool()
    }

    /// A text.
    pub(super) fn text(&mut self, name: &str) -> Option<&'a str> {
        let value = self.get(name)?;
        if value.as_str().is_none() {
            self.problem("string_type", &[name], "Input should be a valid string", value);
        }
        value.as_str()
    }

    /// An object.
    pub(super) fn object(&mut self, name: &str) -> Option<&'a Map<String, Value>> {
        let value = self.get(name)?;
        if value.as_object().is_none() {
            self.problem("dict_type", &[name], "Input should be a valid dictionary", value);
        }
        value.as_object()
    }

    /// Checks that a value, where there is one, is one of some words.
    pub(super) fn one_of(&mut self, place: &[&str], value: Option<&Value>, words: &[&str]) {
        let Some(value) = value.filter(|value| !value.is_null()) else {
            return;
        };
        if value.as_str().is_some_and(|text| words.contains(&text)) {
            return;
        }
        let quoted: Vec<_> = words.iter().map(|word| format!("'{word}'")).collect();
        let expected = match quoted.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
            None => String::new(),
        };
        let mut problem = Problem::new("literal_error", place, &format!("Input should be {expected}"), value);
        problem.context = Some(format!("{{'expected': {}}}", quote(&expected)));
        self.problems.push(problem);
    }

    /// Reports a problem of its own kind.
    pub(super) fn problem(&mut self, kind: &'static str, place: &[&str], message: &str, input: &Value) {
        self.problems.push(Problem::new(kind, place, message, input));
    }

    /// Reports a problem, with what pydantic calls its context.
    pub(super) fn problem_with(
        &mut self,
        kind: &'static str,
        place: &[&str],
        message: &str,
        input: &Value,
        context: String,
    ) {
        let mut problem = Problem::new(kind, place, message, input);
        problem.context = Some(context);
        self.problems.push(problem);
    }

    /// Reports that a field somewhere inside is missing.
    pub(super) fn missing(&mut self, place: Vec<&str>, inside: &Value) {
        self.problems.push(Problem::missing(place, inside));
    }

    /// The refusal, if there was any problem.
    pub(super) fn finish(self) -> Result<(), ApiError> {
        if self.problems.is_empty() {
            Ok(())
        } else {
            Err(refuse(&self.problems))
        }
    }

    fn list_of(&mut self, name: &str, value: Option<&'a Value>) -> &'a [Value] {
        let Some(value) = value else { return &[] };
        if value.as_array().is_none() {
            self.problem("list_type", &[name], "Input should be a valid list", value);
        }
        value.as_array().map(Vec::as_slice).unwrap_or_default()
    }
}

impl Problem {
    fn new(kind: &'static str, place: &[&str], message: &str, input: &Value) -> Self {
        let mut path = String::from("body");
        for part in place {
            path.push('.');
            path.push_str(part);
        }
        Self {
            kind,
            place: path,
            message: message.to_owned(),
            input: describe(input),
            context: None,
        }
    }

    fn missing(place: Vec<&str>, inside: &Value) -> Self {
        Self::new("missing", &place, "Field required", inside)
    }
}

fn refuse(problems: &[Problem]) -> ApiError {
    let mut message = format!(
        "{} validation error{}:",
        problems.len(),
        if problems.len() == 1 { "" } else { "s" }
    );
    // Writing to a String cannot fail.
    for problem in problems {
        let Problem {
            kind,
            place,
            message: said,
            input,
            context,
        } = problem;
        let _ = write!(
            message,
            "\n  {{'type': '{kind}', 'loc': '{place}', 'msg': {}, 'input': {}",
            quote(said),
            quote(input)
        );
        if let Some(context) = context {
            let _ = write!(message, ", 'ctx': {context}");
        }
        message.push('}');
    }
    ApiError::unreadable(message, problems.first().map(|problem| problem.place.as_str()))
}

/// A value as vLLM's message shows it: containers by their size only.
fn describe(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("<list of {} items>", items.len()),
        Value::Object(items) => format!("<dict of {} items>", items.len()),
    }
}

/// A text as Python prints it.
fn quote(text: &str) -> String {
    let mark = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    let escaped = text.replace('\\', "\\\\").replace('\n', "\\n");
    let escaped = if mark == '\'' {
        escaped.replace('\'', "\\'")
    } else {
        escaped
    };
    format!("{mark}{escaped}{mark}")
}
