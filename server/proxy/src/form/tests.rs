use super::*;

use proptest::prelude::{any, prop, prop_assert_eq, prop_assume, proptest};

fn with_boundary(content_type: &str) -> Fields {
    Fields::from_iter([(CONTENT_TYPE, content_type.parse().unwrap())])
}

/// The parts of a form with the boundary `b`, as name, file name and content; or what is wrong with it.
fn read(body: &str) -> Result<Vec<(String, Option<String>, String)>, String> {
    let headers = with_boundary("multipart/form-data; boundary=b");
    let parts = parse(&headers, body.as_bytes()).map_err(|error| error.message.into_owned())?;
    let read = |part: Part<'_>| {
        let content = String::from_utf8(part.content.to_vec()).unwrap();
        (part.name.into_owned(), part.filename.map(Cow::into_owned), content)
    };
    Ok(parts.into_iter().map(read).collect())
}

fn part(disposition: &str) -> String {
    format!("--b\r\nContent-Disposition: {disposition}\r\n\r\nx\r\n--b--\r\n")
}

#[test]
fn the_ways_in_which_clients_write_names() {
    let cases = [
        (r#"form-data; name="model""#, "model", None),
        ("form-data; name=model", "model", None),
        (r#"form-data;name="model";filename="a.wav""#, "model", Some("a.wav")),
        (r#"form-data; NAME="model"; FileName="a.wav""#, "model", Some("a.wav")),
        (
            r#"form-data; filename="a; name=b.wav"; name="file""#,
            "file",
            Some("a; name=b.wav"),
        ),
        (
            r#"form-data; name="file"; filename="say \"hi\".wav""#,
            "file",
            Some("say \"hi\".wav"),
        ),
        (
            r#"form-data; name="file"; filename="C:\speech\a.wav""#,
            "file",
            Some(r"C:\speech\a.wav"),
        ),
        (
            r#"form-data; name="file"; filename="Straße.wav"; filename*=UTF-8''x"#,
            "file",
            Some("Straße.wav"),
        ),
        (
            r#"form-data; name="timestamp_granularities[]""#,
            "timestamp_granularities[]",
            None,
        ),
    ];
    for (disposition, name, filename) in cases {
        let expected = (name.to_owned(), filename.map(str::to_owned), "x".to_owned());
        assert_eq!(read(&part(disposition)), Ok(vec![expected]), "{disposition}");
    }
}

#[test]
fn what_two_readers_could_read_differently_is_refused() {
    let good = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n";
    let cases = [
        ("", "does not begin with its boundary"),
        ("preamble\r\n--b--\r\n", "does not begin with its boundary"),
        (good, "breaks off before its last boundary"),
        ("--b \r\n\r\n--b--", "a boundary is not alone in its line"),
        ("--b\n\n--b--", "a boundary is not alone in its line"),
        (
            &format!("{good}--bc\r\n\r\n--b--"),
            "a boundary is not alone in its line",
        ),
        (&format!("{good}--b--{good}--b--"), "something follows its end"),
        (&format!("{good}--b--\r\n--b"), "something follows its end"),
        ("--b\r\nContent-Disposition: form-data; name=a\r\n--b--", "has no end"),
        ("--b\r\n\r\nx\r\n--b--", "has no end"),
        (
            "--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--",
            "no `Content-Disposition`",
        ),
        (
            "--b\r\nContent-Disposition: form-data; name=a\r\ncontent-disposition: form-data; name=b\r\n\r\nx\r\n--b--",
            "says something twice",
        ),
        (
            "--b\r\nContent-Disposition: form-data;\r\n name=a\r\n\r\nx\r\n--b--",
            "has no colon",
        ),
        (&part("attachment; name=a"), "cannot be read"),
        (&part("form-data; name"), "cannot be read"),
        (&part(r#"form-data; name="a"#), "cannot be read"),
        (&part(r#"form-data; name="a"b"#), "cannot be read"),
        (&part("form-data"), "has no name"),
        (&part(r#"form-data; name="model"; name="file""#), "has two names"),
        (&part("form-data; name=a; filename=b; Filename=c"), "has two names"),
        (&format!("{}--b--", good.repeat(65)), "too many parts"),
    ];
    for (body, complaint) in cases {
        let refusal = read(body).unwrap_err();
        assert!(refusal.contains(complaint), "{body:?}: {refusal}");
    }
}

#[test]
fn a_boundary_is_one_plain_word() {
    let cases = [
        ("multipart/form-data; boundary=b", Some("b")),
        (
            "multipart/form-data; charset=utf-8; BOUNDARY=\"----x'()+_,-./:=?\"",
            Some("----x'()+_,-./:=?"),
        ),
        ("multipart/form-data", None),
        ("multipart/form-data; boundary=", None),
        ("multipart/form-data; boundary=\"b", None),
        ("multipart/form-data; boundary=\"a b\"", None),
        ("multipart/form-data; boundary=b; boundary=c", None),
        (&format!("multipart/form-data; boundary={}", "b".repeat(71)), None),
    ];
    for (content_type, expected) in cases {
        assert_eq!(boundary(&with_boundary(content_type)), expected, "{content_type}");
    }
}

#[test]
fn names_of_files_cannot_leave_their_quotes() {
    let file = Part {
        name: "file".into(),
        filename: Some("a\"; name=\"model\r\n\r\nx".into()),
        content_type: None,
        content: b"x",
    };
    let mut form = FormWriter::new(&Entropy::counted(0), 0);
    form.file("file", &file);
    let (body, content_type) = form.finish();
    let headers = Fields::from_iter([(CONTENT_TYPE, content_type)]);
    let parts = parse(&headers, &body).unwrap();
    let filename = Some("a%22; name=%22modelx".into());
    assert_eq!(parts, [Part { filename, ..file }]);
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(value in any::<String>(), filename in "[^\\p{Cc}\"\\\\]*", content in prop::collection::vec(any::<u8>(), 0..300)) {
        let file = Part {
            name: "file".into(),
            filename: Some(filename.as_str().into()),
            content_type: Some("audio/wav"),
            content: &content,
        };
        let mut form = FormWriter::new(&Entropy::counted(0), 0);
        form.field("prompt", &value);
        form.file("file", &file);
        let (body, content_type) = form.finish();
        let headers = Fields::from_iter([(CONTENT_TYPE, content_type)]);
        let parts = parse(&headers, &body).unwrap();
        prop_assert_eq!(parts.len(), 2);
        prop_assert_eq!(parts[0].content, value.as_bytes());
        prop_assert_eq!(&parts[1], &file);
    }

    #[test]
    fn nothing_makes_the_reader_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assume!(body.len() < 200);
        let framed = [b"--b\r\n", &body[..], b"\r\n--b--"].concat();
        // Whatever it makes of it: it comes to an end.
        let _read = parse(&with_boundary("multipart/form-data; boundary=b"), &framed);
    }
}
