//! A meter: one budget, of which this node holds a share.

use crate::fault::Fault;
use crate::state::App;
use mudeung_core::clock::Timestamp;
use mudeung_core::quota::{Amount, Budget, Exhausted, Reservation};
use mudeung_store::UsedBy;
use mudeung_store::shares::{self, Draw};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What a meter counts and up to where.
#[derive(Debug, Clone)]
pub struct Limit {
    /// The name of the policy.
    pub policy: &'static str,
    /// What may be read in all.
    pub amount: Amount,
    /// When it starts anew.
    pub resets_at: Option<Timestamp>,
    /// Whose reads the ledger counts for it.
    pub by: UsedBy,
}

/// One budget and this node's share of it.
pub struct Meter {
    id: String,
    policy: &'static str,
    resets_at: Option<Timestamp>,
    by: UsedBy,
    state: Mutex<State>,
    /// One draw at a time: the others wait and then have what it got.
    drawing: tokio::sync::Mutex<()>,
}

struct State {
    limit: Amount,
    share: Budget,
    /// What nobody held when this node last drew.
    elsewhere: Amount,
    /// Whether this node drew since it holds to this limit.
    drawn: bool,
    /// The level at which people were told last, as far as this node knows.
    alerted: u8,
}

impl Meter {
    /// A meter without a share.
    pub(super) fn new(id: String, limit: &Limit) -> Self {
        let state = State {
            limit: limit.amount,
            share: Budget::new(Amount::ZERO, Amount::ZERO),
            elsewhere: Amount::ZERO,
            drawn: false,
            alerted: 0,
        };
        let (by, drawing) = (limit.by.clone(), tokio::sync::Mutex::default());
        Self { id, policy: limit.policy, resets_at: limit.resets_at, by, state: Mutex::new(state), drawing }
    }

    /// A meter with all of a budget, that needs no database.
    #[cfg(test)]
    pub(super) fn whole(limit: Amount) -> Self {
        let all = Limit { policy: super::GRANT, amount: limit, resets_at: None, by: UsedBy::default() };
        let meter = Self::new("test".to_owned(), &all);
        let mut state = meter.locked();
        state.share.grow(limit);
        state.drawn = true;
        drop(state);
        meter
    }

