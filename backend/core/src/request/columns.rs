//! The columns that a company asks for, and that nothing wider is opened.

use crate::grant::{Reach, TableGrant};
use crate::name::Name;
use crate::request::event::Proposal;
use std::collections::{BTreeMap, BTreeSet};

/// Columns by their tables. A table without columns is not asked for.
pub type Columns = BTreeMap<Name, BTreeSet<String>>;

/// What an approval opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// Which columns.
    pub columns: Columns,
    /// How far they may go.
    pub reach: Reach,
    /// For how many days.
    pub days: u32,
}

/// What a company wrote otherwise than the last time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Difference {
    /// Whether the purpose.
    pub purpose: bool,
    /// Whether what it says of an ethics committee.
    pub ethics: bool,
    /// Whether the use it proposes.
    pub uses: bool,
    /// Whether the agreement it signed.
    pub agreement: bool,
    /// Whether how far the data is to go.
    pub reach: bool,
    /// Columns it did not ask for before, as `table.column`.
    pub added: Vec<String>,
    /// Columns it does not ask for any more, as `table.column`.
    pub removed: Vec<String>,
}

/// The columns that tables of a grant open.
pub fn opened(tables: &BTreeMap<Name, TableGrant>) -> Columns {
    tables.iter().map(|(table, open)| (table.clone(), open.columns.clone())).collect()
}

/// How many columns there are.
pub fn count(columns: &Columns) -> usize {
    columns.values().map(BTreeSet::len).sum()
}

/// The columns of `these` that are not in `those`, as `table.column`.
pub fn beyond(these: &Columns, those: &Columns) -> Vec<String> {
    let there = |table: &Name, column: &String| those.get(table).is_some_and(|columns| columns.contains(column));
    let each = these.iter().flat_map(|(table, columns)| columns.iter().map(move |column| (table, column)));
    each.filter(|(table, column)| !there(table, column)).map(|(table, column)| format!("{table}.{column}")).collect()
}

impl Difference {
    /// What `after` says otherwise than `before`.
    pub fn between(before: &Proposal, after: &Proposal) -> Self {
        Self {
            purpose: before.purpose != after.purpose,
            ethics: before.ethics != after.ethics,
            uses: before.uses != after.uses,
            agreement: before.agreement != after.agreement,
            reach: before.reach != after.reach,
            added: beyond(&after.columns, &before.columns),
            removed: beyond(&before.columns, &after.columns),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn columns(pairs: &BTreeSet<(u8, u8)>) -> Columns {
        let mut columns = Columns::new();
        for (table, column) in pairs {
            let table = Name::parse(&format!("t{table}")).unwrap();
            columns.entry(table).or_default().insert(format!("c{column}"));
        }
        columns
    }

    proptest! {
        /// Columns are sets of pairs, and what goes beyond is their difference.
        #[test]
        fn what_goes_beyond_is_the_difference_of_sets(
            these in proptest::collection::btree_set((0_u8..3, 0_u8..4), 0..12),
            those in proptest::collection::btree_set((0_u8..3, 0_u8..4), 0..12),
        ) {
            let expected: Vec<String> = these.difference(&those).map(|(t, c)| format!("t{t}.c{c}")).collect();
            prop_assert_eq!(beyond(&columns(&these), &columns(&those)), expected);
            prop_assert_eq!(count(&columns(&these)), these.len());
            prop_assert_eq!(beyond(&columns(&these), &columns(&those)).is_empty(), these.is_subset(&those));
        }
    }
}
