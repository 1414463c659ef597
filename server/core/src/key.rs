//! API keys: the secret a caller holds, the digest we keep, and what a key may do.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
pub use worv_api::KeySettings;

use crate::{Entropy, Secret, UnixMillis};

/// What every key starts with. Scanners for leaked secrets know a key by it: it never changes.
pub const KEY_PREFIX: &str = "sk-worv-";

/// Characters after the prefix: 43 × 5.95 bits, so at least 256 random bits.
const KEY_LENGTH: usize = 43;

/// A key's number in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyId(pub i64);

/// SHA-256 of a whole key. The key itself has 256 random bits, so a slow hash would add nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyDigest(pub [u8; 32]);

/// A key as its holder sees it, once.
#[derive(Clone, Debug)]
pub struct KeySecret(Secret);

/// What the data path knows of a key: enough to admit a request, nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyGrant {
    /// Whose requests these are.
    pub id: KeyId,
    /// The name the operator gave it, for the log.
    pub name: String,
    /// Refused from this moment on.
    pub expires_at: Option<UnixMillis>,
    /// Refused since this moment.
    pub revoked_at: Option<UnixMillis>,
    /// Refused since this moment, until it is resumed.
    pub suspended_at: Option<UnixMillis>,
    /// What it may do.
    pub settings: KeySettings,
}

impl KeySecret {
    /// A new key from 256 random bits.
    pub fn generate(entropy: &Entropy) -> Self {
        Self(Secret::new(format!("{KEY_PREFIX}{}", entropy.alphanumeric(KEY_LENGTH))))
    }

    /// The key itself, to be shown to its holder this once.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// What is stored and looked up in its place.
    pub fn digest(&self) -> KeyDigest {
        KeyDigest::of(self.expose())
    }

    /// The first characters, kept so that a list can name the key: `sk-worv-` and four more.
    pub fn prefix(&self) -> &str {
        &self.expose()[..KEY_PREFIX.len() + 4]
    }

    /// The last four characters, kept for the same reason.
    pub fn last_four(&self) -> &str {
        &self.expose()[KEY_PREFIX.len() + KEY_LENGTH - 4..]
    }
}

impl KeyDigest {
    /// The digest of whatever a caller presented.
    pub fn of(presented: &str) -> Self {
        Self(Sha256::digest(presented.as_bytes()).into())
    }
}

impl fmt::Debug for KeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyDigest(hidden)")
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_the_prefix_and_length_that_scanners_know() {
        let key = KeySecret::generate(&Entropy::counted(3));
        assert!(key.expose().starts_with("sk-worv-"));
        assert_eq!(key.expose().len(), 51);
        assert_eq!(key.prefix(), &key.expose()[..12]);
        assert_eq!(key.last_four(), &key.expose()[47..]);
        assert_eq!(key.digest(), KeyDigest::of(key.expose()));
    }

    #[test]
    fn neither_a_key_nor_its_digest_prints() {
        let key = KeySecret::generate(&Entropy::counted(3));
        let printed = format!("{key:?} {:?}", key.digest());
        assert_eq!(printed, "KeySecret(Secret(hidden)) KeyDigest(hidden)");
    }
}
