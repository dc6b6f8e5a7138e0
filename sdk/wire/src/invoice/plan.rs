//! Plans: what a month costs, in whole numbers.

use super::fold::{Figures, OperationClass};
use serde::{Deserialize, Serialize};

/// The largest price, a billion won in millionths, and the largest fee in won.
const PRICE_MAX: u64 = 1_000_000_000_000_000;
/// The most that a month may include.
const INCLUDED_MAX: u64 = 1 << 60;
/// The most prices of a plan.
const PRICES_MAX: usize = 32;
/// Millionths in a won.
const MICRO: u128 = 1_000_000;
/// Bytes in a GiB.
const GIB: u128 = 1 << 30;

/// A version of a plan. It never changes; other terms are another version. Fields are in the order of their names, which
/// is that of the canonical bytes, as everywhere in an invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanTerms {
    /// What a month costs before any use, in won.
    pub base_fee_krw: u64,
    /// What is included in it.
    pub included: Included,
    /// The plan's name.
    pub name: String,
    /// The prices, in the order of class and tier; what is not listed costs nothing.
    pub prices: Vec<Price>,
    /// The version's number, from 1.
    pub version: u32,
}

/// What a month includes, over all lines together. Lines use it up in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Included {
    /// Bytes.
    pub bytes: u64,
    /// Requests.
    pub requests: u64,
    /// Rows.
    pub rows: u64,
}

/// The prices of one kind of operation in one tier, in millionths of a won.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// The kind of operation.
    pub class: OperationClass,
    /// Of a GiB (2³⁰ bytes).
    pub gib_micro_krw: u64,
    /// Of a million rows.
    pub million_rows_micro_krw: u64,
    /// Of a request.
    pub request_micro_krw: u64,
    /// The tier: `synthetic` or `deidentified`; empty for what has none.
    pub tier: String,
}

/// Terms that are no plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a plan: {0}")]
pub struct InvalidPlan(pub &'static str);

impl PlanTerms {
    /// The plan of those who were given none: free of charge.
    pub fn sandbox() -> Self {
        let (name, included) = ("sandbox".to_owned(), Included::default());
        Self { base_fee_krw: 0, included, name, prices: Vec::new(), version: 1 }
    }

    /// Checks that prices are in order, each once, and within limits.
    pub fn check(&self) -> Result<(), InvalidPlan> {
        let key = |price: &Price| (price.class, price.tier.clone());
        let ordered = self.prices.iter().zip(self.prices.iter().skip(1)).all(|(one, next)| key(one) < key(next));
        let cheap = |price: &Price| {
            [price.gib_micro_krw, price.million_rows_micro_krw, price.request_micro_krw].iter().all(|p| *p <= PRICE_MAX)
        };
        if self.name.is_empty() || self.name.chars().count() > 80 || self.name.chars().any(char::is_control) {
            Err(InvalidPlan("its name is empty, longer than 80 letters or has control characters"))
        } else if self.version == 0 {
            Err(InvalidPlan("versions are counted from 1"))
        } else if self.prices.len() > PRICES_MAX {
            Err(InvalidPlan("it has more than 32 prices"))
        } else if !ordered {
            Err(InvalidPlan("its prices are not in the order of class and tier, each once"))
        } else if self.base_fee_krw > PRICE_MAX || !self.prices.iter().all(cheap) {
            Err(InvalidPlan("a price is above a billion won"))
        } else if [self.included.bytes, self.included.requests, self.included.rows].iter().any(|n| *n > INCLUDED_MAX) {
            Err(InvalidPlan("it includes more than there can be"))
        } else {
            Ok(())
        }
    }

    /// The price of an operation in a tier; free of charge when it is not listed.
    pub fn price(&self, class: OperationClass, tier: &str) -> Price {
        let listed = self.prices.iter().find(|price| price.class == class && price.tier == tier);
        listed.cloned().unwrap_or_else(|| Price {
            class,
            gib_micro_krw: 0,
            million_rows_micro_krw: 0,
            request_micro_krw: 0,
            tier: tier.to_owned(),
        })
    }
}

impl Included {
    /// Takes what a line may have for nothing, and leaves the rest.
    pub(super) fn take(&mut self, used: Figures) -> Self {
        let take = |left: &mut u64, used: u64| {
            let taken = used.min(*left);
            *left -= taken;
            taken
        };
        Self {
            bytes: take(&mut self.bytes, used.bytes),
            requests: take(&mut self.requests, used.requests),
            rows: take(&mut self.rows, used.rows),
        }
    }
}

impl Price {
    /// What figures cost beyond what is included, in won: requests, rows and bytes, each rounded to a whole won, half a
    /// won up. Nothing when the sum does not fit 64 bits.
    pub fn amount_krw(&self, used: Figures, included: Included) -> Option<u64> {
        let requests = charge(used.requests - included.requests.min(used.requests), self.request_micro_krw, 1)?;
        let rows = charge(used.rows - included.rows.min(used.rows), self.million_rows_micro_krw, MICRO)?;
        let bytes = charge(used.bytes - included.bytes.min(used.bytes), self.gib_micro_krw, GIB)?;
        requests.checked_add(rows)?.checked_add(bytes)
    }
}

fn charge(quantity: u64, price_micro_krw: u64, unit: u128) -> Option<u64> {
    let parts = u128::from(quantity).checked_mul(u128::from(price_micro_krw))?;
    let won = MICRO * unit;
    u64::try_from(parts.checked_mul(2)?.checked_add(won)? / (won * 2)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_rounded_half_up_to_a_won_each() {
        for (quantity, price, unit, won) in [
            (1, 499_999, 1, 0),
            (1, 500_000, 1, 1),
            (3, 500_000, 1, 2),
            (1_500_000, 1_000_000, MICRO, 2),
            (1 << 29, 1_000_000, GIB, 1),
            ((1 << 29) - 1, 1_000_000, GIB, 0),
            (0, PRICE_MAX, 1, 0),
        ] {
            assert_eq!(charge(quantity, price, unit), Some(won), "{quantity} at {price} per {unit}");
        }
        assert_eq!(charge(u64::MAX, PRICE_MAX, 1), None, "more than 64 bits hold");
    }

    #[test]
    fn what_is_included_is_free_and_used_up() {
        let mut left = Included { bytes: 10, requests: 5, rows: 0 };
        let used = Figures { requests: 3, rows: 4, bytes: 20 };
        assert_eq!(left.take(used), Included { bytes: 10, requests: 3, rows: 0 });
        assert_eq!(left, Included { bytes: 0, requests: 2, rows: 0 });
        let price = Price {
            class: OperationClass::Rows,
            gib_micro_krw: 0,
            million_rows_micro_krw: 0,
            request_micro_krw: 10_000_000,
            tier: "synthetic".to_owned(),
        };
        assert_eq!(price.amount_krw(used, Included { requests: 2, ..Included::default() }), Some(10));
    }
}
