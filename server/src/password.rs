//! Passwords: argon2id, off the async threads, a bounded number at a time.

use std::sync::Arc;

use argon2::{Argon2, PasswordHash, PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;
use worv_core::{Entropy, Secret};

/// Shortest password that is accepted, in characters.
pub const MIN_LENGTH: usize = 10;

/// Longest password that is accepted, in bytes: enough for any passphrase, and no way to keep the hasher busy.
pub const MAX_LENGTH: usize = 1_000;

/// Hashes that may be under way at once; each takes some 20 MB and a core.
const AT_ONCE: usize = 2;

/// Hashes and checks passwords. Cheap to clone.
#[derive(Clone)]
pub struct Passwords {
    entropy: Entropy,
    slots: Arc<Semaphore>,
}

impl Passwords {
    /// A hasher whose salts come from `entropy`.
    pub fn new(entropy: Entropy) -> Self {
        Self {
            entropy,
            slots: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// The hash of a new password, as a PHC string (`$argon2id$…`).
    pub async fn hash(&self, password: Secret) -> Secret {
        let salt = self.entropy.bytes::<16>();
        self.run(move || {
            let hash = Argon2::default().hash_password_with_salt(password.expose().as_bytes(), &salt);
            Secret::new(
                hash.expect("16 bytes are a valid salt and the default parameters are valid")
                    .to_string(),
            )
        })
        .await
    }

    /// Whether `password` belongs to `hash`. Without a hash it does the same work and says no, so that the time
    /// taken does not tell which names exist.
    pub async fn verify(&self, password: Secret, hash: Option<Secret>) -> bool {
        if password.expose().len() > MAX_LENGTH {
            return false;
        }
        let Some(hash) = hash else {
            self.hash(password).await;
            return false;
        };
        self.run(move || {
            PasswordHash::new(hash.expose()).is_ok_and(|hash| {
                Argon2::default()
                    .verify_password(password.expose().as_bytes(), &hash)
                    .is_ok()
            })
        })
        .await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        let _slot = self.slots.acquire().await.expect("the semaphore is never closed");
        tokio::task::spawn_blocking(work).await.expect("hashing does not panic")
    }
}

/// What is wrong with a new password, if anything.
pub fn objection(password: &Secret) -> Option<String> {
    let text = password.expose();
    if text.chars().count() < MIN_LENGTH {
        return Some(format!(
            "the password is too short: give at least {MIN_LENGTH} characters"
        ));
    }
    (text.len() > MAX_LENGTH).then(|| format!("the password is too long: give at most {MAX_LENGTH} bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_passes() {
        let passwords = Passwords::new(Entropy::counted(1));
        let hash = passwords.hash(Secret::new("correct horse")).await;
        assert!(hash.expose().starts_with("$argon2id$"));
        assert!(passwords.verify(Secret::new("correct horse"), Some(hash.clone())).await);
        assert!(!passwords.verify(Secret::new("wrong horse"), Some(hash)).await);
        assert!(!passwords.verify(Secret::new("correct horse"), None).await);
        assert!(
            !passwords
                .verify(Secret::new("correct horse"), Some(Secret::new("not a hash")))
                .await
        );
    }

    #[test]
    fn short_and_endless_passwords_are_refused() {
        assert!(objection(&Secret::new("short")).is_some());
        assert!(objection(&Secret::new("x".repeat(1_001))).is_some());
        assert!(objection(&Secret::new("long enough")).is_none());
    }
}
