//! Budgets beyond grants, and how several nodes share what is left of one.
//!
//! A node never spends what it was not allotted. What is free is the limit less what the ledger has booked and less what
//! nodes hold and have not booked yet, so the sum over all nodes never passes the limit, whatever order they work in. The
//! price is that a node may be refused what another holds idle; nodes give idle shares back within seconds.

use crate::id::{AppId, OrganizationId};
use crate::name::Name;
use crate::quota::Amount;
use std::fmt;

/// Whose reads a budget counts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BudgetSubject {
    /// Of all apps of an organization.
    Organization(OrganizationId),
    /// Of one app.
    App(AppId),
    /// Of one dataset, by whomever.
    Dataset(Name),
}

/// How long a budget lasts. Days and months are those of UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Period {
    /// A calendar day.
    Day,
    /// A calendar month.
    Month,
    /// For ever.
    Total,
}

/// How much a subject may read in a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetRule {
    /// Whose reads are counted.
    pub subject: BudgetSubject,
    /// For how long.
    pub period: Period,
    /// How much.
    pub limit: Amount,
}

/// What a node gets at least when it draws, so that it does not come back for every piece.
pub const STEP: Amount = Amount { bytes: 1 << 20, rows: 8_192 };

/// The share a node gets that wants to set `want` aside, of what is `free`. A node that is alone gets everything; one
/// that is not gets a quarter, so that the next ones get something too, but never less than it wants if there is so much.
pub fn share(free: Amount, want: Amount, alone: bool) -> Amount {
    if alone {
        return free;
    }
    let part = |free: u64, want: u64, step: u64| want.max(step).max(free / 4).min(free);
    Amount { bytes: part(free.bytes, want.bytes, STEP.bytes), rows: part(free.rows, want.rows, STEP.rows) }
}

/// What nobody holds: the limit less what is booked and what nodes hold beyond that.
pub const fn free(limit: Amount, booked: Amount, held: Amount) -> Amount {
    limit.minus(booked.plus(held))
}

/// How much of a limit is used, in percent, rounded down; of bytes or rows, whichever is more.
pub fn percent(limit: Amount, used: Amount) -> u8 {
    let of = |used: u64, limit: u64| match limit {
        0 => 100,
        limit => u128::from(used) * 100 / u128::from(limit),
    };
    u8::try_from(of(used.bytes, limit.bytes).max(of(used.rows, limit.rows)).min(255)).unwrap_or(u8::MAX)
}

/// The levels, in percent, at which people are told.
pub const ALERT_LEVELS: [u8; 2] = [80, 90];

/// The highest level that was reached.
pub fn alert_level(limit: Amount, used: Amount) -> Option<u8> {
    let reached = percent(limit, used);
    ALERT_LEVELS.into_iter().rev().find(|level| reached >= *level)
}

impl BudgetSubject {
    /// The name of the kind.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Organization(_) => "organization",
            Self::App(_) => "app",
            Self::Dataset(_) => "dataset",
        }
    }

    /// The subject of a kind and an identifier or name.
    pub fn parse(kind: &str, id: &str) -> Option<Self> {
        match kind {
            "organization" => OrganizationId::parse(id).ok().map(Self::Organization),
            "app" => AppId::parse(id).ok().map(Self::App),
            "dataset" => Name::parse(id).ok().map(Self::Dataset),
            _ => None,
        }
    }
}

impl fmt::Display for BudgetSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Organization(id) => id.fmt(f),
            Self::App(id) => id.fmt(f),
            Self::Dataset(name) => name.fmt(f),
        }
    }
}

impl Period {
    /// All periods.
    pub const ALL: [Self; 3] = [Self::Day, Self::Month, Self::Total];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
            Self::Total => "total",
        }
    }

    /// The period of a name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|period| period.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::Budget;
    use proptest::prelude::*;

    const NODES: usize = 3;

    #[derive(Debug, Clone)]
    enum Step {
        Draw(usize, u64),
        Spend(usize, u64),
        Book(usize),
        GiveBack(usize),
        Die(usize),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let node = 0..NODES;
        let one = prop_oneof![
            (node.clone(), 0_u64..3_000_000).prop_map(|(node, want)| Step::Draw(node, want)),
            (node.clone(), 0_u64..3_000_000).prop_map(|(node, bytes)| Step::Spend(node, bytes)),
            node.clone().prop_map(Step::Book),
            node.clone().prop_map(Step::GiveBack),
            node.prop_map(Step::Die),
        ];
        proptest::collection::vec(one, 0..120)
    }

    proptest! {
        /// Nodes that draw, spend, book, give back and die in any order never spend more than the limit together.
        #[test]
        fn nodes_together_never_pass_the_limit(limit in 0_u64..20_000_000, steps in steps()) {
            let bytes = |bytes| Amount { bytes, rows: 0 };
            let mut shares = vec![Budget::new(Amount::ZERO, Amount::ZERO); NODES];
            // What the database holds of each node, and what the ledger has booked.
            let mut held = [Amount::ZERO; NODES];
            let mut booked = Amount::ZERO;
            let mut spent = 0_u64;
            for step in steps {
                match step {
                    Step::Draw(node, want) => {
                        let all = held.iter().fold(Amount::ZERO, |sum, one| sum.plus(*one));
                        let given = share(free(bytes(limit), booked, all), bytes(want), false);
                        held[node] = held[node].plus(given);
                        shares[node].grow(given);
                    }
                    Step::Spend(node, want) => if let Ok(reservation) = shares[node].reserve(bytes(want)) {
                        shares[node].settle(reservation, bytes(want));
                        spent += want;
                    },
                    Step::Book(node) => {
                        let used = shares[node].used();
                        shares[node].book(used);
                        booked = booked.plus(used);
                        held[node] = held[node].minus(used);
                    }
                    Step::GiveBack(node) => {
                        let back = shares[node].shrink(Amount { bytes: u64::MAX, rows: u64::MAX });
                        held[node] = held[node].minus(back);
                    }
                    Step::Die(node) => {
                        // Its entries are in the ledger; its share is free again.
                        booked = booked.plus(shares[node].used());
                        held[node] = Amount::ZERO;
                        shares[node] = Budget::new(Amount::ZERO, Amount::ZERO);
                    }
                }
                prop_assert!(spent <= limit, "{spent} of {limit}");
            }
        }
    }

    #[test]
    fn alone_a_node_gets_everything_and_beside_others_what_it_wants_if_there_is_so_much() {
        let free = Amount { bytes: 100 << 20, rows: 1_000_000 };
        assert_eq!(share(free, Amount::ZERO, true), free);
        assert_eq!(share(free, Amount::ZERO, false), Amount { bytes: 25 << 20, rows: 250_000 });
        let want = Amount { bytes: 90 << 20, rows: 1 };
        assert_eq!(share(free, want, false).bytes, want.bytes);
        let little = Amount { bytes: 10, rows: 10 };
        assert_eq!(share(little, want, false), little);
    }

    #[test]
    fn people_are_told_at_eighty_and_ninety_percent_of_bytes_or_rows() {
        let limit = Amount { bytes: 1_000, rows: 10 };
        for (used, level) in [((799, 7), None), ((800, 0), Some(80)), ((0, 9), Some(90)), ((5_000, 0), Some(90))] {
            assert_eq!(alert_level(limit, Amount { bytes: used.0, rows: used.1 }), level, "{used:?}");
        }
        assert_eq!(percent(Amount::ZERO, Amount::ZERO), 100);
    }
}
