//! Markdown to HTML: headings that can be linked to, tables that can be scrolled, links between pages.

use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

/// A page's HTML.
pub struct Rendered {
    /// The article.
    pub html: String,
    /// Its second-level headings.
    pub sections: Vec<Section>,
}

/// A heading that can be linked to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The fragment, without `#`.
    pub id: String,
    /// The text.
    pub title: String,
}

/// Renders `text`; links to `NAME.md` lead to `BASE/NAME`. HTML in the text is shown, not obeyed.
pub fn render(text: &str, base: &str) -> Rendered {
    let mut events: Vec<Event<'_>> = parser(text).map(|event| plain_or_linked(event, base)).collect();
    let mut sections = Vec::new();
    for start in 0..events.len() {
        let Event::Start(Tag::Heading { level, .. }) = events[start] else {
            continue;
        };
        let title = heading_text(&events[start + 1..]);
        let section = Section {
            id: slug(&title),
            title,
        };
        if let Event::Start(Tag::Heading { id, .. }) = &mut events[start] {
            *id = Some(section.id.clone().into());
        }
        if level == HeadingLevel::H2 {
            sections.push(section);
        }
    }
    let mut html = String::with_capacity(text.len() * 2);
    html::push_html(&mut html, events.into_iter().flat_map(scrollable));
    Rendered { html, sections }
}

/// The text of each part that a heading begins, without markup: `(section, text)`; the part before the first second-level
/// heading has the title's section.
pub fn parts(text: &str) -> Vec<(Section, String)> {
    let mut parts: Vec<(Section, String)> = Vec::new();
    let events: Vec<Event<'_>> = parser(text).collect();
    for (at, event) in events.iter().enumerate() {
        match event {
            Event::Start(Tag::Heading {
                level: HeadingLevel::H1 | HeadingLevel::H2,
                ..
            }) => {
                let title = heading_text(&events[at + 1..]);
                let id = slug(&title);
                parts.push((Section { id, title }, String::new()));
            }
            Event::Text(words) | Event::Code(words) => {
                if let Some((_, body)) = parts.last_mut() {
                    body.push_str(words);
                }
            }
            Event::SoftBreak | Event::HardBreak | Event::End(_) => {
                if let Some((_, body)) = parts.last_mut().filter(|(_, body)| !body.ends_with(' ')) {
                    body.push(' ');
                }
            }
            _ => {}
        }
    }
    parts
}

fn parser(text: &str) -> Parser<'_> {
    Parser::new_ext(text, Options::ENABLE_TABLES)
}

fn plain_or_linked<'a>(event: Event<'a>, base: &str) -> Event<'a> {
    match event {
        Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
        Event::Start(Tag::Link {
            link_type,
            dest_url,
            title,
            id,
        }) => Event::Start(Tag::Link {
            link_type,
            dest_url: link(dest_url, base),
            title,
            id,
        }),
        event => event,
    }
}

fn link<'a>(target: CowStr<'a>, base: &str) -> CowStr<'a> {
    let (path, fragment) = target.split_once('#').unwrap_or((&target, ""));
    match path.strip_suffix(".md") {
        Some(name) if !path.contains(':') => {
            let hash = if fragment.is_empty() { "" } else { "#" };
            format!("{base}/{name}{hash}{fragment}").into()
        }
        _ => target,
    }
}

/// A wide table scrolls by itself, also by keyboard.
fn scrollable(event: Event<'_>) -> Vec<Event<'_>> {
    match event {
        start @ Event::Start(Tag::Table(_)) => {
            let open = "<div class=\"docs__table\" tabindex=\"0\" role=\"group\" aria-label=\"Table\">";
            vec![Event::Html(open.into()), start]
        }
        end @ Event::End(TagEnd::Table) => vec![end, Event::Html("</div>".into())],
        event => vec![event],
    }
}

fn heading_text(events: &[Event<'_>]) -> String {
    let mut text = String::new();
    for event in events {
        match event {
            Event::Text(words) | Event::Code(words) => text.push_str(words),
            Event::End(TagEnd::Heading(_)) => break,
            _ => {}
        }
    }
    text
}

/// A heading as a fragment: its letters and digits, words joined by hyphens.
fn slug(title: &str) -> String {
    let words = title
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_can_be_linked_to_and_pages_link_to_each_other() {
        let rendered = render(
            "# A\n\n## `max_tokens` and more\n\n[b](models.md#names) [c](https://e.test/x.md)",
            "/docs",
        );
        assert!(
            rendered.html.contains(r#"<h2 id="max-tokens-and-more">"#),
            "{}",
            rendered.html
        );
        assert!(
            rendered.html.contains(r#"href="/docs/models#names""#),
            "{}",
            rendered.html
        );
        assert!(
            rendered.html.contains(r#"href="https://e.test/x.md""#),
            "{}",
            rendered.html
        );
        assert_eq!(rendered.sections[0].title, "max_tokens and more");
    }

    #[test]
    fn html_is_shown_and_not_obeyed() {
        let rendered = render(
            "# A\n\n<script>alert(1)</script>\n\nx <b>y</b>\n\n```sh\n<i>\n```\n",
            "",
        );
        assert!(
            !rendered.html.contains("<script") && !rendered.html.contains("<b>"),
            "{}",
            rendered.html
        );
        assert!(!rendered.html.contains("<i>"), "{}", rendered.html);
    }
}
