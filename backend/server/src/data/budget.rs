//! Budgets: how much a grant may read in its life, and an app of synthetic data in a day. What was used comes from the
//! ledger once; from then on every read reserves here before it starts and settles with what it really sent.

use crate::data::shards::Shards;
use crate::fault::Fault;
use crate::state::App;
use mudeung_core::clock::Timestamp;
use mudeung_core::grant::Grant;
use mudeung_core::id::{AppId, GrantId};
use mudeung_core::quota::{Amount, Budget, Exhausted, Reservation};
use mudeung_wire::problem::Code;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::OnceCell;

/// The name of the policy of a grant.
pub const GRANT: &str = "grant";
/// The name of the policy of synthetic data.
pub const SYNTHETIC_DAY: &str = "synthetic-day";

const DAY_SECONDS: i64 = 86_400;
/// What a read of unknown size sets aside at a time.
const STEP: Amount = Amount { bytes: 1 << 20, rows: 8_192 };

/// One budget, shared by all reads that it pays for.
pub struct Account {
    policy: &'static str,
    resets_at: Option<Timestamp>,
    budget: Mutex<Budget>,
}

/// What one read has set aside. Dropped, it is settled with what was spent.
pub struct Hold {
    account: Arc<Account>,
    reservation: Option<Reservation>,
    spent: Amount,
}

type Slot = Arc<OnceCell<Arc<Account>>>;

/// All budgets.
pub struct Budgets {
    synthetic_limit: Amount,
    grants: Shards<GrantId, Slot>,
    synthetic: Shards<(AppId, i64), Slot>,
}

impl Budgets {
    /// No budget is known yet.
    pub fn new(synthetic_limit: Amount) -> Self {
        Self { synthetic_limit, grants: Shards::default(), synthetic: Shards::default() }
    }

    /// The budget that pays for a read: that of the grant, or the app's own for synthetic data today.
    pub async fn account(&self, app: &App, caller: AppId, grant: Option<&Grant>) -> Result<Arc<Account>, Fault> {
        match grant {
            Some(grant) => self.of_grant(app, grant).await,
            None => self.of_synthetic(app, caller).await,
        }
    }

    async fn of_grant(&self, app: &App, grant: &Grant) -> Result<Arc<Account>, Fault> {
        let slot = self.grants.with(&grant.id, |shard| Arc::clone(shard.entry(grant.id).or_default()));
        let account = slot.get_or_try_init(|| async {
            let used = app.ledger.used(&grant.id.to_string()).await?;
            Ok::<_, Fault>(Arc::new(Account::new(GRANT, None, grant.quota, used)))
        });
        account.await.cloned()
    }

    async fn of_synthetic(&self, app: &App, caller: AppId) -> Result<Arc<Account>, Fault> {
        let day = app.clock.now().seconds().div_euclid(DAY_SECONDS);
        let key = (caller, day);
        let slot = self.synthetic.with(&key, |shard| Arc::clone(shard.entry(key).or_default()));
        let account = slot.get_or_try_init(|| async {
            let midnight = Timestamp::from_seconds(day.saturating_mul(DAY_SECONDS));
            let next = Timestamp::from_seconds(day.saturating_add(1).saturating_mul(DAY_SECONDS));
            let used = app.ledger.used_synthetic_since(&caller.to_string(), midnight).await?;
            Ok::<_, Fault>(Arc::new(Account::new(SYNTHETIC_DAY, Some(next), self.synthetic_limit, used)))
        });
        account.await.cloned()
    }

    /// Forgets the days that are over. Reads that began in them settle with their own day.
    pub fn sweep(&self, now: Timestamp) {
        let today = now.seconds().div_euclid(DAY_SECONDS);
        self.synthetic.retain(|(_, day), _| *day >= today);
    }
}

impl Account {
    /// A budget of which `used` is gone already.
    pub const fn new(policy: &'static str, resets_at: Option<Timestamp>, limit: Amount, used: Amount) -> Self {
        Self { policy, resets_at, budget: Mutex::new(Budget::new(limit, used)) }
    }

