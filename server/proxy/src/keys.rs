//! The keys that are accepted, in memory: requests read a snapshot that others replace.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use arc_swap::ArcSwapOption;
use worv_core::{
    UnixMillis,
    key::{KeyDigest, KeyGrant, KeyId},
};

use crate::account::{Account, Holder, KeyShare};

/// Every key by the digest of its secret, expired and revoked ones included.
#[derive(Debug, Default)]
pub struct KeyTable {
    grants: HashMap<KeyDigest, KeyGrant>,
}

/// The table in force.
#[derive(Debug)]
pub(crate) struct Keys {
    /// None until the first table has been loaded.
    table: ArcSwapOption<HashMap<KeyDigest, Arc<Holder>>>,
    /// Never locked by a request.
    accounts: Mutex<Accounts>,
    /// Whether the table is known to hold every key there is. If not, a key that is missing in it may still be valid.
    complete: AtomicBool,
}

/// What each key has used, whatever becomes of the table.
#[derive(Debug)]
pub(crate) struct Accounts {
    by_key: HashMap<KeyId, Arc<Account>>,
    /// What an account begins with.
    pub(crate) of_new: KeyShare,
}

/// Why a presented key was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyRefusal {
    /// There is no such key.
    Unknown,
    /// It was revoked.
    Revoked,
    /// Its time is over.
    Expired,
    /// It is suspended.
    Suspended,
    /// It is not in the table, but the table may not be complete.
    CannotTell,
}

impl FromIterator<(KeyDigest, KeyGrant)> for KeyTable {
    fn from_iter<I: IntoIterator<Item = (KeyDigest, KeyGrant)>>(keys: I) -> Self {
        Self {
            grants: keys.into_iter().collect(),
        }
    }
}

impl Keys {
    pub(crate) fn new() -> Self {
        Self {
            table: ArcSwapOption::empty(),
            accounts: Mutex::new(Accounts {
                by_key: HashMap::new(),
                of_new: KeyShare::part(1.0),
            }),
            complete: AtomicBool::new(true),
        }
    }

    /// Puts a new table in force.
    pub(crate) fn replace(&self, table: KeyTable, now: UnixMillis) {
        let mut accounts = self.accounts();
        let held = table.grants.into_iter().map(|(digest, grant)| {
            let account = Arc::clone(accounts.of(grant.id, now));
            (digest, Arc::new(Holder { grant, account }))
        });
        let table = held.collect();
        self.table.store(Some(Arc::new(table)));
    }

    /// The account of every key that was ever known.
    pub(crate) fn accounts(&self) -> MutexGuard<'_, Accounts> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_complete(&self, complete: bool) {
        self.complete.store(complete, Ordering::Relaxed);
    }

    /// The grant of a presented key.
    pub(crate) fn admit(&self, presented: &str, now: UnixMillis) -> Result<Arc<Holder>, KeyRefusal> {
        let table = self.table.load();
        let Some(table) = &*table else {
            return Err(KeyRefusal::CannotTell);
        };
        let Some(holder) = table.get(&KeyDigest::of(presented)) else {
            return Err(if self.complete.load(Ordering::Relaxed) {
                KeyRefusal::Unknown
            } else {
                KeyRefusal::CannotTell
            });
        };
        let grant = &holder.grant;
        if grant.revoked_at.is_some_and(|revoked_at| revoked_at <= now) {
            return Err(KeyRefusal::Revoked);
        }
        if grant.expires_at.is_some_and(|expires_at| expires_at <= now) {
            return Err(KeyRefusal::Expired);
        }
        if grant.suspended_at.is_some_and(|suspended_at| suspended_at <= now) {
            return Err(KeyRefusal::Suspended);
        }
        Ok(Arc::clone(holder))
    }
}

impl Accounts {
    /// A key's account, which begins now if there is none.
    pub(crate) fn of(&mut self, key: KeyId, now: UnixMillis) -> &Arc<Account> {
        self.by_key.entry(key).or_insert_with(|| {
            let account = Account::default();
            account.set_share(self.of_new, now);
            Arc::new(account)
        })
    }

    /// The accounts of all keys that were ever known.
    pub(crate) fn all(&self) -> impl Iterator<Item = (KeyId, &Arc<Account>)> {
        self.by_key.iter().map(|(key, account)| (*key, account))
    }
}

#[cfg(test)]
mod tests {
    use worv_core::key::KeySettings;

    use super::*;

    const NOW: UnixMillis = UnixMillis(1_000_000);

    fn table(expires_at: Option<i64>, revoked_at: Option<i64>) -> KeyTable {
        let grant = KeyGrant {
            id: KeyId(7),
            name: "laptop".to_owned(),
            expires_at: expires_at.map(UnixMillis),
            revoked_at: revoked_at.map(UnixMillis),
            suspended_at: None,
            settings: KeySettings::default(),
        };
        [(KeyDigest::of("secret"), grant)].into_iter().collect()
    }

    fn admit(keys: &Keys, presented: &str) -> Result<KeyId, KeyRefusal> {
        keys.admit(presented, NOW).map(|holder| holder.grant.id)
    }

    #[test]
    fn an_unknown_key_is_only_called_unknown_when_the_table_is_complete() {
        let keys = Keys::new();
        assert_eq!(admit(&keys, "secret"), Err(KeyRefusal::CannotTell));
        keys.replace(table(None, None), NOW);
        assert_eq!(admit(&keys, "secret"), Ok(KeyId(7)));
        assert_eq!(admit(&keys, "other"), Err(KeyRefusal::Unknown));
        keys.set_complete(false);
        assert_eq!(admit(&keys, "secret"), Ok(KeyId(7)));
        assert_eq!(admit(&keys, "other"), Err(KeyRefusal::CannotTell));
    }

    #[test]
    fn a_key_ends_at_the_very_moment_it_expires_or_is_revoked() {
        let cases = [
            (Some(NOW.0 + 1), None, Ok(KeyId(7))),
            (Some(NOW.0), None, Err(KeyRefusal::Expired)),
            (None, Some(NOW.0), Err(KeyRefusal::Revoked)),
            (Some(NOW.0), Some(NOW.0), Err(KeyRefusal::Revoked)),
        ];
        for (expires_at, revoked_at, expected) in cases {
            let keys = Keys::new();
            keys.replace(table(expires_at, revoked_at), NOW);
            assert_eq!(admit(&keys, "secret"), expected, "{expires_at:?} {revoked_at:?}");
        }
    }
}
