//! The document around a page.

use super::{
    facts::Facts,
    markdown::Section,
    page::{PAGES, Page},
};

/// What a document shows.
pub struct Document<'a> {
    /// Its title.
    pub title: &'a str,
    /// The page's name, or nothing for what is no page.
    pub current: &'a str,
    /// What was searched for.
    pub query: &'a str,
    /// The article, as HTML.
    pub body: &'a str,
    /// What can be jumped to in it.
    pub sections: &'a [Section],
}

/// The whole document.
pub fn render(document: &Document<'_>, facts: &Facts, base: &str) -> String {
    let Document {
        title,
        current,
        query,
        body,
        sections,
    } = document;
    let links = PAGES.iter().fold(String::new(), |links, page| {
        let path = address(page, base);
        let here = if page.name == *current {
            " aria-current=\"page\""
        } else {
            ""
        };
        links
            + &format!(
                "<li><a class=\"docs__link\" href=\"{path}\"{here}>{}</a></li>",
                page.title
            )
    });
    let jumps = sections.iter().fold(String::new(), |jumps, section| {
        let (id, title) = (escaped(&section.id), escaped(&section.title));
        jumps + &format!("<li><a href=\"#{id}\">{title}</a></li>")
    });
    let aside = if jumps.is_empty() {
        String::new()
    } else {
        format!(
            "<nav class=\"docs__jumps\" aria-labelledby=\"jumps\"><h2 id=\"jumps\">On this page</h2><ul>{jumps}</ul></nav>"
        )
    };
    let home = if base.is_empty() { "/" } else { base };
    let (state, word) = if facts.up { ("ok", "Up") } else { ("bad", "Down") };
    let live = escaped(facts.model.as_deref().unwrap_or("No model"));
    let window = super::facts::grouped(facts.window);
    let query = escaped(query);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{title} · worv documentation</title>\
         <link rel=\"icon\" type=\"image/svg+xml\" href=\"/favicon.svg\">\
         <link rel=\"preload\" href=\"/fonts/inter-latin-variable.woff2\" as=\"font\" type=\"font/woff2\" crossorigin=\"anonymous\">\
         <link rel=\"stylesheet\" href=\"/pkg/worv.css\">\
         <link rel=\"alternate\" type=\"text/plain\" href=\"{base}/llms.txt\" title=\"For programs\"></head>\
         <body class=\"docs\"><a class=\"skip-link\" href=\"#article\">Skip to the text</a>\
         <header class=\"docs__header\"><a class=\"docs__home\" href=\"{home}\"><img src=\"/favicon.svg\" alt=\"\" width=\"24\" height=\"24\">worv docs</a>\
         <form class=\"docs__search\" role=\"search\" action=\"{base}/search\"><input class=\"field__input\" type=\"search\" name=\"q\" \
         value=\"{query}\" placeholder=\"Search\" aria-label=\"Search the documentation\" maxlength=\"200\">\
         <button class=\"button\" type=\"submit\">Search</button></form></header>\
         <div class=\"docs__columns\"><nav class=\"docs__nav\" aria-label=\"Pages\"><ul>{links}</ul>\
         <dl class=\"docs__live\" data-state=\"{state}\"><dt>Live now</dt><dd>{live}</dd><dt>Engine</dt><dd>{word}</dd>\
         <dt>Window</dt><dd>{window} tokens</dd></dl></nav>\
         <main class=\"docs__main\" id=\"article\" tabindex=\"-1\"><article class=\"docs__article\">{body}</article></main>{aside}</div></body></html>\n",
        title = escaped(title),
    )
}

/// Where a page is; the first stands at the start.
fn address(page: &Page, base: &str) -> String {
    match (page.name == PAGES[0].name, base) {
        (true, "") => "/".to_owned(),
        (true, base) => base.to_owned(),
        (false, base) => format!("{base}/{}", page.name),
    }
}

/// `text` as it may stand in HTML, also in an attribute.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            letter => escaped.push(letter),
        }
    }
    escaped
}