    /// The policy's name.
    pub const fn policy(&self) -> &'static str {
        self.policy
    }

    /// When it starts anew.
    pub const fn resets_at(&self) -> Option<Timestamp> {
        self.resets_at
    }

    /// What may be read in all.
    pub fn limit(&self) -> Amount {
        self.locked().limit()
    }

    /// What can still be set aside.
    pub fn remaining(&self) -> Amount {
        self.locked().remaining()
    }

    /// Whether there is anything left to read with.
    pub fn is_empty(&self) -> bool {
        let remaining = self.remaining();
        remaining.bytes == 0 || remaining.rows == 0
    }

    /// Sets an amount aside, all of it or nothing.
    pub fn hold(self: &Arc<Self>, want: Amount) -> Result<Hold, Exhausted> {
        let reservation = self.locked().reserve(want)?;
        Ok(Hold { account: Arc::clone(self), reservation: Some(reservation), spent: Amount::ZERO })
    }

    /// Sets a first step aside for a read whose size nobody knows yet.
    pub fn hold_step(self: &Arc<Self>) -> Result<Hold, Exhausted> {
        let reservation = self.locked().reserve_up_to(STEP)?;
        Ok(Hold { account: Arc::clone(self), reservation: Some(reservation), spent: Amount::ZERO })
    }

    /// The fault for a caller whose budget does not suffice.
    pub fn exhausted(&self, left: Exhausted, now: Timestamp) -> Fault {
        let Amount { bytes, rows } = left.remaining;
        let (en, ko) = match self.policy {
            SYNTHETIC_DAY => (
                format!("Today's budget of synthetic data has {bytes} bytes and {rows} rows left. See GET /v1/quota."),
                format!("오늘의 합성 데이터 할당량이 {bytes}바이트, {rows}행 남았습니다. GET /v1/quota를 확인하세요."),
            ),
            _ => (
                format!("The grant's budget has {bytes} bytes and {rows} rows left. See GET /v1/quota."),
                format!("승인된 할당량이 {bytes}바이트, {rows}행 남았습니다. GET /v1/quota를 확인하세요."),
            ),
        };
        let mut fault = Fault::new(Code::QuotaExhausted, en, ko);
        fault.policies.push(self.policy.to_owned());
        // A grant's budget never starts anew; a day is as good as any time to look whether it was renewed.
        let wait = self.resets_at.map_or(DAY_SECONDS, |at| at.seconds().saturating_sub(now.seconds()));
        fault.retry_after(u64::try_from(wait).unwrap_or(1).max(1))
    }

    fn locked(&self) -> MutexGuard<'_, Budget> {
        self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hold {
    /// Spends an amount, setting more aside when what is held does not suffice. When nothing suffices, nothing is spent.
    pub fn spend(&mut self, amount: Amount) -> Result<(), Exhausted> {
        let held = self.reservation.as_ref().map_or(Amount::ZERO, Reservation::amount);
        let after = self.spent.plus(amount);
        if !after.fits_in(held) {
            self.renew(amount)?;
        }
        self.spent = self.spent.plus(amount);
        Ok(())
    }

    /// Books what was spent and sets the next step aside.
    fn renew(&mut self, amount: Amount) -> Result<(), Exhausted> {
        let mut budget = self.account.locked();
        if let Some(reservation) = self.reservation.take() {
            budget.settle(reservation, std::mem::take(&mut self.spent));
        }
        let want = Amount { bytes: amount.bytes.max(STEP.bytes), rows: amount.rows.max(STEP.rows) };
        let remaining = budget.remaining();
        let give = Amount { bytes: want.bytes.min(remaining.bytes), rows: want.rows.min(remaining.rows) };
        if !amount.fits_in(give) {
            return Err(Exhausted { remaining });
        }
        self.reservation = Some(budget.reserve(give)?);
        Ok(())
    }

    /// Ends the read with what it really sent.
    pub fn settle(mut self, actual: Amount) {
        self.spent = actual;
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let Some(reservation) = self.reservation.take() {
            self.account.locked().settle(reservation, self.spent);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn account(bytes: u64, rows: u64) -> Arc<Account> {
        Arc::new(Account::new(GRANT, None, Amount { bytes, rows }, Amount::ZERO))
    }

    #[test]
    fn concurrent_readers_never_pass_the_budget_and_leave_nothing_reserved() {
        let limit = Amount { bytes: 50 << 20, rows: 400_000 };
        let shared = account(limit.bytes, limit.rows);
        let readers: Vec<_> = (0..16_u64)
            .map(|seed| {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || {
                    let mut sent = Amount::ZERO;
                    for round in 0..200 {
                        let Ok(mut hold) = shared.hold_step() else { break };
                        for piece in 0..(seed + round) % 7 {
                            let chunk = Amount { bytes: 9_000 * (piece + 1), rows: 60 * piece };
                            if hold.spend(chunk).is_err() {
                                break;
                            }
                            sent = sent.plus(chunk);
                        }
                    }
                    sent
                })
            })
            .collect();
        let sent = readers.into_iter().fold(Amount::ZERO, |sum, reader| sum.plus(reader.join().unwrap()));
        assert!(sent.fits_in(limit));
        assert_eq!(shared.remaining(), limit.minus(sent));
    }

    proptest! {
        #[test]
        fn a_read_spends_exactly_what_it_was_allowed(
            limit in (0_u64..4 << 20, 0_u64..20_000),
            chunks in proptest::collection::vec((0_u64..900_000, 0_u64..5_000), 0..30),
        ) {
            let shared = account(limit.0, limit.1);
            let mut spent = Amount::ZERO;
            if let Ok(mut hold) = shared.hold_step() {
                for (bytes, rows) in chunks {
                    let chunk = Amount { bytes, rows };
                    let fits = spent.plus(chunk).fits_in(shared.limit());
                    prop_assert_eq!(hold.spend(chunk).is_ok(), fits);
                    if !fits { break }
                    spent = spent.plus(chunk);
                }
            }
            prop_assert_eq!(shared.remaining(), shared.limit().minus(spent));
        }
    }
}
