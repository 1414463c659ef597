//! What an ACME server that asks over plain HTTP is answered (RFC 8555, section 8.3).

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The answers that are given out now, by token. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Challenges(Arc<Mutex<HashMap<String, String>>>);

/// An answer that is given out until this is dropped.
pub struct Published {
    challenges: Challenges,
    token: String,
}

impl Challenges {
    /// What is answered to who asks for `token`.
    pub fn answer(&self, token: &str) -> Option<String> {
        self.answers().get(token).cloned()
    }

    /// Gives `answer` out to who asks for `token`.
    pub fn publish(&self, token: &str, answer: &str) -> Published {
        self.answers().insert(token.to_owned(), answer.to_owned());
        Published {
            challenges: self.clone(),
            token: token.to_owned(),
        }
    }

    fn answers(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Published {
    fn drop(&mut self) {
        self.challenges.answers().remove(&self.token);
    }
}
