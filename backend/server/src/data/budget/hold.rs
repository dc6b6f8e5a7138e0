//! What reads set aside: before the first byte, in every budget that pays for them, until their OUTCOME is on its way.

use super::meter::Meter;
use super::{DAY_SECONDS, SYNTHETIC_DAY};
use crate::fault::Fault;
use crate::state::App;
use mudeung_core::budget::STEP;
use mudeung_core::clock::Timestamp;
use mudeung_core::quota::{Amount, Reservation};
use mudeung_wire::problem::Code;
use std::sync::Arc;

/// The budgets that pay for a read; the first is that of its grant, or of synthetic data today.
pub struct Account {
    meters: Vec<Arc<Meter>>,
}

/// What one read has set aside. Dropped, it is settled with what was spent: drop it after its OUTCOME is handed over, so
/// that nothing is booked which the ledger does not know.
pub struct Hold {
    account: Arc<Account>,
    reservations: Vec<Reservation>,
    held: Amount,
    spent: Amount,
}

/// A budget that cannot give what was asked for.
pub struct Short {
    meter: Arc<Meter>,
}

impl Account {
    pub(super) const fn new(meters: Vec<Arc<Meter>>) -> Self {
        Self { meters }
    }

    /// The budgets, the main one first.
    pub fn meters(&self) -> &[Arc<Meter>] {
        &self.meters
    }

    /// What can still be set aside in every budget.
    pub fn remaining(&self) -> Amount {
        self.least(Meter::remaining)
    }

    fn least(&self, of: impl Fn(&Meter) -> Amount) -> Amount {
        let all = Amount { bytes: u64::MAX, rows: u64::MAX };
        let least =
            |one: Amount, other: Amount| Amount { bytes: one.bytes.min(other.bytes), rows: one.rows.min(other.rows) };
        self.meters.iter().fold(all, |sum, meter| least(sum, of(meter)))
    }

    /// The budget that has nothing left to read with, when there is one.
    pub fn empty(&self) -> Option<Short> {
        let is_empty = |meter: &&Arc<Meter>| {
            let remaining = meter.remaining();
            remaining.bytes == 0 || remaining.rows == 0
        };
        self.meters.iter().find(is_empty).map(|meter| Short { meter: Arc::clone(meter) })
    }

    /// The budget in which so much does not fit, when there is one.
    pub fn short_of(&self, want: Amount) -> Option<Short> {
        let lacks = |meter: &&Arc<Meter>| !want.fits_in(meter.remaining());
        self.meters.iter().find(lacks).map(|meter| Short { meter: Arc::clone(meter) })
    }

    /// Sees to it that so much is at hand in every budget, as far as there is so much.
    pub async fn prepare(&self, app: &App, want: Amount) -> Result<(), Fault> {
        for meter in &self.meters {
            meter.prepare(app, want).await?;
        }
        Ok(())
    }

    /// Sets an amount aside in every budget, all of it or nothing.
    pub fn hold(self: &Arc<Self>, want: Amount) -> Result<Hold, Short> {
        let mut reservations = Vec::with_capacity(self.meters.len());
        for meter in &self.meters {
            match meter.reserve(want) {
                Ok(reservation) => reservations.push(reservation),
                Err(_) => {
                    self.settle(reservations, Amount::ZERO);
                    return Err(Short { meter: Arc::clone(meter) });
                }
            }
        }
        Ok(Hold { account: Arc::clone(self), reservations, held: want, spent: Amount::ZERO })
    }

    /// Sets a first step aside for a read whose size nobody knows yet.
    pub fn hold_step(self: &Arc<Self>) -> Result<Hold, Short> {
        // Others may take of it between the look and the hold; each time somebody gets on.
        loop {
            let free = self.least(Meter::at_hand);
            let want = Amount { bytes: STEP.bytes.min(free.bytes), rows: STEP.rows.min(free.rows) };
            let bare = |meter: &&Arc<Meter>| meter.at_hand().bytes == 0 || meter.at_hand().rows == 0;
            if let Some(meter) = self.meters.iter().find(bare) {
                return Err(Short { meter: Arc::clone(meter) });
            }
            if let Ok(hold) = self.hold(want) {
                return Ok(hold);
            }
        }
    }

