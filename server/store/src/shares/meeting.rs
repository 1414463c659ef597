//! Which gateways share a database.

use std::collections::HashMap;

use sqlx::{Any, Row, Transaction};

use super::{FORGOTTEN_AFTER, GONE_AFTER, GatewayId, Others, now};
use crate::StoreError;

/// The gateways that are there.
#[derive(Debug, Default)]
pub(super) struct Met {
    /// The others, and the part that each holds of the limits of keys that it has not spoken of.
    pub(super) others: HashMap<i64, f64>,
    /// That part of this gateway, from now on.
    pub(super) of_new: f64,
    /// That part of this gateway, up to now.
    pub(super) own_before: f64,
}

impl Met {
    /// What others hold of a key that none of them has spoken of.
    pub(super) fn unsaid(&self) -> Others {
        Others {
            held: self.others.values().sum(),
            weight: 0.0,
        }
    }
}

/// Says that this gateway is there, forgets those that are gone, and tells of the others.
pub(super) async fn meet(transaction: &mut Transaction<'static, Any>, gateway: GatewayId) -> Result<Met, StoreError> {
    const OTHERS: &str = concat!(
        "SELECT id, of_new FROM gateways WHERE id <> $1 AND seen_at >= ",
        now!(),
        " - $2"
    );
    const BEFORE: &str = "SELECT of_new FROM gateways WHERE id = $1";
    const HERE: &str = concat!(
        "INSERT INTO gateways (id, of_new, seen_at) VALUES ($1, $2, ",
        now!(),
        ") ON CONFLICT (id) DO UPDATE SET of_new = excluded.of_new, seen_at = excluded.seen_at"
    );
    const FORGOTTEN: &str = concat!("DELETE FROM gateways WHERE seen_at < ", now!(), " - $1");
    let others = sqlx::query(OTHERS)
        .bind(gateway.0)
        .bind(GONE_AFTER)
        .fetch_all(&mut **transaction)
        .await?;
    let others = others
        .iter()
        .map(|row| Ok((row.try_get("id")?, row.try_get("of_new")?)));
    let others: HashMap<i64, f64> = others.collect::<sqlx::Result<_>>()?;
    let before = sqlx::query_scalar(BEFORE)
        .bind(gateway.0)
        .fetch_optional(&mut **transaction)
        .await?;
    let met = Met {
        of_new: of_new(&others),
        // It has not served before its first exchange.
        own_before: before.unwrap_or(0.0),
        others,
    };
    sqlx::query(HERE)
        .bind(gateway.0)
        .bind(met.of_new)
        .execute(&mut **transaction)
        .await?;
    sqlx::query(FORGOTTEN)
        .bind(FORGOTTEN_AFTER)
        .execute(&mut **transaction)
        .await?;
    Ok(met)
}

/// An equal part among so many.
pub(super) fn equal_part(gateways: usize) -> f64 {
    1.0 / f64::from(u32::try_from(gateways).unwrap_or(u32::MAX))
}

/// The part of new keys' limits that a gateway takes: an equal one, as far as the others have made room for it.
fn of_new(others: &HashMap<i64, f64>) -> f64 {
    let free = 1.0 - others.values().sum::<f64>();
    equal_part(others.len() + 1).min(free).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_comes_takes_of_new_keys_what_others_have_made_room_for() {
        let others = |parts: &[f64]| (2..).zip(parts.iter().copied()).collect();
        for (parts, expected) in [
            (&[][..], 1.0),
            (&[1.0], 0.0),
            (&[0.5], 0.5),
            (&[0.5, 0.5], 0.0),
            (&[0.25; 2], 1.0 / 3.0),
        ] {
            let part = of_new(&others(parts));
            assert!((part - expected).abs() < 1e-9, "{parts:?}: {part}");
        }
    }
}
