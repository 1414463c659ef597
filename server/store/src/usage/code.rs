//! The numbers that stand for names in the database. They are never changed, only added to.

use worv_core::usage::{ClientKind, Endpoint, Outcome};

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
        Endpoint::Other => 8,
        Endpoint::Transcriptions => 9,
        Endpoint::Translations => 10,
    }
}

/// The number of a kind of client.
pub(super) fn of_client(client: ClientKind) -> i16 {
    match client {
        ClientKind::Other => 0,
        ClientKind::ClaudeCode => 1,
        ClientKind::Codex => 2,
        ClientKind::OpenWebUi => 3,
        ClientKind::OpenAiSdk => 4,
        ClientKind::AnthropicSdk => 5,
        ClientKind::Curl => 6,
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

/// The kind of client with that number.
pub(super) fn client(code: i16) -> sqlx::Result<ClientKind> {
    find(&ClientKind::ALL, of_client, code)
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
        for known in ClientKind::ALL {
            assert_eq!(client(of_client(known)).unwrap(), known);
        }
        assert!(outcome(99).is_err() && endpoint(-1).is_err());
    }
}