    fn settle(&self, reservations: Vec<Reservation>, spent: Amount) {
        for (meter, reservation) in self.meters.iter().zip(reservations) {
            meter.settle(reservation, spent);
        }
    }
}

impl Hold {
    /// What pays for it.
    pub const fn account(&self) -> &Arc<Account> {
        &self.account
    }

    /// Spends an amount, setting more aside when what is held does not suffice. When nothing suffices, nothing is spent.
    pub fn spend(&mut self, amount: Amount) -> Result<(), Short> {
        let after = self.spent.plus(amount);
        if !after.fits_in(self.held) {
            self.extend(after)?;
        }
        self.spent = after;
        Ok(())
    }

    /// Sets aside what is missing to `after`, and a step more where there is one.
    fn extend(&mut self, after: Amount) -> Result<(), Short> {
        let missing = after.minus(self.held);
        let free = self.account.least(Meter::at_hand);
        let step = |missing: u64, step: u64, free: u64| if missing == 0 { 0 } else { missing.max(step.min(free)) };
        let by = Amount {
            bytes: step(missing.bytes, STEP.bytes, free.bytes),
            rows: step(missing.rows, STEP.rows, free.rows),
        };
        let Self { account, reservations, .. } = self;
        let mut short = None;
        let mut extended = 0_usize;
        for (meter, reservation) in account.meters.iter().zip(reservations.iter_mut()) {
            if meter.extend(reservation, by).is_err() {
                short = Some(Short { meter: Arc::clone(meter) });
                break;
            }
            extended += 1;
        }
        let Some(short) = short else {
            self.held = self.held.plus(by);
            return Ok(());
        };
        for (meter, reservation) in account.meters.iter().zip(reservations.iter_mut()).take(extended) {
            meter.reduce(reservation, by);
        }
        Err(short)
    }

    /// Ends a part of a longer read: what the part sent stays set aside in the whole, the rest is free again.
    pub fn absorb(&mut self, mut part: Self, sent: Amount) {
        let parts = std::mem::take(&mut part.reservations);
        for ((meter, whole), part) in self.account.meters.iter().zip(&mut self.reservations).zip(parts) {
            meter.absorb(whole, part, sent);
        }
        self.held = self.held.plus(sent);
        self.spent = self.spent.plus(sent);
    }

    /// Ends the read with what it really sent.
    pub fn settle(mut self, actual: Amount) {
        self.spent = actual;
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let reservations = std::mem::take(&mut self.reservations);
        self.account.settle(reservations, self.spent);
    }
}

impl std::fmt::Debug for Short {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Short").field("meter", &self.meter.id()).finish()
    }
}

impl Short {
    /// The fault for a caller whose budget does not suffice.
    pub fn fault(&self, now: Timestamp) -> Fault {
        let (policy, Amount { bytes, rows }) = (self.meter.policy(), self.meter.remaining());
        let (en, ko) = match policy {
            SYNTHETIC_DAY => (
                format!("Today's budget of synthetic data has {bytes} bytes and {rows} rows left. See GET /v1/quota."),
                format!("오늘의 합성 데이터 할당량이 {bytes}바이트, {rows}행 남았습니다. GET /v1/quota를 확인하세요."),
            ),
            super::GRANT => (
                format!("The grant's budget has {bytes} bytes and {rows} rows left. See GET /v1/quota."),
                format!("승인된 할당량이 {bytes}바이트, {rows}행 남았습니다. GET /v1/quota를 확인하세요."),
            ),
            _ => (
                format!("The budget {policy} has {bytes} bytes and {rows} rows left. See GET /v1/quota."),
                format!("할당량({policy})이 {bytes}바이트, {rows}행 남았습니다. GET /v1/quota를 확인하세요."),
            ),
        };
        let mut fault = Fault::new(Code::QuotaExhausted, en, ko);
        fault.policies.push(policy.to_owned());
        // A grant's budget never starts anew; a day is as good as any time to look whether it was renewed.
        let wait = self.meter.resets_at().map_or(DAY_SECONDS, |at| at.seconds().saturating_sub(now.seconds()));
        fault.retry_after(u64::try_from(wait).unwrap_or(1).max(1))
    }
}

#[cfg(test)]
mod tests;
