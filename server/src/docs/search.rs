//! Searching the pages: every word has to occur in a section; sections with it in their title come first.

use std::fmt::Write;

use super::{
    facts::Facts,
    layout::escaped,
    markdown::{self, Section},
    page::PAGES,
};

/// Most words that are searched for.
const MAX_WORDS: usize = 8;

/// Most sections that are shown.
const MAX_RESULTS: usize = 20;

/// How much of a section is shown around the first word, in characters.
const EXCERPT: usize = 160;

struct Hit<'a> {
    page: &'static str,
    page_title: &'static str,
    section: Section,
    text: String,
    score: usize,
    first_word: &'a str,
}

/// The results as HTML.
pub fn results(query: &str, facts: &Facts, base: &str) -> String {
    let lowered = query.to_lowercase();
    let words: Vec<&str> = lowered.split_whitespace().take(MAX_WORDS).collect();
    if words.is_empty() {
        return "<h1>Search</h1><p>Type what you look for, such as a field, a status or a client.</p>".to_owned();
    }
    let mut hits: Vec<Hit<'_>> = PAGES
        .iter()
        .flat_map(|page| {
            let parts = markdown::parts(&facts.fill(page.markdown));
            let words = &words;
            parts.into_iter().filter_map(move |(section, text)| {
                let score = score(words, &section.title, &text)?;
                Some(Hit {
                    page: page.name,
                    page_title: page.title,
                    section,
                    text,
                    score,
                    first_word: words[0],
                })
            })
        })
        .collect();
    hits.sort_by_key(|hit| std::cmp::Reverse(hit.score));
    let shown = escaped(query);
    if hits.is_empty() {
        return format!("<h1>Nothing found for “{shown}”</h1><p>Try fewer or other words.</p>");
    }
    let mut html = format!("<h1>Search: “{shown}”</h1><ol class=\"docs__results\">");
    for hit in hits.iter().take(MAX_RESULTS) {
        let (section, title) = (escaped(&hit.section.id), escaped(&hit.section.title));
        let (page, page_title) = (hit.page, hit.page_title);
        let excerpt = excerpt(&hit.text, hit.first_word);
        // Writing to a string cannot fail.
        let _ = write!(
            html,
            "<li><a href=\"{base}/{page}#{section}\">{title}</a> <span class=\"muted\">{page_title}</span><p>{excerpt}</p></li>"
        );
    }
    html + "</ol>"
}

/// How well a section fits; `None` if a word is missing.
fn score(words: &[&str], title: &str, text: &str) -> Option<usize> {
    let (title, text) = (title.to_lowercase(), text.to_lowercase());
    let each = words.iter().map(|word| {
        let count = text.matches(word).count() + 20 * title.matches(word).count();
        (count > 0).then_some(count)
    });
    each.sum()
}

/// The text around the first occurrence of `word`, which is marked.
fn excerpt(text: &str, word: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let wanted: Vec<char> = word.chars().collect();
    let is_here = |window: &[char]| {
        let lowered = window.iter().flat_map(|letter| letter.to_lowercase());
        lowered.eq(wanted.iter().copied())
    };
    let at = letters.windows(wanted.len().max(1)).position(is_here);
    let middle = at.unwrap_or(0);
    let begin = middle.saturating_sub(EXCERPT / 2);
    let end = (middle + EXCERPT).min(letters.len());
    let piece = |range: std::ops::Range<usize>| escaped(&letters[range].iter().collect::<String>());
    let dots = |there: bool| if there { "…" } else { "" };
    let found = match at {
        Some(at) => {
            let after = at + wanted.len();
            format!(
                "{}<mark>{}</mark>{}",
                piece(begin..at),
                piece(at..after),
                piece(after..end.max(after))
            )
        }
        None => piece(begin..end),
    };
    format!("{}{}{}", dots(begin > 0), found.trim(), dots(end < letters.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderMap;
    use worv_api::EngineStatus;

    fn search(query: &str) -> String {
        let config = crate::config::Config::default();
        let facts = Facts::gather(&config, &EngineStatus::starting(0), &HeaderMap::new(), "");
        results(query, &facts, "")
    }

    #[test]
    fn every_word_has_to_occur_and_the_first_is_marked() {
        let found = search("ANTHROPIC_BASE_URL claude");
        assert!(found.contains("href=\"/clients#claude-code\""), "{found}");
        assert!(found.contains("<mark>ANTHROPIC_BASE_URL</mark>"), "{found}");
        assert!(search("anthropic xylophone").contains("Nothing found"), "{found}");
    }

    #[test]
    fn what_is_searched_for_is_text() {
        let found = search("<script>alert(1)</script>");
        assert!(found.contains("Nothing found for “&lt;script&gt;"), "{found}");
        assert!(search("   ").contains("Type what you look for"));
        assert!(
            search("ſ é İ").contains("found"),
            "letters that grow when they are lowered"
        );
    }
}
