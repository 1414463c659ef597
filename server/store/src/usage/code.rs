//! The numbers that stand for names in the database. They are never changed, only added to.

use worv_core::usage::{Endpoint, Outcome};

/// The number of an outcome.
pub(super) fn of_outcome(outcome: Outcome) -> i16 {
    match outcome {
        Outcome::Done => 0,
        Outcome::ClientLeft => 1,
        Outcome::EngineFailed => 2,
        Outcome::RefusedByEngine => 3,
        Outcome::Lost => 4,
    }
}

/// The number of an endpoint.
pub(super) fn of_endpoint(endpoint: Endpoint) -> i16 {
    match endpoint {
        Endpoint::ChatCompletions => 0,
        Endpoint::Messages => 1,
        Endpoint::CountTokens => 2,
        Endpoint::Completions => 3,
        Endpoint::Responses => 4,
        Endpoint::Embeddings => 5,
        Endpoint::Rerank => 6,
        Endpoint::Score => 7,
    }
}

/// The outcome with that number.
pub(super) fn outcome(code: i16) -> sqlx::Result<Outcome> {
    find(&Outcome::ALL, of_outcome, code)
}

/// The endpoint with that number.
pub(super) fn endpoint(code: i16) -> sqlx::Result<Endpoint> {
    find(&Endpoint::ALL, of_endpoint, code)
}

fn find<T: Copy>(all: &[T], code_of: impl Fn(T) -> i16, code: i16) -> sqlx::Result<T> {
    all.iter()
        .copied()
        .find(|item| code_of(*item) == code)
        .ok_or_else(|| sqlx::Error::Decode(format!("code {code} is unknown to this version").into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_a_code_of_its_own() {
        for known in Outcome::ALL {
            assert_eq!(outcome(of_outcome(known)).unwrap(), known);
        }
        for known in Endpoint::ALL {
            assert_eq!(endpoint(of_endpoint(known)).unwrap(), known);
        }
        assert!(outcome(99).is_err() && endpoint(-1).is_err());
    }
}
