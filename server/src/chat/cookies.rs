//! Open WebUI's cookies, kept apart from ours.

use http::{HeaderMap, HeaderValue, header};

/// What the names of the console's cookies begin with.
const OURS: [&str; 2] = ["__Host-worv_", "worv_"];

/// The cookies of a request without the console's, in one line: HTTP/2 may send each in its own (RFC 9113, section 8.2.3).
pub fn for_upstream(headers: &HeaderMap) -> Option<HeaderValue> {
    let kept: Vec<&str> = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .map(str::trim)
        .filter(|pair| !pair.is_empty() && !is_ours(pair))
        .collect();
    if kept.is_empty() {
        return None;
    }
    HeaderValue::try_from(kept.join("; ")).ok()
}

/// A cookie that Open WebUI sets, for its own host alone: without a `Domain` that would carry it to the console's.
/// `None` for one that would take the place of the console's.
pub fn for_browser(set: &HeaderValue) -> Option<HeaderValue> {
    let text = set.to_str().ok()?;
    if is_ours(text.trim_start()) {
        return None;
    }
    let is_domain = |attribute: &str| {
        let name = attribute.split('=').next().unwrap_or_default();
        name.trim().eq_ignore_ascii_case("domain")
    };
    let mut attributes = text.split(';');
    let pair = attributes.next()?;
    let kept: Vec<&str> = std::iter::once(pair)
        .chain(attributes.filter(|attribute| !is_domain(attribute)))
        .collect();
    HeaderValue::try_from(kept.join(";")).ok()
}

fn is_ours(pair: &str) -> bool {
    OURS.iter().any(|prefix| pair.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_console_s_cookies_do_not_go_there() {
        let mut headers = HeaderMap::new();
        for line in [
            "token=abc; __Host-worv_session=secret",
            "worv_login=secret",
            "theme=dark",
        ] {
            headers.append(header::COOKIE, HeaderValue::from_static(line));
        }
        assert_eq!(for_upstream(&headers).unwrap(), "token=abc; theme=dark");
        headers.remove(header::COOKIE);
        headers.append(header::COOKIE, HeaderValue::from_static("worv_session=secret"));
        assert_eq!(for_upstream(&headers), None);
    }

    #[test]
    fn its_cookies_stay_on_its_host() {
        let set = |text| for_browser(&HeaderValue::from_static(text)).map(|set| set.to_str().unwrap().to_owned());
        assert_eq!(
            set("token=abc; Path=/; domain=.example.com; HttpOnly").as_deref(),
            Some("token=abc; Path=/; HttpOnly")
        );
        assert_eq!(set("token=domain; Secure").as_deref(), Some("token=domain; Secure"));
        assert_eq!(set("worv_session=mine; Path=/"), None);
        assert_eq!(set("__Host-worv_session=mine; Path=/; Secure"), None);
    }
}
