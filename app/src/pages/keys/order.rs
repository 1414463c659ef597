//! The order of the list.

use worv_api::{ApiKey, KeyStatus};

/// Those that work first, then the expired, then the revoked; otherwise in the order given.
pub(super) fn sorted(mut keys: Vec<ApiKey>) -> Vec<ApiKey> {
    keys.sort_by_key(|key| match key.status {
        KeyStatus::Active => 0,
        KeyStatus::Suspended => 1,
        KeyStatus::Expired => 2,
        KeyStatus::Revoked => 3,
    });
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_work_come_first_in_the_order_given() {
        let key = |id, status| ApiKey {
            id,
            name: String::new(),
            owner: String::new(),
            note: String::new(),
            prefix: String::new(),
            last_four: String::new(),
            status,
            created_at: 0,
            expires_at: None,
            revoked_at: None,
            suspended_at: None,
            previous_until: None,
            last_used_at: None,
            settings: worv_api::KeySettings::default(),
        };
        let keys = vec![
            key(5, KeyStatus::Revoked),
            key(4, KeyStatus::Active),
            key(3, KeyStatus::Expired),
            key(2, KeyStatus::Active),
        ];
        let order: Vec<_> = sorted(keys).iter().map(|key| key.id).collect();
        assert_eq!(order, [4, 2, 3, 5]);
    }
}
