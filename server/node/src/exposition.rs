//! The text format of Prometheus, as far as it is needed to read it.
//!
//! Source: "Exposition formats" in the Prometheus documentation. A line that is not understood is passed over: one odd
//! metric must not hide the others.

/// One line: a metric's value under its labels.
#[derive(Debug, PartialEq)]
pub(crate) struct Sample<'text> {
    pub(crate) name: &'text str,
    labels: &'text str,
    pub(crate) value: f64,
}

/// The samples whose name starts with `prefix`.
pub(crate) fn samples<'text>(text: &'text str, prefix: &'text str) -> impl Iterator<Item = Sample<'text>> {
    text.lines()
        .filter(move |line| line.starts_with(prefix))
        .filter_map(parse)
}

impl<'text> Sample<'text> {
    /// The value of a label as it is written, escapes included.
    pub(crate) fn label(&self, name: &str) -> Option<&'text str> {
        let mut rest = self.labels;
        while let Some((key, after)) = rest.split_once("=\"") {
            let end = closing_quote(after)?;
            if key.trim_start_matches([',', ' ']) == name {
                return Some(&after[..end]);
            }
            rest = &after[end + 1..];
        }
        None
    }
}

/// `name{labels} value [timestamp]`, the labels and the timestamp being optional.
fn parse(line: &str) -> Option<Sample<'_>> {
    let name_end = line.find(['{', ' '])?;
    let (name, rest) = line.split_at(name_end);
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(inner) => {
            let end = closing_brace(inner)?;
            (&inner[..end], &inner[end + 1..])
        }
        None => ("", rest),
    };
    let value = rest.split_ascii_whitespace().next()?.parse().ok()?;
    Some(Sample { name, labels, value })
}

/// Where a label's value ends; a quote in it is escaped.
fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    })
}

/// Where the labels end; a brace in a quoted value is part of it.
fn closing_brace(text: &str) -> Option<usize> {
    let mut at = 0;
    loop {
        let next = at + text[at..].find(['"', '}'])?;
        if text.as_bytes()[next] == b'}' {
            return Some(next);
        }
        at = next + 1 + closing_quote(&text[next + 1..])? + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(text: &str) -> Sample<'_> {
        let mut found = samples(text, "");
        let sample = found.next().unwrap();
        assert_eq!(found.next(), None);
        sample
    }

    #[test]
    fn a_sample_has_a_name_labels_and_a_value() {
        let sample = only(r#"vllm:num{engine="3",model_name="m"} 1.5e+02"#);
        assert_eq!((sample.name, sample.value), ("vllm:num", 150.0));
        assert_eq!(
            (sample.label("engine"), sample.label("model_name")),
            (Some("3"), Some("m"))
        );
        assert_eq!(sample.label("model"), None);
    }

    #[test]
    fn labels_may_hold_anything_that_is_quoted() {
        let sample = only(r#"a{x="}, y=\"no\" \\",y="yes",} 2 1395066363000"#);
        assert_eq!(
            (sample.label("x"), sample.label("y")),
            (Some(r#"}, y=\"no\" \\"#), Some("yes"))
        );
        assert!((sample.value - 2.0).abs() < f64::EPSILON);
    }

    #[test]
    fn bare_metrics_and_infinities_are_read_and_the_rest_passed_over() {
        let text = "# HELP a b\n\na 1\nb +Inf\nc{x=\"unfinished} 1\nd not-a-number\ne{} NaN\n";
        let names: Vec<&str> = samples(text, "").map(|sample| sample.name).collect();
        assert_eq!(names, ["a", "b", "e"]);
        assert_eq!(samples(text, "b").count(), 1);
    }
}
