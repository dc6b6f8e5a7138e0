//! The tables of events as this release and another one show them, row by row.

use super::{EventTable, Events, Rules, Times, shifted};
use crate::error::CurateError;
use crate::risk::{Moments, Sequence, Shown};
use crate::transform::{DatePart, Transform};
use std::collections::BTreeMap;

/// Another release of the same persons.
pub(in crate::build) struct Compared<'r> {
    /// What it does to each column, by table and column.
    pub(in crate::build) transforms: &'r BTreeMap<(String, String), Transform>,
    /// For each person the shift of its dates.
    pub(in crate::build) shifts: &'r [i32],
}

impl Events<'_> {
    /// The tables, each with the columns that its rule names.
    pub(in crate::build) fn sequences(&self, other: &Compared<'_>) -> Result<Vec<Sequence>, CurateError> {
        let nothing = BTreeMap::new();
        let rules = [Rules::Released(&nothing), Rules::Released(other.transforms)];
        let [these, those] = rules.map(|rules| -> Result<Vec<Times>, CurateError> {
            self.tables.iter().map(|table| self.times(table, rules)).collect()
        });
        let (these, those) = (these?, those?);
        // Days count from the person's first one in the tables where both shift them.
        let both: Vec<bool> =
            these.iter().zip(&those).map(|(one, other)| one.is_shifted() && other.is_shifted()).collect();
        let firsts = |times: &[Times], shifts: &[i32]| {
            let counted = times.iter().zip(&both).map(|(times, both)| both.then_some(times));
            self.firsts(counted, shifts)
        };
        let (our_firsts, their_firsts) = (firsts(&these, &self.shifts), firsts(&those, other.shifts));
        let mut sequences = Vec::with_capacity(self.tables.len());
        for ((table, both), (one, two)) in self.tables.iter().zip(&both).zip(these.iter().zip(&those)) {
            let moments = [(one, &self.shifts[..], &our_firsts), (two, other.shifts, &their_firsts)]
                .map(|(times, shifts, firsts)| moments(table, times, shifts, both.then_some(firsts.as_slice())));
            let mut columns = Vec::with_capacity(table.values.len());
            for column in &table.values {
                let [this, other] = rules.map(|rules| self.values(table, column, rules));
                // A missing value is a value of its own.
                let told = |values: Vec<Option<u32>>| -> Vec<u32> {
                    values.into_iter().map(|value| value.map_or(0, |value| value + 1)).collect()
                };
                columns.push(Shown::new(&column.raw.codes, &told(this?), &told(other?)));
            }
            let how = compare(one, two);
            sequences.push(Sequence::new(self.shifts.len(), &table.persons, moments, how, columns));
        }
        Ok(sequences)
    }
}

impl Events<'_> {
    /// The day of each person's first event in the tables of which both show the days as they were, but for the shift.
    pub(in crate::build) fn first_days(&self, other: &Compared<'_>) -> Result<Vec<Option<i32>>, CurateError> {
        let nothing = BTreeMap::new();
        let rules = [Rules::Released(&nothing), Rules::Released(other.transforms)];
        let mut shown = Vec::with_capacity(self.tables.len());
        for table in &self.tables {
            let [one, two] = rules.map(|rules| self.times(table, rules));
            let (one, two) = (one?, two?);
            shown.push((one.is_exact() && two.is_exact()).then_some(one));
        }
        Ok(self.firsts(shown.iter().map(Option::as_ref), &vec![0; self.shifts.len()]))
    }
}

impl Times {
    fn is_exact(&self) -> bool {
        matches!(self, Self::Shifted { part: None, .. })
    }

    fn is_shifted(&self) -> bool {
        matches!(self, Self::Shifted { .. })
    }
}

/// The moment of each row: days of a person, counted from the first one if there is one.
fn moments(table: &EventTable<'_>, times: &Times, shifts: &[i32], firsts: Option<&[Option<i32>]>) -> Vec<Option<i32>> {
    let Some(column) = &table.time else { return vec![None; table.persons.len()] };
    let moment = |(row, person): (usize, &u32)| {
        let place = usize::try_from(*person).unwrap_or(usize::MAX);
        match times {
            Times::Unknown => None,
            Times::Fixed(days) => column.at(days, row),
            Times::Shifted { days, part } => {
                let day = shifted(column.at(days, row), *part, shifts.get(place))?;
                firsts.map_or(Some(day), |firsts| day.checked_sub(firsts.get(place).copied().flatten()?))
            }
        }
    };
    table.persons.iter().enumerate().map(moment).collect()
}

fn compare(this: &Times, other: &Times) -> Moments {
    match (this, other) {
        (Times::Unknown, _) | (_, Times::Unknown) => Moments::Unknown,
        (Times::Shifted { part: one, .. }, Times::Shifted { part: other, .. }) => Moments::Within(slack(*one, *other)),
        (Times::Fixed(one), Times::Fixed(other)) => {
            Moments::Alike(one.iter().zip(other).filter_map(|(one, other)| Some(((*one)?, (*other)?))).collect())
        }
        (Times::Shifted { .. }, Times::Fixed(_)) | (Times::Fixed(_), Times::Shifted { .. }) => Moments::Order,
    }
}

/// By how many days two releases may differ in the days since a person's first one: by what each cuts off. Whole weeks
/// that are shifted by whole weeks are the same ones.
fn slack(this: Option<DatePart>, other: Option<DatePart>) -> i32 {
    let cut = |part: Option<DatePart>| match part {
        None => 0,
        Some(DatePart::Week) => 6,
        Some(DatePart::Month) => 30,
        Some(DatePart::Quarter) => 91,
        Some(DatePart::Year) => 365,
    };
    match (this, other) {
        (Some(DatePart::Week), Some(DatePart::Week)) => 0,
        (one, other) => cut(one) + cut(other),
    }
}

#[cfg(test)]
mod tests {
    use super::{shifted, slack};
    use crate::transform::DatePart;
    use proptest::prelude::*;

    const PARTS: [Option<DatePart>; 5] =
        [None, Some(DatePart::Week), Some(DatePart::Month), Some(DatePart::Quarter), Some(DatePart::Year)];

    proptest! {
        #[test]
        fn two_releases_of_one_person_differ_by_no_more_days_than_are_allowed(
            first in 10_000_i32..20_000, later in 0_i32..2_000, weeks in [-52_i32..52, -52_i32..52],
            parts in [0_usize..5, 0_usize..5],
        ) {
            let since = |place: usize| {
                let (shift, part) = (7 * weeks[place], PARTS[parts[place]]);
                let day = |day: i32| shifted(Some(day), part, Some(&shift)).unwrap();
                day(first + later) - day(first)
            };
            let allowed = slack(PARTS[parts[0]], PARTS[parts[1]]).unsigned_abs();
            prop_assert!(since(0).abs_diff(since(1)) <= allowed);
        }
    }

    #[test]
    fn whole_days_and_whole_weeks_are_the_same_in_both() {
        assert_eq!((slack(None, None), slack(Some(DatePart::Week), Some(DatePart::Week))), (0, 0));
        assert_eq!((slack(None, Some(DatePart::Week)), slack(Some(DatePart::Month), None)), (6, 30));
    }
}
