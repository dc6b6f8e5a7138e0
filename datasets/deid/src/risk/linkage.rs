//! The risk from two releases of the same persons: how many of one are found again in the other by what both show.
//!
//! The adversary holds both and knows what was done in each. For a person of this release, somebody of the other one is
//! a candidate when everything that the two show could have been recorded of one person: the columns of the person table,
//! and in tables of events as many rows, in their order, with the same days in between. Whoever is the same person is
//! always a candidate, so that guessing at one of them finds the person once in as many times as there are candidates.

use super::Estimate;
use super::events::{PERSONS_DRAWN, drawn};
use super::lists::{Lists, index, to_u64};
use super::{float, share};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

mod remedy;
mod sequence;
#[cfg(test)]
mod tests;

pub use remedy::LeftOut;
pub use sequence::{Moments, Sequence};

/// What two releases show of the same persons.
#[derive(Debug)]
pub struct Linkage<'a> {
    /// For each person a number that the drawing depends on, and nothing else does.
    pub seeds: &'a [u64],
    /// Who is in this release.
    pub this: &'a [bool],
    /// Who is in the other one.
    pub other: &'a [bool],
    /// The columns of persons that both show: quasi-identifiers, then others of the person table, then what the person
    /// table and tables of events tell together.
    pub columns: Vec<Shown>,
    /// How many of them are quasi-identifiers.
    pub quasi: usize,
    /// How many of them the person table tells alone, the quasi-identifiers among them.
    pub alone: usize,
    /// The tables of events that both show.
    pub sequences: Vec<Sequence>,
}

/// A recorded column as two releases show it, for each row.
#[derive(Debug)]
pub struct Shown {
    this: Vec<u32>,
    other: Vec<u32>,
    /// What is shown by both of one recorded value.
    alike: HashSet<(u32, u32)>,
    /// For each value that this one shows, those that the other may show of the same.
    partners: Lists,
    /// How many values the other one shows.
    others: usize,
}

/// How well persons are found again.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Linked {
    /// Persons of this release.
    pub persons: u64,
    /// How many of them were drawn.
    pub drawn: u64,
    /// Persons of the other release.
    pub others: u64,
    /// How often a guess without any knowledge finds a person.
    pub chance: f64,
    /// By the quasi-identifiers alone.
    pub quasi: FoundAgain,
    /// By all columns of the person table that both show.
    pub columns: FoundAgain,
    /// By these and the tables of events.
    pub events: FoundAgain,
}

/// Shares of persons who are found again.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FoundAgain {
    /// Share of persons who are the only candidate for themselves.
    pub unique: Estimate,
    /// Share of persons whom a guess at one of their candidates finds.
    pub linked: Estimate,
}

/// What was counted of those who were drawn.
#[derive(Debug, Default)]
struct Tally {
    unique: u64,
    linked: f64,
}

impl Shown {
    /// Of the recorded value of each row, and for each recorded value what is shown of it.
    pub fn new(recorded: &[u32], this: &[u32], other: &[u32]) -> Self {
        let alike: HashSet<(u32, u32)> = this.iter().copied().zip(other.iter().copied()).collect();
        let mut pairs: Vec<(u32, u32)> = alike.iter().copied().collect();
        pairs.sort_unstable();
        let count = |values: &[u32]| values.iter().max().map_or(0, |most| index(*most) + 1);
        let at = |values: &[u32]| recorded.iter().map(|code| values.get(index(*code)).copied().unwrap_or(0)).collect();
        Self {
            this: at(this),
            other: at(other),
            alike,
            partners: Lists::new(count(this), pairs.iter().copied()),
            others: count(other),
        }
    }

    /// For each value of the other release whether it may be of this row.
    fn allowed(&self, row: usize) -> Vec<bool> {
        let mut allowed = vec![false; self.others];
        for partner in self.this.get(row).map(|value| self.partners.get(*value)).unwrap_or_default() {
            if let Some(place) = allowed.get_mut(index(*partner)) {
                *place = true;
            }
        }
        allowed
    }
}

impl Linkage<'_> {
    /// Measures an adversary who has everything that both show.
    pub fn measure(&self) -> Linked {
        self.without(&[], PERSONS_DRAWN)
    }

    /// Measures one on so many persons at most to whom this release does not show some of it.
    fn without(&self, left_out: &[LeftOut], most: usize) -> Linked {
        let is_in = |person: u32| self.this.get(index(person)).copied().unwrap_or(false);
        let (persons, drawn) = drawn(self.seeds, most, is_in);
        let others: Vec<usize> = self.other.iter().enumerate().filter(|(_, is)| **is).map(|(place, _)| place).collect();
        let mut tallies: [Tally; 3] = Default::default();
        for (_, person) in &drawn {
            let candidates = self.candidates(index(*person), &others, left_out);
            let is_there = self.other.get(index(*person)).copied().unwrap_or(false);
            for (tally, count) in tallies.iter_mut().zip(candidates) {
                tally.add(count, is_there);
            }
        }
        let drawn = to_u64(drawn.len());
        let [quasi, columns, events] = tallies.map(|tally| tally.found(drawn));
        let others = to_u64(others.len());
        Linked { persons: to_u64(persons), drawn, others, chance: share(1, others), quasi, columns, events }
    }

    /// How many of the others may be a person: by quasi-identifiers, by all columns, and by events too.
    fn candidates(&self, person: usize, others: &[usize], left_out: &[LeftOut]) -> [u64; 3] {
        let shown = |place: &usize| !left_out.contains(&LeftOut::Column(*place));
        let tests = |from: usize, to: usize| -> Vec<(&[u32], Vec<bool>)> {
            let columns = (from..to).filter(shown).filter_map(|place| self.columns.get(place));
            columns.map(|column| (column.other.as_slice(), column.allowed(person))).collect()
        };
        let (quasi, rest) = (tests(0, self.quasi), tests(self.quasi, self.alone));
        let together = tests(self.alone, self.columns.len());
        let passes = |tests: &[(&[u32], Vec<bool>)], other: usize| {
            tests.iter().all(|(shown, allowed)| {
                shown.get(other).and_then(|value| allowed.get(index(*value))).copied().unwrap_or(false)
            })
        };
        let mut counts = [0_u64; 3];
        let [by_quasi, by_columns, by_events] = &mut counts;
        for other in others {
            if !passes(&quasi, *other) {
                continue;
            }
            *by_quasi += 1;
            if !passes(&rest, *other) {
                continue;
            }
            *by_columns += 1;
            let agree = |(place, table): (usize, &Sequence)| table.agree(person, *other, place, left_out);
            *by_events += u64::from(passes(&together, *other) && self.sequences.iter().enumerate().all(agree));
        }
        counts
    }
}

impl Tally {
    /// Counts a person with so many candidates; one who is not among them is not found.
    fn add(&mut self, candidates: u64, is_there: bool) {
        if is_there && candidates > 0 {
            self.unique += u64::from(candidates == 1);
            self.linked += share(1, candidates);
        }
    }

    fn found(self, drawn: u64) -> FoundAgain {
        let mean = if drawn == 0 { 0.0 } else { self.linked / float(drawn) };
        FoundAgain { unique: Estimate::of_draws(self.unique, drawn, 1), linked: Estimate::of_mean(mean, drawn) }
    }
}
