//! The columns of the person table as codes, raw and released: who is alone on a few of them, and what each lost.

use super::coded::{Coded, numbered};
use crate::definition::{ColumnPlan, Role, TablePlan};
use crate::error::CurateError;
use crate::key::ProjectKeys;
use crate::output::internal;
use crate::report::{ColumnLoss, UniquesRisk};
use crate::risk::{UNIQUES_COLUMNS_MAX, float, uniques};
use crate::transform::{RowContext, Transform, apply};
use arrow::array::ArrayRef;
use std::collections::HashMap;

/// The columns of the person table that say something of a person.
pub(super) struct PersonColumns {
    table: String,
    columns: Vec<(ColumnPlan, Coded)>,
}

/// A column's codes before and after.
struct Codes {
    plan: ColumnPlan,
    before: Vec<u32>,
    after: Vec<u32>,
}

impl PersonColumns {
    /// Names are no knowledge of a person, and shifted dates are none to one who does not know the shift.
    pub(super) fn new(table: &TablePlan) -> Self {
        let told = |column: &&ColumnPlan| {
            !matches!(column.transform, Transform::Drop | Transform::Pseudonym { .. } | Transform::DateShift { .. })
        };
        let mut columns: Vec<ColumnPlan> = table.columns.iter().filter(told).cloned().collect();
        columns.sort_by_key(|column| column.role != Role::Quasi);
        let columns = columns.into_iter().map(|column| (column, Coded::default())).collect();
        Self { table: table.spec.name.clone(), columns }
    }

    pub(super) fn add(&mut self, value: impl Fn(&ColumnPlan) -> Option<ArrayRef>) -> Result<(), CurateError> {
        for (plan, coded) in &mut self.columns {
            let Some(raw) = value(plan) else { continue };
            coded.add(&raw).map_err(|error| internal(&self.table, error))?;
        }
        Ok(())
    }

    /// Who is alone on few columns, and what was lost, with the levels that were chosen, among those who are released.
    pub(super) fn measure(
        self,
        chosen: &TablePlan,
        keys: &ProjectKeys,
        kept: &[bool],
    ) -> Result<(UniquesRisk, Vec<ColumnLoss>), CurateError> {
        let table = self.table;
        let columns = self.columns.into_iter().map(|(plan, coded)| codes(plan, coded, chosen, keys));
        let columns: Vec<Codes> = columns.collect::<Result<_, _>>().map_err(|error| internal(&table, error))?;
        let name = |column: &Codes| format!("{table}.{}", column.plan.spec.name);
        let released = |codes: &[u32]| -> Vec<u32> {
            codes.iter().zip(kept).filter(|(_, kept)| **kept).map(|(code, _)| *code).collect()
        };
        let looked_at = columns.get(..columns.len().min(UNIQUES_COLUMNS_MAX)).unwrap_or_default();
        let before: Vec<&[u32]> = looked_at.iter().map(|column| column.before.as_slice()).collect();
        let after: Vec<Vec<u32>> = looked_at.iter().map(|column| released(&column.after)).collect();
        let after: Vec<&[u32]> = after.iter().map(Vec::as_slice).collect();
        let remaining = kept.iter().filter(|kept| **kept).count();
        let risk = UniquesRisk {
            columns: looked_at.iter().map(name).collect(),
            before: uniques(&before, kept.len()),
            after: uniques(&after, remaining),
        };
        let loss = |column: &Codes| {
            let (before, after) = (released(&column.before), released(&column.after));
            ColumnLoss {
                name: name(column),
                values_before: distinct(&before),
                values_after: distinct(&after),
                kept: kept_information(&before, &after),
            }
        };
        Ok((risk, columns.iter().map(loss).collect()))
    }
}

fn codes(
    plan: ColumnPlan,
    coded: Coded,
    chosen: &TablePlan,
    keys: &ProjectKeys,
) -> Result<Codes, arrow::error::ArrowError> {
    let transform = chosen.columns.iter().find(|column| column.spec.name == plan.spec.name);
    let transform = transform.map_or(Transform::Drop, |column| column.transform.clone());
    let values = coded.values()?;
    let released = transform.released(plan.kind).unwrap_or(plan.released);
    let coarse = apply(&transform, released, &values, &RowContext { keys, persons: &[] })?;
    let numbers = numbered(&coarse)?;
    let number = |code: &u32| usize::try_from(*code).ok().and_then(|code| numbers.get(code)).copied().unwrap_or(0);
    Ok(Codes { plan, after: coded.codes.iter().map(number).collect(), before: coded.codes })
}

fn distinct(codes: &[u32]) -> u64 {
    u64::try_from(counts(codes).len()).unwrap_or(u64::MAX)
}

fn counts(codes: &[u32]) -> HashMap<u32, u64> {
    let mut counts = HashMap::new();
    codes.iter().for_each(|code| *counts.entry(*code).or_default() += 1);
    counts
}

/// The part of a column's information that is left: the entropy after over that before. What is released is told by
/// what was recorded, so that this is all that they have in common.
fn kept_information(before: &[u32], after: &[u32]) -> f64 {
    let entropy = |codes: &[u32]| -> f64 {
        let all = float(u64::try_from(codes.len()).unwrap_or(u64::MAX));
        let mut counts: Vec<u64> = counts(codes).into_values().collect();
        // A sum depends on its order in the last digits.
        counts.sort_unstable();
        counts.into_iter().map(|count| float(count) / all).map(|share| -share * share.ln()).sum()
    };
    let whole = entropy(before);
    if whole > 0.0 { (entropy(after) / whole).clamp(0.0, 1.0) } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::kept_information;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn coarser_values_keep_less_and_all_of_them_all(codes in prop::collection::vec(0_u32..12, 1..80)) {
            let coarse = |by: u32| codes.iter().map(|code| code / by).collect::<Vec<_>>();
            let [all, halves, thirds_of_halves] = [1, 2, 6].map(|by| kept_information(&codes, &coarse(by)));
            prop_assert!((all - 1.0).abs() < 1e-12 && all >= halves && halves >= thirds_of_halves - 1e-12);
        }
    }

    #[test]
    fn one_of_two_bits_is_half() {
        assert!((kept_information(&[0, 1, 2, 3], &[0, 0, 1, 1]) - 0.5).abs() < 1e-12);
        assert!(kept_information(&[0, 1, 2, 3], &[7, 7, 7, 7]).abs() < 1e-12);
    }
}
