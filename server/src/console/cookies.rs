//! Reading and writing cookies (RFC 6265).

use http::{HeaderMap, HeaderValue, header};

use super::SessionRules;

/// A cookie that only the server reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cookie {
    /// The session's id.
    Session,
    /// The token of the sign-in form, before there is a session.
    Login,
    /// The id of a session whose second factor is due.
    SecondFactor,
}

impl Cookie {
    /// Its name; browsers hold `__Host-` names to HTTPS, the whole host and the root path.
    pub fn name(self, rules: &SessionRules) -> &'static str {
        match (self, rules.secure_cookies) {
            (Self::Session, true) => "__Host-worv_session",
            (Self::Session, false) => "worv_session",
            (Self::Login, true) => "__Host-worv_login",
            (Self::Login, false) => "worv_login",
            (Self::SecondFactor, true) => "__Host-worv_second_factor",
            (Self::SecondFactor, false) => "worv_second_factor",
        }
    }

    /// The value that the browser sent.
    pub fn read<'h>(self, headers: &'h HeaderMap, rules: &SessionRules) -> Option<&'h str> {
        read(headers, self.name(rules))
    }

    /// The header that sets it, for as long as the browser runs.
    pub fn set(self, value: &str, rules: &SessionRules) -> HeaderValue {
        self.header(value, "", rules)
    }

    /// The header that removes it.
    pub fn clear(self, rules: &SessionRules) -> HeaderValue {
        self.header("", "; Max-Age=0", rules)
    }

    fn header(self, value: &str, more: &str, rules: &SessionRules) -> HeaderValue {
        let name = self.name(rules);
        let secure = if rules.secure_cookies { "; Secure" } else { "" };
        let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{more}");
        HeaderValue::try_from(text).expect("our own cookies are of letters, digits and dashes")
    }
}

/// The value of the cookie `name`.
pub fn read<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(found, value)| (found == name).then_some(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn rules(secure_cookies: bool) -> SessionRules {
        SessionRules {
            secure_cookies,
            idle: Duration::from_secs(1),
            absolute: Duration::from_secs(1),
        }
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=1; worv_session=abc"));
        headers.append(header::COOKIE, HeaderValue::from_static("worv_login=x=y"));
        assert_eq!(Cookie::Session.read(&headers, &rules(false)), Some("abc"));
        assert_eq!(Cookie::Login.read(&headers, &rules(false)), Some("x=y"));
        assert_eq!(Cookie::Session.read(&headers, &rules(true)), None);
    }

    #[test]
    fn over_https_cookies_are_bound_to_the_host() {
        assert_eq!(
            Cookie::Session.set("abc", &rules(true)),
            "__Host-worv_session=abc; Path=/; HttpOnly; SameSite=Lax; Secure"
        );
        assert_eq!(
            Cookie::Login.clear(&rules(false)),
            "worv_login=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"
        );
    }
}
