//! A streamed request to paste. The key comes from the environment, so that no secret is copied; the body stands where it says
//! BODY.

use super::{quoted, string};

/// A streamed request with curl, whose body stands where it says BODY. The key comes from the environment, so that no secret
/// is copied.
pub(crate) fn chat_curl(url: &str) -> String {
    [
        format!("curl -N {} \\", quoted(&format!("{url}/v1/chat/completions"))),
        "  -H 'Content-Type: application/json' \\".to_owned(),
        "  -H \"Authorization: Bearer $OPENAI_API_KEY\" \\".to_owned(),
        "  -d 'BODY'".to_owned(),
    ]
    .join("\n")
}

/// The same with OpenAI's Python library.
pub(crate) fn chat_python(url: &str) -> String {
    let url = string(&format!("{url}/v1"));
    [
        "from openai import OpenAI",
        "",
        &format!("client = OpenAI(base_url={url})  # the key is read from OPENAI_API_KEY"),
        "request = BODY",
        "for chunk in client.chat.completions.create(**request):",
        "    if chunk.choices:",
        "        print(chunk.choices[0].delta.content or \"\", end=\"\", flush=True)",
    ]
    .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chat_has_one_place_for_its_body() {
        let url = "https://proxy.example.com";
        for text in [chat_curl(url), chat_python(url)] {
            assert_eq!(text.matches("BODY").count(), 1, "{text}");
            assert!(text.contains("https://proxy.example.com/v1"), "{text}");
        }
    }
}
