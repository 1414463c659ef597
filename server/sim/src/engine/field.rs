//! A field that is absent, null or there: three things that clients tell apart.

use serde::{Serialize, Serializer};

/// Goes with `#[serde(skip_serializing_if = "Field::is_absent")]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Field<T> {
    #[default]
    Absent,
    Null,
    Value(T),
}

impl<T> Field<T> {
    pub(super) fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// Null or there.
    pub(super) fn present(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::Value)
    }
}

impl Field<String> {
    /// Adds to a text, which is there from then on.
    pub(super) fn append(&mut self, more: &str) {
        match self {
            Self::Value(text) => text.push_str(more),
            empty => *empty = Self::Value(more.to_owned()),
        }
    }
}

impl<T: Serialize> Serialize for Field<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Absent | Self::Null => serializer.serialize_none(),
            Self::Value(value) => value.serialize(serializer),
        }
    }
}
