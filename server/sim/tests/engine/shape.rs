//! JSON with its fields in order, and with what may differ between two answers taken out.

use std::fmt;

use serde::{
    Deserialize,
    de::{Deserializer, MapAccess, SeqAccess, Visitor},
};

/// A JSON value.
pub(crate) enum Shape {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Shape>),
    Object(Vec<(String, Shape)>),
}

/// Fields whose values are a matter of chance, time or the model: only their type is compared.
const FREE: [&str; 26] = [
    "arguments",
    "call_id",
    "completed_at",
    "content",
    "count",
    "created",
    "created_at",
    "delta",
    "id",
    "input",
    "input_tokens",
    "item_id",
    "original_input_tokens",
    "output_tokens",
    "partial_json",
    "prompt_tokens",
    "completion_tokens",
    "reasoning",
    "reasoning_tokens",
    "sequence_number",
    "server_load",
    "signature",
    "system_fingerprint",
    "text",
    "thinking",
    "total_tokens",
];

/// Lists of which only the type of the first item is compared.
const FREE_LISTS: [&str; 2] = ["tokens", "token_strs"];

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, "")
    }
}

impl Shape {
    fn write(&self, f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
        let free = FREE.contains(&name);
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(_) if free => f.write_str("N"),
            Self::Number(value) => f.write_str(value),
            Self::Text(text) if free => f.write_str(&self::text(name, text)),
            // Numbers in an error depend on how tokens are counted and where a parser stops.
            Self::Text(text) if name == "message" || name == "param" => write!(f, "{:?}", without_numbers(text)),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::List(items) if FREE_LISTS.contains(&name) => {
                f.write_str("[")?;
                items.first().map_or(Ok(()), |first| first.write(f, "text"))?;
                f.write_str("]")
            }
            Self::List(items) => {
                f.write_str("[")?;
                items.iter().try_for_each(|item| {
                    item.write(f, "")?;
                    f.write_str(",")
                })?;
                f.write_str("]")
            }
            // What a tool is called with is the model's business; a schema said back has the order of its own fields.
            Self::Object(fields) if name == "input" || name == "parameters" => {
                f.write_str(if fields.is_empty() { "{}" } else { "{…}" })
            }
            Self::Object(fields) => {
                f.write_str("{")?;
                fields.iter().try_for_each(|(name, value)| {
                    write!(f, "{name}:")?;
                    value.write(f, name)?;
                    f.write_str(",")
                })?;
                f.write_str("}")
            }
        }
    }
}

/// A free text; an empty one is not like any other, and an id keeps its prefix.
fn text(name: &str, text: &str) -> String {
    if ["id", "item_id", "call_id"].contains(&name) {
        let prefix = text.rsplit_once(['-', '_']).map_or("", |(prefix, _)| prefix);
        return format!("{prefix}…");
    }
    if text.is_empty() { "\"\"" } else { "text" }.to_owned()
}

fn without_numbers(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        if !character.is_ascii_digit() {
            plain.push(character);
        } else if !plain.ends_with('#') {
            plain.push('#');
        }
    }
    plain.replace("Expecting property name enclosed in double quotes", "Expecting value")
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShapeVisitor)
    }
}

struct ShapeVisitor;

impl<'de> Visitor<'de> for ShapeVisitor {
    type Value = Shape;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Shape, E> {
        Ok(Shape::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Shape, E> {
        Ok(Shape::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Shape, E> {
        Ok(Shape::Number(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Shape, E> {
        Ok(Shape::Number(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Shape, E> {
        Ok(Shape::Number(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Shape, E> {
        Ok(Shape::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Shape, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Shape::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Shape, A::Error> {
        let mut object = Vec::new();
        while let Some(field) = fields.next_entry()? {
            object.push(field);
        }
        Ok(Shape::Object(object))
    }
}
