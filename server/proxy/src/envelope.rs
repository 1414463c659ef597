//! What is read of a request's body, and what is changed in it. All else passes as it came, byte for byte.

use std::borrow::Cow;

use http::{StatusCode, header};

use crate::{
    error::ApiError,
    fields::Fields,
    json::{Edit, JsonError, Object, string},
};

/// A request's body, opened at its top level.
#[derive(Debug)]
pub(crate) struct Envelope<'a> {
    pub(crate) object: Object<'a>,
    /// The model as the caller wrote it.
    pub(crate) model: Cow<'a, str>,
    /// Whether the answer is to be a stream.
    pub(crate) stream: bool,
}

/// Which figures a caller asked to see in a stream of chat completions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct StreamOptions {
    /// A last chunk with the usage of the whole answer.
    pub(crate) include_usage: bool,
    /// The usage so far in every chunk; the engine heeds it only together with the other.
    pub(crate) continuous_usage_stats: bool,
}

impl StreamOptions {
    /// Everything that the engine says.
    pub(crate) const ALL: Self = Self {
        include_usage: true,
        continuous_usage_stats: true,
    };
}

/// Refuses a body that is not plainly of the media type that its route takes, before any of it is read.
pub(crate) fn check_content_type(headers: &Fields, expected: &'static str) -> Result<(), ApiError> {
    let unsupported = |message: String| Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    let media_type = headers.text(&header::CONTENT_TYPE).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case(expected) {
        return unsupported(format!(
            "Send the request body with the header `Content-Type: {expected}`."
        ));
    }
    match headers.get(&header::CONTENT_ENCODING) {
        Some(encoding) if !encoding.as_bytes().eq_ignore_ascii_case(b"identity") => {
            let message = "Compressed request bodies are not accepted. Send the body without `Content-Encoding`.";
            unsupported(message.to_owned())
        }
        _ => Ok(()),
    }
}

impl<'a> Envelope<'a> {
    /// Opens a body.
    pub(crate) fn parse(body: &'a [u8]) -> Result<Self, ApiError> {
        let text =
            simdutf8::basic::from_utf8(body).map_err(|_| ApiError::invalid("The request body is not valid UTF-8."))?;
        let object = Object::parse(text).map_err(|error| match error {
            JsonError::NotAnObject => ApiError::invalid("The request body must be a JSON object."),
            error => ApiError::invalid(format!("The request body is not usable: {error}.")),
        })?;
        refuse_duplicates(&object)?;
        let model = object.get("model").and_then(string).filter(|model| !model.is_empty());
        let model = model.ok_or_else(|| ApiError::invalid_field("model", "`model` must be given, as a string."))?;
        let stream = match object.get("stream") {
            None | Some("false" | "null") => false,
            Some("true") => true,
            Some(_) => return Err(ApiError::invalid_field("stream", "`stream` must be true or false.")),
        };
        Ok(Self { object, model, stream })
    }

    /// What the caller asked to see of the usage.
    pub(crate) fn stream_options(&self) -> StreamOptions {
        let options = self
            .object
            .get("stream_options")
            .and_then(|value| Object::parse(value).ok());
        let is_set = |key| options.as_ref().and_then(|options| options.get(key)) == Some("true");
        StreamOptions {
            include_usage: is_set("include_usage"),
            continuous_usage_stats: is_set("include_usage") && is_set("continuous_usage_stats"),
        }
    }

    /// What makes the engine send the usage in every chunk. Stream options of the wrong type are left for it to refuse.
    pub(crate) fn all_usage(&self) -> Option<Edit<'static>> {
        const ALL: [Edit<'_>; 2] = [
            ("include_usage", Some(Cow::Borrowed("true"))),
            ("continuous_usage_stats", Some(Cow::Borrowed("true"))),
        ];
        let given = match self.object.get("stream_options") {
            None | Some("null") => "{}",
            Some(given) => given,
        };
        let options = Object::parse(given).ok()?.with(&ALL);
        Some(("stream_options", Some(options.into())))
    }
}

