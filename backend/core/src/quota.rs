//! Quota arithmetic, in integers: reserve before reading, settle with what was really sent.

/// An amount of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Amount {
    /// Bytes of response bodies.
    pub bytes: u64,
    /// Rows; a file counts with the rows it holds.
    pub rows: u64,
}

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self { bytes: 0, rows: 0 };

    /// Both parts added; saturates.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self { bytes: self.bytes.saturating_add(other.bytes), rows: self.rows.saturating_add(other.rows) }
    }

    /// Both parts subtracted; stops at zero.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self { bytes: self.bytes.saturating_sub(other.bytes), rows: self.rows.saturating_sub(other.rows) }
    }

    /// Whether both parts are at most the other's.
    pub const fn fits_in(self, other: Self) -> bool {
        self.bytes <= other.bytes && self.rows <= other.rows
    }
}

/// The budget cannot give what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the budget has {} bytes and {} rows left", remaining.bytes, remaining.rows)]
pub struct Exhausted {
    /// What is left.
    pub remaining: Amount,
}

/// What a read in progress has set aside. It must be given back to [`Budget::settle`].
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a reservation holds budget until it is settled"]
pub struct Reservation(Amount);

impl Reservation {
    /// What was set aside.
    pub const fn amount(&self) -> Amount {
        self.0
    }
}

/// How much may be read, how much was, and how much is set aside for reads in progress.
///
/// ```
/// use mudeung_core::quota::{Amount, Budget};
/// let mut budget = Budget::new(Amount { bytes: 100, rows: 10 }, Amount::ZERO);
/// let held = budget.reserve(Amount { bytes: 60, rows: 5 })?;
/// assert!(budget.reserve(Amount { bytes: 60, rows: 5 }).is_err());
/// budget.settle(held, Amount { bytes: 20, rows: 2 });
/// assert_eq!(budget.remaining(), Amount { bytes: 80, rows: 8 });
/// # Ok::<(), mudeung_core::quota::Exhausted>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    limit: Amount,
    used: Amount,
    reserved: Amount,
}

impl Budget {
    /// A budget of which `used` is gone already.
    pub const fn new(limit: Amount, used: Amount) -> Self {
        Self { limit, used, reserved: Amount::ZERO }
    }

    /// What may be read in all.
    pub const fn limit(&self) -> Amount {
        self.limit
    }

    /// What was read.
    pub const fn used(&self) -> Amount {
        self.used
    }

    /// What can still be reserved.
    pub const fn remaining(&self) -> Amount {
        self.limit.minus(self.used.plus(self.reserved))
    }

    /// Sets an amount aside, all of it or nothing.
    pub const fn reserve(&mut self, want: Amount) -> Result<Reservation, Exhausted> {
        let remaining = self.remaining();
        if !want.fits_in(remaining) {
            return Err(Exhausted { remaining });
        }
        self.reserved = self.reserved.plus(want);
        Ok(Reservation(want))
    }

    /// Sets aside as much as there is, up to `want`; refused when a wanted part has nothing left.
    pub fn reserve_up_to(&mut self, want: Amount) -> Result<Reservation, Exhausted> {
        let remaining = self.remaining();
        let give = Amount { bytes: want.bytes.min(remaining.bytes), rows: want.rows.min(remaining.rows) };
        if (want.bytes > 0 && give.bytes == 0) || (want.rows > 0 && give.rows == 0) {
            return Err(Exhausted { remaining });
        }
        self.reserved = self.reserved.plus(give);
        Ok(Reservation(give))
    }

    /// Gives a reservation back and books what was really read. What was read is booked whole, even beyond the
    /// reservation: a bill never says less than what left.
    pub fn settle(&mut self, reservation: Reservation, actual: Amount) {
        self.reserved = self.reserved.minus(reservation.0);
        self.used = self.used.plus(actual);
    }

    /// Adds to what may be read in all.
    pub const fn grow(&mut self, by: Amount) {
        self.limit = self.limit.plus(by);
    }

    /// Takes away from what is neither used nor reserved, at most so much; answers how much it was.
    pub fn shrink(&mut self, at_most: Amount) -> Amount {
        let free = self.remaining();
        let back = Amount { bytes: free.bytes.min(at_most.bytes), rows: free.rows.min(at_most.rows) };
        self.limit = self.limit.minus(back);
        back
    }

    /// Takes out an amount that was used, because it is booked elsewhere from now on; what remains stays the same.
    pub const fn book(&mut self, used: Amount) {
        self.used = self.used.minus(used);
        self.limit = self.limit.minus(used);
    }

    /// Sets more aside for a read in progress, all of it or nothing.
    pub const fn extend(&mut self, reservation: &mut Reservation, by: Amount) -> Result<(), Exhausted> {
        match self.reserve(by) {
            Ok(Reservation(more)) => {
                reservation.0 = reservation.0.plus(more);
                Ok(())
            }
            Err(exhausted) => Err(exhausted),
        }
    }

    /// Gives a part of a reservation back.
    pub fn reduce(&mut self, reservation: &mut Reservation, by: Amount) {
        let back = Amount { bytes: by.bytes.min(reservation.0.bytes), rows: by.rows.min(reservation.0.rows) };
        reservation.0 = reservation.0.minus(back);
        self.reserved = self.reserved.minus(back);
    }

    /// Ends a part of a longer read: what the part spent stays set aside in the whole, the rest is free again.
    pub const fn absorb(&mut self, whole: &mut Reservation, part: Reservation, spent: Amount) {
        self.reserved = self.reserved.minus(part.0).plus(spent);
        whole.0 = whole.0.plus(spent);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn amounts() -> impl Strategy<Value = Amount> {
        (0_u64..1_000, 0_u64..100).prop_map(|(bytes, rows)| Amount { bytes, rows })
    }

    proptest! {
        /// Against the plainest model there is: a list of what is held and a sum of what was used.
        #[test]
        fn reads_that_stay_within_their_reservations_never_pass_the_limit(
            limit in amounts(),
            steps in proptest::collection::vec((amounts(), any::<bool>(), 0_u64..=100), 0..60),
        ) {
            let mut budget = Budget::new(limit, Amount::ZERO);
            let mut held: Vec<Reservation> = Vec::new();
            let mut used = Amount::ZERO;
            for (want, settle_first, percent) in steps {
                if settle_first && let Some(reservation) = held.pop() {
                    let amount = reservation.amount();
                    let actual = Amount { bytes: amount.bytes * percent / 100, rows: amount.rows * percent / 100 };
                    budget.settle(reservation, actual);
                    used = used.plus(actual);
                }
                let holding = held.iter().fold(used, |sum, r| sum.plus(r.amount()));
                let fits = holding.plus(want).fits_in(limit);
                match budget.reserve(want) {
                    Ok(reservation) => { prop_assert!(fits); held.push(reservation); }
                    Err(exhausted) => {
                        prop_assert!(!fits);
                        prop_assert_eq!(exhausted.remaining, limit.minus(holding));
                    }
                }
                prop_assert_eq!(budget.used(), used);
                prop_assert!(budget.used().fits_in(limit));
            }
        }
    }

    #[test]
    fn what_left_is_booked_even_beyond_the_reservation() {
        let mut budget = Budget::new(Amount { bytes: 10, rows: 10 }, Amount::ZERO);
        let held = budget.reserve(Amount { bytes: 5, rows: 1 }).unwrap();
        budget.settle(held, Amount { bytes: 12, rows: 1 });
        assert_eq!(budget.used().bytes, 12);
        assert_eq!(budget.remaining().bytes, 0);
    }
}
