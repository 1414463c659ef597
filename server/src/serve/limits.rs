//! Keeps the data path's limits in step with what is spent and asked for elsewhere. It never waits for any of this.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::{sync::watch, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use worv_core::{Entropy, key::KeyId};
use worv_proxy::{Allowance, BudgetUse, Gateway, KeyDemand, KeyShare, SpentElsewhere};
use worv_store::{
    Asked, GatewayId, Store, StoreError,
    usage::{self, Writer},
};

use super::background::beat;

/// How often gateways tell each other what is asked of them.
const EXCHANGE_EVERY: Duration = Duration::from_secs(1);

/// How long the end waits to give back what is held.
const LEAVING: Duration = Duration::from_secs(1);

type Spent = watch::Receiver<Option<Arc<usage::SpentElsewhere>>>;

/// What works on it.
struct Limits {
    gateway: Arc<Gateway>,
    store: Store,
    spent: Spent,
    /// This gateway among those that share the database.
    id: GatewayId,
    stopping: CancellationToken,
}

/// Tells the data path all there is to know before the first request, and goes on until the gateway stops.
pub async fn keep(
    gateway: &Arc<Gateway>,
    store: &Store,
    usage: &Writer,
    entropy: &Entropy,
    (tasks, stopping): (&TaskTracker, &CancellationToken),
) -> Result<(), StoreError> {
    let mut limits = Limits {
        gateway: Arc::clone(gateway),
        store: store.clone(),
        spent: usage.spent_elsewhere(),
        id: GatewayId(i64::from_le_bytes(entropy.bytes())),
        stopping: stopping.clone(),
    };
    limits.begin().await?;
    tasks.spawn(limits.follow());
    Ok(())
}

impl Limits {
    async fn begin(&mut self) -> Result<(), StoreError> {
        self.exchange().await?;
        if let Ok(spent) = self.spent.wait_for(Option::is_some).await {
            tell(&self.gateway, spent.as_deref());
        }
        Ok(())
    }

    async fn follow(mut self) {
        let mut beat = beat(EXCHANGE_EVERY);
        let mut failing = false;
        loop {
            tokio::select! {
                () = self.stopping.cancelled() => break,
                Ok(()) = self.spent.changed() => {
                    let spent = self.spent.borrow_and_update().clone();
                    tell(&self.gateway, spent.as_deref());
                }
                _ = beat.tick() => match self.exchange().await {
                    Ok(()) => failing = false,
                    Err(error) => {
                        if !std::mem::replace(&mut failing, true) {
                            tracing::warn!(%error, "cannot share limits with other gateways; each keeps its part");
                        }
                    }
                }
            }
        }
        // Otherwise the others wait for a few seconds until they take it.
        let _in_time = timeout(LEAVING, self.store.leave_shares(self.id)).await;
    }

    async fn exchange(&self) -> Result<(), StoreError> {
        let written = self.spent.borrow().clone();
        let written = |key| -> usage::Spent {
            let by_key = written.as_ref().map(|spent| &spent.written_here);
            by_key.and_then(|by_key| by_key.get(&key)).copied().unwrap_or_default()
        };
        let demand = self.gateway.demand().into_iter();
        let asked: HashMap<_, _> = demand
            .map(|demand| (demand.key, asked(demand, written(demand.key))))
            .collect();
        let shares = self.store.exchange_shares(self.id, &asked).await?;
        let of_keys: HashMap<KeyId, _> = shares.of_keys.into_iter().map(|(key, of)| (key, share(of))).collect();
        self.gateway.replace_shares(&of_keys, shares.of_others);
        Ok(())
    }
}

/// What is said to other gateways of one key.
fn asked(demand: KeyDemand, written: usage::Spent) -> Asked {
    let budget = |used: BudgetUse, written| worv_store::BudgetUse {
        start: used.start,
        spent: used.spent,
        written,
        allowance: used.allowance,
    };
    Asked {
        requests: demand.requests,
        admitted: demand.admitted,
        tokens: demand.tokens,
        under_way: demand.under_way,
        day: budget(demand.day, written.day),
        month: budget(demand.month, written.month),
    }
}

fn share(share: worv_store::KeyShare) -> KeyShare {
    let allowance = |of: worv_store::Allowance| Allowance {
        start: of.start,
        tokens: of.tokens,
    };
    KeyShare {
        part: share.part,
        day: share.day.map(allowance),
        month: share.month.map(allowance),
    }
}

fn tell(gateway: &Gateway, spent: Option<&usage::SpentElsewhere>) {
    let Some(spent) = spent else { return };
    let by_key: HashMap<_, _> = spent
        .keys
        .iter()
        .map(|(key, of_key)| {
            let elsewhere = SpentElsewhere {
                as_of: spent.as_of,
                day: of_key.day,
                month: of_key.month,
            };
            (*key, elsewhere)
        })
        .collect();
    gateway.replace_spent(&by_key);
}