/// A second member of the same name would let a caller show us one value and the engine another.
fn refuse_duplicates(object: &Object<'_>) -> Result<(), ApiError> {
    match object.repeated_key() {
        Some(key) => {
            let key: String = key.chars().take(100).collect();
            Err(ApiError::invalid(format!("`{key}` is given more than once.")))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(body: &str) -> String {
        Envelope::parse(body.as_bytes())
            .map(|_| ())
            .unwrap_err()
            .message
            .into_owned()
    }

    #[test]
    fn bad_bodies_are_refused_with_the_reason() {
        let cases = [
            ("", "The request body is not usable: invalid JSON at byte 0."),
            (
                "{\"model\":\"m\"",
                "The request body is not usable: invalid JSON at byte 12.",
            ),
            ("[]", "The request body must be a JSON object."),
            ("{}", "`model` must be given, as a string."),
            (r#"{"model":""}"#, "`model` must be given, as a string."),
            (r#"{"model":7}"#, "`model` must be given, as a string."),
            (r#"{"model":"m","stream":1}"#, "`stream` must be true or false."),
            (r#"{"model":"m","mod\u0065l":"n"}"#, "`model` is given more than once."),
        ];
        for (body, expected) in cases {
            assert_eq!(refusal(body), expected, "{body}");
        }
        assert_eq!(
            Envelope::parse(b"{\"model\":\"\xff\"}").unwrap_err().message,
            "The request body is not valid UTF-8."
        );
    }

    #[test]
    fn usage_is_asked_for_and_what_the_caller_asked_is_remembered() {
        let all = r#"{"include_usage":true,"continuous_usage_stats":true}"#;
        let off = StreamOptions::default();
        let total = StreamOptions {
            include_usage: true,
            ..off
        };
        let both = StreamOptions {
            include_usage: true,
            continuous_usage_stats: true,
        };
        let cases = [
            ("", off, format!(r#","stream_options":{all}"#)),
            (r#","stream_options":null"#, off, format!(r#","stream_options":{all}"#)),
            (
                r#","stream_options":{"include_usage":false}"#,
                off,
                format!(r#","stream_options":{all}"#),
            ),
            (
                r#","stream_options":{"include_usage":true}"#,
                total,
                format!(r#","stream_options":{all}"#),
            ),
            (
                r#","stream_options":{"include_usage": true,"continuous_usage_stats":true}"#,
                both,
                format!(r#","stream_options":{all}"#),
            ),
            (
                r#","stream_options":{"continuous_usage_stats":true}"#,
                off,
                r#","stream_options":{"continuous_usage_stats":true,"include_usage":true}"#.to_owned(),
            ),
            (
                r#","stream_options":{"new":[1]}"#,
                off,
                format!(r#","stream_options":{{"new":[1],{}"#, &all[1..]),
            ),
            (r#","stream_options":7"#, off, r#","stream_options":7"#.to_owned()),
        ];
        for (options, asked, sent) in cases {
            let body = format!(r#"{{"model":"m","stream":true{options}}}"#);
            let envelope = Envelope::parse(body.as_bytes()).unwrap();
            assert_eq!(envelope.stream_options(), asked, "{options}");
            let edited = envelope.object.with(&Vec::from_iter(envelope.all_usage()));
            assert_eq!(edited, format!(r#"{{"model":"m","stream":true{sent}}}"#), "{options}");
        }
    }

    #[test]
    fn only_plain_json_is_read() {
        let cases = [
            (&[("content-type", "application/json")][..], true),
            (&[("content-type", "Application/JSON; charset=utf-8")], true),
            (
                &[("content-type", "application/json"), ("content-encoding", "identity")],
                true,
            ),
            (&[], false),
            (&[("content-type", "text/plain")], false),
            (
                &[("content-type", "application/json"), ("content-encoding", "gzip")],
                false,
            ),
        ];
        for (sent, accepted) in cases {
            let headers = sent
                .iter()
                .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
                .collect();
            assert_eq!(
                check_content_type(&headers, "application/json").is_ok(),
                accepted,
                "{sent:?}"
            );
        }
    }
}
