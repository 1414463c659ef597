//! Letting a request in: its key's limits on requests, room at the engine, then the tokens that it may use.

use std::{sync::Arc, time::Duration};

use worv_core::UnixMillis;

use crate::{
    Gateway,
    account::{Account, Entry, Exhausted, Holder, Reservation},
    error::ApiError,
    queue::Slot,
};

/// A request that has found room at the engine, but does not yet use it. Dropping it leaves no trace.
#[derive(Debug)]
pub(crate) struct Entered {
    entry: Entry,
    slot: Slot,
}

/// What an admitted request holds. Dropping it gives back what was reserved, and lets the next one in.
#[derive(Debug)]
pub(crate) struct Admission {
    reservation: Reservation,
    _entry: Entry,
    _slot: Slot,
}

/// Waits for room for a request whose body has `bytes`, if its key's limits allow one.
pub(crate) async fn enter(gateway: &Gateway, holder: &Arc<Holder>, bytes: usize) -> Result<Entered, ApiError> {
    let entry = Account::enter(holder, gateway.clock.now()).map_err(ApiError::exhausted)?;
    let grant = &holder.grant;
    let slot = gateway.queue.enter(grant.id, grant.settings.weight, bytes).await;
    Ok(Entered {
        slot: slot.map_err(ApiError::no_room)?,
        entry,
    })
}

impl Entered {
    /// How long it waited for room.
    pub(crate) fn waited(&self) -> Duration {
        self.slot.waited
    }

    /// Reserves as many tokens as the request may use at most, or tells which limit stands against it.
    pub(crate) fn reserve(&self, tokens: u64, now: UnixMillis) -> Result<Reservation, Exhausted> {
        let Holder { grant, account } = &*self.entry.holder;
        account.reserve(&grant.settings, tokens, now)
    }

    /// Admits the request: from here on it counts.
    pub(crate) fn admit(mut self, reservation: Reservation) -> Admission {
        self.entry.admit();
        Admission {
            reservation,
            _entry: self.entry,
            _slot: self.slot,
        }
    }
}

impl Admission {
    /// Ends it, with what was used.
    pub(crate) fn settle(self, tokens: u64, now: UnixMillis) {
        self.reservation.settle(tokens, now);
    }
}
