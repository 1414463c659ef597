use super::*;
use proptest::prelude::*;
use serde_json::{Map, Value};

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<i32>().prop_map(|number| Value::from(f64::from(number) / 8.0)),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..6)
                .prop_map(|members| Value::from(Map::from_iter(members))),
        ]
    })
}

proptest! {
    #[test]
    fn it_accepts_exactly_what_a_full_parser_accepts(text in r#"[\[\]{}",:\\0-9a-fu.+eE truefalsn\n-]{0,24}"#) {
        let parsed = serde_json::from_str::<&serde_json::value::RawValue>(&text);
        let scanned = Object::parse(&text);
        prop_assert_eq!(scanned.is_ok() || scanned.as_ref().err() == Some(&JsonError::NotAnObject), parsed.is_ok());
    }

    #[test]
    fn damaged_documents_are_judged_as_a_full_parser_does(document in any_json(), at in any::<prop::sample::Index>(), with in ".") {
        let mut text = document.to_string();
        let place = text.char_indices().map(|(place, _)| place).nth(at.index(text.chars().count()));
        text.insert_str(place.unwrap_or(0), &with);
        let parsed = serde_json::from_str::<&serde_json::value::RawValue>(&text);
        let scanned = Object::parse(&text);
        prop_assert_eq!(scanned.is_ok() || scanned.as_ref().err() == Some(&JsonError::NotAnObject), parsed.is_ok());
    }

    #[test]
    fn edits_change_what_they_name_and_nothing_else(members in prop::collection::btree_map("[a-e]", any_json(), 0..5), set in any_json()) {
        let before = Value::from(Map::from_iter(members));
        let text = serde_json::to_string_pretty(&before).unwrap();
        let edited = Object::parse(&text).unwrap().with(&[("a", Some(set.to_string().into())), ("b", None)]);
        let mut expected = before;
        expected["a"] = set;
        expected.as_object_mut().unwrap().remove("b");
        prop_assert_eq!(serde_json::from_str::<Value>(&edited).unwrap(), expected);
    }
}

#[test]
fn escaped_keys_are_read_as_what_they_mean() {
    let object = Object::parse(r#"{"mod\u0065l": "a", "\ud800": 1}"#).unwrap();
    assert_eq!(object.keys().collect::<Vec<_>>(), ["model", r#""\ud800""#]);
    assert_eq!(object.get("model"), Some(r#""a""#));
}

#[test]
fn members_that_are_not_named_keep_their_bytes() {
    let object = Object::parse(r#"{ "x" : 1.50 ,"a":2,"y":"\u4f60" }"#).unwrap();
    let edited = object.with(&[("a", None), ("b", Some("[]".into()))]);
    assert_eq!(edited, r#"{"x" : 1.50,"y":"\u4f60","b":[]}"#);
    assert_eq!(Object::parse("{}").unwrap().with(&[]), "{}");
}

#[test]
fn elements_are_split_at_their_own_level() {
    let elements = elements(r#" [ 1 , [2,3],{"a":[4]} , "]," ] "#);
    assert_eq!(elements, Ok(vec!["1", "[2,3]", r#"{"a":[4]}"#, r#""],""#]));
    assert_eq!(super::elements("[]"), Ok(vec![]));
    assert_eq!(super::elements("{}"), Err(JsonError::NotAList));
    assert_eq!(super::elements("[1,]"), Err(JsonError::Invalid { at: 3 }));
}

#[test]
fn depth_is_bounded() {
    let nested = |depth: usize| format!(r#"{{"a":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
    assert!(Object::parse(&nested(127)).is_ok());
    assert_eq!(Object::parse(&nested(128)).unwrap_err(), JsonError::TooDeep);
    assert_eq!(Object::parse(&"[".repeat(1_000_000)).unwrap_err(), JsonError::TooDeep);
}
