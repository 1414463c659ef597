//! A secret that another program shows as `Authorization: Bearer`.

use http::{HeaderMap, header};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use worv_core::Secret;

/// Tells whoever knows the secret from whoever does not. Only its digest is kept.
#[derive(Clone)]
pub struct Bearer([u8; 32]);

impl Bearer {
    /// One that admits whoever knows `secret`.
    pub fn new(secret: &Secret) -> Self {
        Self(digest(secret.expose()))
    }

    /// Whether these headers show the secret. Takes as long for a wrong one as for the right one.
    pub fn admits(&self, headers: &HeaderMap) -> bool {
        let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let shown = shown
            .and_then(|value| value.strip_prefix("Bearer "))
            .unwrap_or_default();
        digest(shown).ct_eq(&self.0).into()
    }
}

fn digest(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_secret_itself_is_admitted() {
        let bearer = Bearer::new(&Secret::new("correct".to_owned()));
        let admits = |value: &'static str| {
            let headers = [(header::AUTHORIZATION, http::HeaderValue::from_static(value))];
            bearer.admits(&headers.into_iter().collect())
        };
        assert!(admits("Bearer correct"));
        for wrong in [
            "Bearer wrong",
            "Bearer ",
            "Bearer correct ",
            "correct",
            "Basic correct",
            "",
        ] {
            assert!(!admits(wrong), "{wrong:?}");
        }
        assert!(!bearer.admits(&HeaderMap::new()));
    }
}
