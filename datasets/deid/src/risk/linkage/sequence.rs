//! A table of events as two releases show it: for each person the rows in the order of their moments.

use super::remedy::LeftOut;
use super::{Shown, index};
use crate::risk::lists::Lists;
use std::collections::{BTreeMap, HashSet};

/// A table of events that both releases show.
#[derive(Debug)]
pub struct Sequence {
    this: Side,
    other: Side,
    moments: Moments,
    columns: Vec<Shown>,
}

/// How moments of the two releases are held against each other.
#[derive(Debug)]
pub enum Moments {
    /// One of them shows none.
    Unknown,
    /// Only their order is the same: one shifts them and the other does not.
    Order,
    /// Days since the person's first, no further from each other than this.
    Within(i32),
    /// What both show of one moment.
    Alike(HashSet<(i32, i32)>),
}

/// The rows of one release.
#[derive(Debug)]
struct Side {
    /// Rows of each person by their moment, those without one first.
    rows: Lists,
    /// The moment of each row.
    times: Vec<Option<i32>>,
}

impl Side {
    fn new(persons: usize, person_of: &[u32], times: Vec<Option<i32>>) -> Self {
        let rows = person_of.iter().zip(0_u32..);
        let moment = |row: u32| times.get(index(row)).copied().flatten();
        let mut rows: Vec<(u32, Option<i32>, u32)> = rows.map(|(person, row)| (*person, moment(row), row)).collect();
        rows.sort_unstable();
        Self { rows: Lists::new(persons, rows.iter().map(|(person, _, row)| (*person, *row))), times }
    }

    fn of(&self, person: usize) -> &[u32] {
        u32::try_from(person).map(|person| self.rows.get(person)).unwrap_or_default()
    }

    fn time(&self, row: Option<&u32>) -> Option<i32> {
        self.times.get(index(*row?)).copied().flatten()
    }
}

impl Sequence {
    /// Of so many persons: the person of each row, the moment of each row in this release and in the other, and what
    /// both show of it.
    pub fn new(
        persons: usize,
        person_of: &[u32],
        [this, other]: [Vec<Option<i32>>; 2],
        moments: Moments,
        columns: Vec<Shown>,
    ) -> Self {
        let (this, other) = (Side::new(persons, person_of, this), Side::new(persons, person_of, other));
        Self { this, other, moments, columns }
    }

    /// How many columns both show.
    pub(super) fn columns(&self) -> usize {
        self.columns.len()
    }

    /// Whether the rows of a person of this release may be those of somebody of the other one.
    pub(super) fn agree(&self, person: usize, other: usize, table: usize, left_out: &[LeftOut]) -> bool {
        if left_out.contains(&LeftOut::Table(table)) {
            return true;
        }
        let (ours, theirs) = (self.this.of(person), self.other.of(other));
        if ours.len() != theirs.len() {
            return false;
        }
        let timed = !matches!(self.moments, Moments::Unknown) && !left_out.contains(&LeftOut::Moments(table));
        if timed && !ours.iter().zip(theirs).all(|(one, other)| self.same_moment(one, other)) {
            return false;
        }
        let columns = || {
            let shown = |column: &usize| !left_out.contains(&LeftOut::Value(table, *column));
            (0..self.columns.len()).filter(shown).filter_map(|column| self.columns.get(column))
        };
        let mut from = 0;
        for to in 1..=ours.len() {
            if to == ours.len() || (timed && self.parts(ours, theirs, to)) {
                let block = ours.get(from..to).zip(theirs.get(from..to)).unwrap_or_default();
                if !columns().all(|column| column.may_be(block.0, block.1)) {
                    return false;
                }
                from = to;
            }
        }
        true
    }

    fn same_moment(&self, one: &u32, other: &u32) -> bool {
        match (self.this.time(Some(one)), self.other.time(Some(other))) {
            (None, None) => true,
            (Some(one), Some(other)) => match &self.moments {
                Moments::Unknown | Moments::Order => true,
                Moments::Within(slack) => one.abs_diff(other) <= slack.unsigned_abs(),
                Moments::Alike(pairs) => pairs.contains(&(one, other)),
            },
            _ => false,
        }
    }

    /// Whether in both releases the rows before a place come before those from it on: then they are the same rows.
    fn parts(&self, ours: &[u32], theirs: &[u32], at: usize) -> bool {
        let later = |side: &Side, rows: &[u32]| {
            let before = at.checked_sub(1).and_then(|before| rows.get(before));
            side.time(before) < side.time(rows.get(at))
        };
        later(&self.this, ours) && later(&self.other, theirs)
    }
}

impl Shown {
    /// Whether rows of this release may be those of the other one, in whatever order: of no value are there more than
    /// rows that it may be.
    fn may_be(&self, ours: &[u32], theirs: &[u32]) -> bool {
        let value = |values: &[u32], row: &u32| values.get(index(*row)).copied().unwrap_or(0);
        if let ([one], [other]) = (ours, theirs) {
            return self.alike.contains(&(value(&self.this, one), value(&self.other, other)));
        }
        let count = |values: &[u32], rows: &[u32]| {
            let mut counts = BTreeMap::<u32, usize>::new();
            rows.iter().for_each(|row| *counts.entry(value(values, row)).or_default() += 1);
            counts
        };
        let (ours, theirs) = (count(&self.this, ours), count(&self.other, theirs));
        let enough = |count: usize, of: &BTreeMap<u32, usize>, may: &dyn Fn(u32) -> bool| {
            count <= of.iter().filter(|(value, _)| may(**value)).map(|(_, count)| count).sum::<usize>()
        };
        ours.iter().all(|(one, count)| enough(*count, &theirs, &|other| self.alike.contains(&(*one, other))))
            && theirs.iter().all(|(other, count)| enough(*count, &ours, &|one| self.alike.contains(&(one, *other))))
    }
}