    /// Its name in the control database.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The policy's name.
    pub const fn policy(&self) -> &'static str {
        self.policy
    }

    /// When it starts anew.
    pub const fn resets_at(&self) -> Option<Timestamp> {
        self.resets_at
    }

    /// Whose reads the ledger counts for it.
    pub const fn by(&self) -> &UsedBy {
        &self.by
    }

    /// What may be read in all.
    pub fn limit(&self) -> Amount {
        self.locked().limit
    }

    /// What can still be set aside: of this node's share, and what was free for all when it last looked.
    pub fn remaining(&self) -> Amount {
        let state = self.locked();
        state.share.remaining().plus(state.elsewhere)
    }

    /// What can be set aside without asking anyone.
    pub(super) fn at_hand(&self) -> Amount {
        self.locked().share.remaining()
    }

    /// Sets an amount aside.
    pub(super) fn reserve(&self, want: Amount) -> Result<Reservation, Exhausted> {
        self.locked().share.reserve(want)
    }

    /// Sets more aside for the same read.
    pub(super) fn extend(&self, reservation: &mut Reservation, by: Amount) -> Result<(), Exhausted> {
        self.locked().share.extend(reservation, by)
    }

    /// Gives a part of a reservation back.
    pub(super) fn reduce(&self, reservation: &mut Reservation, by: Amount) {
        self.locked().share.reduce(reservation, by);
    }

    /// Ends a part of a longer read.
    pub(super) fn absorb(&self, whole: &mut Reservation, part: Reservation, spent: Amount) {
        self.locked().share.absorb(whole, part, spent);
    }

    /// Gives a reservation back, with what was really spent.
    pub(super) fn settle(&self, reservation: Reservation, spent: Amount) {
        self.locked().share.settle(reservation, spent);
    }

    /// Holds to another limit from now on; the next reader draws anew.
    pub(super) fn hold_to(&self, limit: Amount) {
        let mut state = self.locked();
        if state.limit != limit {
            state.limit = limit;
            state.drawn = false;
        }
    }

    /// Whether nobody reads with it and everything is booked.
    pub(super) fn is_settled(&self) -> bool {
        let state = self.locked();
        state.share.used() == Amount::ZERO && state.share.limit() == state.share.remaining()
    }

    /// Draws when so much is not at hand and there may be more.
    pub(super) async fn prepare(&self, app: &App, want: Amount) -> Result<(), Fault> {
        if self.suffices(want) {
            return Ok(());
        }
        let _turn = self.drawing.lock().await;
        if self.suffices(want) {
            return Ok(());
        }
        self.draw(app, want).await
    }

    fn suffices(&self, want: Amount) -> bool {
        let state = self.locked();
        state.drawn && want.fits_in(state.share.remaining())
    }

    async fn draw(&self, app: &App, want: Amount) -> Result<(), Fault> {
        let stale = !self.locked().drawn;
        if stale {
            // Another limit than the share was drawn under: begin anew with what is not in use.
            let back = self.shrink();
            self.tell(app, Amount::ZERO, back).await.inspect_err(|_| self.locked().share.grow(back))?;
        }
        let id = self.id.clone();
        let mark = app.db.read("meter.mark", move |conn| shares::mark(conn, &id)).await?;
        let used = app.ledger.used(self.by.clone()).await?;
        let draw = Draw {
            node: app.data.budgets.node.id().to_owned(),
            meter: self.id.clone(),
            limit: self.limit(),
            used,
            mark,
            want,
            ends_at: self.resets_at,
        };
        let limit = draw.limit;
        let drawn = app.db.tx("meter.draw", move |conn| shares::draw(conn, &draw)).await?;
        let mut state = self.locked();
        state.share.grow(drawn.given);
        state.elsewhere = drawn.left;
        state.drawn = state.limit == limit;
        Ok(())
    }

    /// Books and gives back, in the control database.
    async fn tell(&self, app: &App, used: Amount, back: Amount) -> Result<(), Fault> {
        if used == Amount::ZERO && back == Amount::ZERO {
            return Ok(());
        }
        let node = app.data.budgets.node.id().to_owned();
        let booking = shares::Booking { meter: self.id.clone(), used, back };
        Ok(app.db.tx("meter.give_back", move |conn| shares::book(conn, &node, &[booking])).await?)
    }

    /// What was spent and is not booked.
    pub(super) fn used(&self) -> Amount {
        self.locked().share.used()
    }

    /// Takes out of the share what nobody set aside.
    pub(super) fn shrink(&self) -> Amount {
        self.shrink_to(Amount::ZERO)
    }

    /// Takes out of the share what nobody set aside, but for so much.
    pub(super) fn shrink_to(&self, keep: Amount) -> Amount {
        let mut state = self.locked();
        let surplus = state.share.remaining().minus(keep);
        state.share.shrink(surplus)
    }

    /// Puts back what could not be given back.
    pub(super) fn grow(&self, by: Amount) {
        self.locked().share.grow(by);
    }

    /// Ends a round: so much was booked, so much is free for all.
    pub(super) fn booked(&self, used: Amount, back: Amount) {
        let mut state = self.locked();
        state.share.book(used);
        state.elsewhere = state.elsewhere.plus(back);
    }

    /// Forgets its share, because the others took this node for dead.
    pub(super) fn void(&self) {
        let mut state = self.locked();
        state.share.shrink(Amount { bytes: u64::MAX, rows: u64::MAX });
        state.drawn = false;
    }

    /// Whether the level is higher than the one that people were told of, as far as this node knows; from now on it is.
    pub(super) fn reaches(&self, level: u8) -> bool {
        let mut state = self.locked();
        let higher = level > state.alerted;
        state.alerted = state.alerted.max(level);
        higher
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
