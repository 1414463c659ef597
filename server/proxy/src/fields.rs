//! The fields of a message's head, in their order.
//!
//! A list and no table: there are about a dozen of them, most are written on and never looked for, and making a table takes
//! longer than going through the list.

use http::{HeaderMap, HeaderName, HeaderValue};

/// Fields, each as often as it was given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(Vec<(HeaderName, HeaderValue)>);

impl Fields {
    /// No fields yet, and room for as many.
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity))
    }

    /// The first value of a field.
    pub fn get(&self, name: &HeaderName) -> Option<&HeaderValue> {
        self.get_all(name).next()
    }

    /// The first value of a field, if it is printable ASCII.
    pub(crate) fn text(&self, name: &HeaderName) -> Option<&str> {
        self.get(name)?.to_str().ok()
    }

    /// All values of a field.
    pub fn get_all<'a>(&'a self, name: &HeaderName) -> impl DoubleEndedIterator<Item = &'a HeaderValue> {
        let of_name = self.0.iter().filter(move |(present, _)| present == name);
        of_name.map(|(_, value)| value)
    }

    /// Whether there is a field of that name.
    pub(crate) fn contains(&self, name: &HeaderName) -> bool {
        self.get(name).is_some()
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    /// Adds one, beside others of its name.
    pub(crate) fn append(&mut self, name: HeaderName, value: HeaderValue) {
        self.0.push((name, value));
    }

    /// Sets one in place of all others of its name.
    pub(crate) fn set(&mut self, name: HeaderName, value: HeaderValue) {
        self.retain(|present| *present != name);
        self.append(name, value);
    }

    /// Keeps those whose name is to be kept.
    pub(crate) fn retain(&mut self, mut is_kept: impl FnMut(&HeaderName) -> bool) {
        self.0.retain(|(name, _)| is_kept(name));
    }
}

impl FromIterator<(HeaderName, HeaderValue)> for Fields {
    fn from_iter<I: IntoIterator<Item = (HeaderName, HeaderValue)>>(fields: I) -> Self {
        Self(fields.into_iter().collect())
    }
}

impl From<&HeaderMap> for Fields {
    fn from(table: &HeaderMap) -> Self {
        let each = table.iter().map(|(name, value)| (name.clone(), value.clone()));
        each.collect()
    }
}

impl From<Fields> for HeaderMap {
    fn from(fields: Fields) -> Self {
        let mut table = Self::with_capacity(fields.0.len());
        for (name, value) in fields.0 {
            table.append(name, value);
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use http::header::{ACCEPT, VIA};

    use super::*;

    #[test]
    fn a_field_keeps_its_values_and_its_place_until_it_is_set() {
        let value = HeaderValue::from_static;
        let mut fields: Fields = [(ACCEPT, value("1")), (VIA, value("2")), (ACCEPT, value("3"))]
            .into_iter()
            .collect();
        assert!(fields.get_all(&ACCEPT).eq(["1", "3"]));
        assert_eq!(
            Fields::from(&HeaderMap::from(fields.clone())).get_all(&ACCEPT).count(),
            2
        );
        fields.set(ACCEPT, value("4"));
        let all: Vec<_> = fields.iter().collect();
        assert_eq!(all, [(&VIA, &value("2")), (&ACCEPT, &value("4"))]);
        fields.retain(|name| *name != ACCEPT);
        assert_eq!((fields.contains(&ACCEPT), fields.text(&VIA)), (false, Some("2")));
    }
}
