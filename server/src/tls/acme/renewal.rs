//! When to renew: at the moment that the server advises (RFC 9773), or at two thirds of the certificate's life.

use std::time::Duration;

use instant_acme::{Account, CertificateIdentifier, Error};
use worv_core::{Entropy, UnixMillis};

use super::AcmeError;
use crate::tls::Certificate;

/// The server is asked no more often than this, whatever it says.
const SOONEST: Duration = Duration::from_mins(1);

/// And no more seldom, whatever it says: it advises anew when certificates have to be withdrawn.
const LATEST: Duration = Duration::from_hours(24);

/// A new certificate is let be for so long, even if the server would have another at once.
const REST: Duration = Duration::from_hours(1);

/// What the server advises.
#[derive(Clone, Copy, Debug)]
pub(super) struct Advice {
    start: UnixMillis,
    end: UnixMillis,
    /// When to ask again.
    again: Duration,
}

/// Which moment of a window is taken: a drawn one, so that not all callers of a server come at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment(u8);

impl Moment {
    pub(super) fn draw(entropy: &Entropy) -> Self {
        let [drawn] = entropy.bytes();
        Self(drawn)
    }

    /// When to renew by the server's advice.
    pub(super) fn due(self, advice: &Advice) -> UnixMillis {
        let window = advice.end.since(advice.start);
        advice.start.plus(window * u32::from(self.0) / 255)
    }
}

/// What the server advises, if it gives advice.
pub(super) async fn advice(account: &Account, certificate: &Certificate) -> Result<Option<Advice>, AcmeError> {
    let Some(id) = identifier(certificate) else {
        return Ok(None);
    };
    match account.renewal_info(&id).await {
        Ok((info, again)) => {
            let window = info.suggested_window;
            let at = |seconds: i64| UnixMillis(seconds.saturating_mul(1000));
            Ok(Some(Advice {
                start: at(window.start.unix_timestamp()),
                end: at(window.end.unix_timestamp()),
                again,
            }))
        }
        Err(Error::Unsupported(_)) => Ok(None),
        Err(error) => Err(AcmeError::server("cannot ask when to renew")(error)),
    }
}

/// What servers that give advice know a certificate by.
pub(super) fn identifier(certificate: &Certificate) -> Option<CertificateIdentifier<'static>> {
    let certificate = certificate.key.end_entity_cert().ok()?;
    CertificateIdentifier::try_from(certificate)
        .ok()
        .map(CertificateIdentifier::into_owned)
}

/// When to look again at a certificate that is due after `left`.
pub(super) fn next_look(left: Duration, advice: Option<&Advice>) -> Duration {
    let again = advice.map_or(LATEST, |advice| advice.again.clamp(SOONEST, LATEST));
    left.min(again)
}

/// How long a new certificate is let be.
pub(super) fn rest(certificate: &Certificate) -> Duration {
    certificate.old_at().since(certificate.not_before).min(REST)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_hours(24);

    fn advice(again: Duration) -> Advice {
        Advice {
            start: UnixMillis(1_000_000),
            end: UnixMillis(1_255_000),
            again,
        }
    }

    #[test]
    fn a_moment_is_within_the_window() {
        let due = |drawn| Moment(drawn).due(&advice(DAY));
        assert_eq!(
            (due(0), due(51), due(255)),
            (UnixMillis(1_000_000), UnixMillis(1_051_000), UnixMillis(1_255_000))
        );
    }

    #[test]
    fn the_server_is_asked_again_when_it_says_but_neither_at_once_nor_never() {
        let look = |left, again| next_look(left, Some(&advice(again)));
        assert_eq!(look(DAY * 30, Duration::ZERO), SOONEST);
        assert_eq!(look(DAY * 30, DAY * 7), LATEST);
        assert_eq!(look(DAY * 30, DAY / 4), DAY / 4);
        assert_eq!(look(DAY / 48, DAY / 4), DAY / 48);
        assert_eq!(next_look(DAY * 30, None), LATEST);
    }
}
