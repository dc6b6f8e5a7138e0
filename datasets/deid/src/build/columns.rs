//! The columns of the person table as codes, raw and released: who is alone on a few of them, what each lost, and what
//! may be guessed of the sensitive ones.

use super::coded::{Coded, names, numbered};
use super::events::days;
use super::population::{self, PopulationTable};
use crate::definition::{ColumnPlan, Role, TablePlan};
use crate::error::CurateError;
use crate::key::ProjectKeys;
use crate::output::internal;
use crate::report::{ColumnLoss, UniquesRisk};
use crate::risk::{ClassSize, UNIQUES_COLUMNS_MAX, float, uniques};
use crate::transform::{RowContext, Transform, apply};
use arrow::array::ArrayRef;
use std::collections::{BTreeMap, HashMap};

mod inference;
mod shown;

pub(super) use inference::Inference;

/// What was measured on the columns of the person table.
pub(super) struct PersonMeasures {
    pub(super) uniques: UniquesRisk,
    pub(super) losses: Vec<ColumnLoss>,
    /// The classes before and after with those of the population, where there is a table of it.
    pub(super) classes: Option<[Vec<ClassSize>; 2]>,
    /// What may be guessed of each sensitive column.
    pub(super) inference: Vec<Inference>,
}

/// The columns of the person table that say something of a person.
pub(super) struct PersonColumns {
    table: String,
    columns: Vec<(ColumnPlan, Coded)>,
    /// Dates that are shifted, as the days on which they were recorded.
    dates: Vec<(ColumnPlan, Vec<Option<i32>>)>,
}

/// A column's codes before and after.
struct Codes {
    plan: ColumnPlan,
    before: Vec<u32>,
    after: Vec<u32>,
    transform: Transform,
    /// The codes of raw values, and of released ones.
    known: [HashMap<Option<String>, u32>; 2],
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
        let dates = table.columns.iter().filter(|column| column.is_shifted());
        let dates = dates.map(|column| (column.clone(), Vec::new())).collect();
        Self { table: table.spec.name.clone(), columns, dates }
    }

    pub(super) fn add(&mut self, value: impl Fn(&ColumnPlan) -> Option<ArrayRef>) -> Result<(), CurateError> {
        for (plan, coded) in &mut self.columns {
            let Some(raw) = value(plan) else { continue };
            coded.add(&raw).map_err(|error| internal(&self.table, error))?;
        }
        for (plan, recorded) in &mut self.dates {
            let Some(raw) = value(plan) else { continue };
            recorded.extend(days(&raw).map_err(|error| internal(&self.table, error))?);
        }
        Ok(())
    }

    /// Who is alone on few columns, and what was lost, with the levels that were chosen, among those who are released.
    pub(super) fn measure(
        self,
        chosen: &TablePlan,
        keys: &ProjectKeys,
        kept: &[bool],
        (held_out, at_most): (&[bool], Option<f64>),
        population: Option<(&str, &str)>,
    ) -> Result<PersonMeasures, CurateError> {
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
        let both = |(file, text): (&str, &str)| -> Result<[Vec<ClassSize>; 2], CurateError> {
            let quasi: Vec<&Codes> = columns.iter().filter(|column| column.plan.role == Role::Quasi).collect();
            let plans: Vec<&ColumnPlan> = quasi.iter().map(|column| &column.plan).collect();
            let population = PopulationTable::read(file, text, &plans)?;
            let everybody = vec![true; kept.len()];
            let before = counted(&quasi, &everybody, &population, keys, Side::Before)?;
            Ok([before, counted(&quasi, kept, &population, keys, Side::After)?])
        };
        let classes = population.map(both).transpose()?;
        let losses = columns.iter().map(loss).collect();
        let inference = inference::measure(&table, &columns, kept, held_out, at_most);
        Ok(PersonMeasures { uniques: risk, losses, classes, inference })
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
    let known = |values: &ArrayRef| -> Result<HashMap<Option<String>, u32>, arrow::error::ArrowError> {
        Ok(names(values)?.into_iter().zip(numbered(values)?).collect())
    };
    let known = [known(&values)?, known(&coarse)?];
    let number = |code: &u32| usize::try_from(*code).ok().and_then(|code| numbers.get(code)).copied().unwrap_or(0);
    let after = coded.codes.iter().map(number).collect();
    Ok(Codes { plan, after, before: coded.codes, transform, known })
}

/// Which values make the classes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Before,
    After,
}

/// The classes of those who are marked, each with the persons of the population that are in it.
fn counted(
    quasi: &[&Codes],
    marked: &[bool],
    population: &PopulationTable,
    keys: &ProjectKeys,
    side: Side,
) -> Result<Vec<ClassSize>, CurateError> {
    let failed = |error: arrow::error::ArrowError| internal("population", error);
    // In an order of their own, as sums of figures depend on it in the last digits.
    let mut classes = BTreeMap::<Vec<u32>, ClassSize>::new();
    for person in marked.iter().enumerate().filter(|(_, marked)| **marked).map(|(person, _)| person) {
        let code = |column: &&Codes| column.on(side).get(person).copied();
        let class = quasi.iter().filter_map(code).collect();
        classes.entry(class).or_insert(ClassSize { sample: 0, population: Some(0) }).sample += 1;
    }
    let mut columns = Vec::with_capacity(quasi.len());
    for column in quasi {
        let raw = population.column(&column.plan.spec.name)?;
        let [raw_known, released_known] = &column.known;
        columns.push(match side {
            Side::Before => population::codes(raw, raw_known).map_err(failed)?,
            Side::After => {
                let released = column.transform.released(column.plan.kind).unwrap_or(column.plan.released);
                let rows = RowContext { keys, persons: &[] };
                let coarse = apply(&column.transform, released, raw, &rows).map_err(failed)?;
                population::codes(&coarse, released_known).map_err(failed)?
            }
        });
    }
    for (row, persons) in population.persons.iter().enumerate() {
        let class = columns.iter().map(|codes| codes.get(row).copied().flatten()).collect::<Option<Vec<u32>>>();
        if let Some(class) = class.and_then(|class| classes.get_mut(&class)) {
            class.population = class.population.map(|known| known.saturating_add(*persons));
        }
    }
    Ok(classes.into_values().collect())
}

impl Codes {
    fn on(&self, side: Side) -> &[u32] {
        match side {
            Side::Before => &self.before,
            Side::After => &self.after,
        }
    }
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
