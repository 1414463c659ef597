//! The query string of an address, as links and forms on the page change it.

use form_urlencoded::Serializer;

/// The parameters of an address, in their order. Empty ones are left out: forms send those.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads what follows the `?`.
    pub(crate) fn read(text: &str) -> Self {
        let pairs = form_urlencoded::parse(text.as_bytes()).into_owned();
        Self(pairs.filter(|(_, value)| !value.is_empty()).collect())
    }

    /// The value of a parameter; empty if it is not given.
    pub(crate) fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(given, _)| given == name);
        found.map_or("", |(_, value)| value)
    }

    /// The same with another value; without the parameter if that is empty.
    pub(crate) fn with(&self, name: &str, value: impl ToString) -> Self {
        let mut pairs = self.0.clone();
        pairs.retain(|(given, _)| given != name);
        let value = value.to_string();
        if !value.is_empty() {
            pairs.push((name.to_owned(), value));
        }
        Self(pairs)
    }

    /// The same without a parameter.
    pub(crate) fn without(&self, name: &str) -> Self {
        self.with(name, "")
    }

    /// As it follows the `?`.
    pub(crate) fn text(&self) -> String {
        Serializer::new(String::new()).extend_pairs(&self.0).finish()
    }

    /// The address of a page with this query.
    pub(crate) fn on(&self, path: &str) -> String {
        match self.text() {
            text if text.is_empty() => path.to_owned(),
            text => format!("{path}?{text}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_replaced_and_taken_out() {
        let query = Query::read("range=7d&model=a%26b&key=");
        assert_eq!((query.get("model"), query.get("key")), ("a&b", ""));
        assert_eq!(query.with("range", "24h").on("/usage"), "/usage?model=a%26b&range=24h");
        assert_eq!(query.without("model").without("range").on("/usage"), "/usage");
    }
}
