//! The second factor: an authenticator's codes, and recovery codes for when it is lost.

use data_encoding::BASE32_NOPAD;
use sha2::{Digest, Sha256};
use worv_api::{ApiError, RecoveryCodes, SecondFactorDraft};
use worv_store::{RecoveryDigest, StoreError, UserId};

use super::{Console, api::database_failed, session::Session};
use crate::totp;

/// Recovery codes that are given out together.
const RECOVERY_CODES: usize = 10;

impl Console {
    /// Begins a second factor for whoever asks. Nothing asks for it before a code of it is given.
    pub async fn begin_second_factor(&self, asking: &Session) -> Result<SecondFactorDraft, ApiError> {
        let secret = totp::new_secret(&self.entropy);
        let begun = self.store.begin_second_factor(asking.user_id, &secret).await;
        begun.map_err(database_failed)?;
        Ok(draft(&secret, &asking.user))
    }

    /// The second factor that whoever asks has begun; none if there is none, or one in force.
    pub async fn begun_second_factor(&self, asking: &Session) -> Result<Option<SecondFactorDraft>, ApiError> {
        let begun = self
            .store
            .second_factor(asking.user_id)
            .await
            .map_err(database_failed)?;
        let begun = begun.filter(|factor| factor.confirmed_at.is_none());
        Ok(begun.map(|factor| draft(&factor.secret, &asking.user)))
    }

    /// How many recovery codes whoever asks has left; none without a second factor.
    pub async fn recovery_codes_left(&self, asking: &Session) -> Result<Option<u64>, ApiError> {
        let row = self.store.user(asking.user_id).await.map_err(database_failed)?;
        if row.second_factor_since.is_none() {
            return Ok(None);
        }
        let left = self.store.recovery_codes_left(asking.user_id).await;
        left.map(Some).map_err(database_failed)
    }

    /// Puts the second factor in force that was begun, if `code` is one of it.
    pub async fn confirm_second_factor(&self, asking: &Session, code: &str) -> Result<RecoveryCodes, ApiError> {
        let factor = self
            .store
            .second_factor(asking.user_id)
            .await
            .map_err(database_failed)?;
        let Some(factor) = factor else {
            let message = "Set the second factor up first: no authenticator knows its secret yet.";
            return Err(ApiError::new(409, "not_begun", message));
        };
        let Some(step) = totp::step_of(code, &factor.secret, self.clock.now()) else {
            let message = "That is not the code which the authenticator shows now. Check the clocks of both devices.";
            return Err(ApiError::new(422, "wrong_code", message));
        };
        let (shown, digests) = self.recovery_codes();
        let confirmed = self
            .store
            .confirm_second_factor(asking.user_id, step, &digests, &asking.actor);
        confirmed.await.map_err(database_failed)?;
        Ok(shown)
    }

    /// Gives whoever asks new recovery codes in place of those from before.
    pub async fn new_recovery_codes(&self, asking: &Session, password: String) -> Result<RecoveryCodes, ApiError> {
        self.confirm_password(asking, password).await?;
        let factor = self
            .store
            .second_factor(asking.user_id)
            .await
            .map_err(database_failed)?;
        if factor.is_none_or(|factor| factor.confirmed_at.is_none()) {
            let message = "There is no second factor in force that recovery codes could stand in for.";
            return Err(ApiError::new(409, "not_in_force", message));
        }
        let (shown, digests) = self.recovery_codes();
        let replaced = self
            .store
            .replace_recovery_codes(asking.user_id, &digests, &asking.actor);
        replaced.await.map_err(database_failed)?;
        Ok(shown)
    }

    /// Ends the second factor of whoever asks.
    pub async fn remove_own_second_factor(&self, asking: &Session, password: String) -> Result<(), ApiError> {
        self.confirm_password(asking, password).await?;
        let removed = self.store.remove_second_factor(asking.user_id, &asking.actor).await;
        removed.map_err(database_failed)
    }

    /// Whether `code` is the user's: of the authenticator, or a recovery code. Each works once.
    pub async fn second_factor_holds(&self, user: UserId, code: &str) -> Result<bool, StoreError> {
        let Some(factor) = self.store.second_factor(user).await? else {
            return Ok(false);
        };
        if let Some(step) = totp::step_of(code, &factor.secret, self.clock.now()) {
            return self.store.use_totp_step(user, step).await;
        }
        match recovery_digest(code) {
            Some(digest) => self.store.use_recovery_code(user, &digest).await,
            None => Ok(false),
        }
    }

    fn recovery_codes(&self) -> (RecoveryCodes, Vec<RecoveryDigest>) {
        let made = (0..RECOVERY_CODES).map(|_| {
            let bytes = self.entropy.bytes::<10>();
            let letters = BASE32_NOPAD.encode(&bytes);
            let code = [&letters[..4], &letters[4..8], &letters[8..12], &letters[12..]].join("-");
            (code, RecoveryDigest(Sha256::digest(letters.as_bytes()).into()))
        });
        let (recovery_codes, digests) = made.unzip();
        (RecoveryCodes { recovery_codes }, digests)
    }
}

fn draft(secret: &[u8], user: &str) -> SecondFactorDraft {
    let uri = totp::uri(secret, user);
    SecondFactorDraft {
        secret: totp::in_base_32(secret),
        // A name of 100 characters still fits; without the drawing, the secret can be typed.
        qr_svg: totp::qr_svg(&uri).unwrap_or_default(),
        uri,
    }
}

/// What a recovery code is looked up by, however it is typed; none for what can be none.
fn recovery_digest(code: &str) -> Option<RecoveryDigest> {
    let letters: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    (letters.len() == 16).then(|| RecoveryDigest(Sha256::digest(letters.to_ascii_uppercase().as_bytes()).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recovery_code_may_be_typed_with_or_without_its_dashes() {
        let typed = ["ABCD-EFGH-IJKL-MNOP", "abcdefghijklmnop", " abcd efgh ijkl mnop "].map(recovery_digest);
        assert!(typed[0].is_some() && typed[0] == typed[1] && typed[0] == typed[2]);
        assert_eq!(recovery_digest("ABCD-EFGH-IJKL-MNO"), None);
        assert_eq!(recovery_digest(""), None);
    }
}
