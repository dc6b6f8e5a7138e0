//! Minimal sample uniques (Elliot, Manning & Ford 2002, SUDA): the smallest sets of columns on which a person is alone.
//! Who is alone on few columns, and on many sets of them, is found by an adversary who knows little, whatever it is.

use super::share;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

#[cfg(test)]
mod tests;

/// Columns of a set at most.
const SET_MAX: usize = 3;
/// Columns that are looked at, at most: more make more sets than are worth waiting for.
pub const COLUMNS_MAX: usize = 24;
/// Values that are looked at, at most: persons times sets. Beyond, the sets are smaller.
const LOOKS_MAX: usize = 400_000_000;

/// Who is alone on few columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Uniques {
    /// Columns of a set, at most.
    pub set_max: usize,
    /// Persons looked at.
    pub persons: u64,
    /// Persons who are alone on one column, on two, on three at the least.
    pub alone_on: Vec<u64>,
    /// Share of the persons who are alone on any set.
    pub alone_share: f64,
    /// Sets on which somebody is alone and on no part of which he is; counted once for each person.
    pub minimal_sets: u64,
    /// For each column, in their order, its share of the score: how much of what singles persons out needs it.
    pub contributions: Vec<f64>,
}

/// What is found of each person.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Person {
    /// Columns of the smallest set; zero of nobody's.
    fewest: usize,
    /// The sum over minimal sets of the product of (columns - i) for i from the set's size to one below the largest.
    score: f64,
}

/// The minimal uniques of persons, given the code of each on each column.
pub fn uniques(columns: &[&[u32]], persons: usize) -> Uniques {
    let (set_max, found, sets) = search(columns, persons);
    let mut alone_on = vec![0; set_max];
    for person in found.iter().filter(|person| person.fewest > 0) {
        if let Some(count) = alone_on.get_mut(person.fewest - 1) {
            *count += 1;
        }
    }
    let mut contributions = vec![0.0; columns.len()];
    let mut minimal_sets = 0;
    for (set, many) in &sets {
        minimal_sets += many;
        let score = super::float(*many) * weight(columns.len(), set.len(), set_max);
        set.iter().for_each(|column| contributions.iter_mut().skip(*column).take(1).for_each(|c| *c += score));
    }
    let whole: f64 = found.iter().map(|person| person.score).sum();
    contributions.iter_mut().for_each(|c| *c = if whole > 0.0 { *c / whole } else { 0.0 });
    let persons = u64::try_from(persons).unwrap_or(u64::MAX);
    let alone_share = share(alone_on.iter().sum(), persons);
    Uniques { set_max, persons, alone_on, alone_share, minimal_sets, contributions }
}

/// How much a minimal set of a size says: one below which more sets would be unique weighs more.
fn weight(columns: usize, size: usize, set_max: usize) -> f64 {
    (size..set_max).map(|i| super::float(u64::try_from(columns - i).unwrap_or(0))).product()
}

/// A set of columns, and how many persons it is a minimal one of.
type Found = (Vec<usize>, u64);

/// Every set up to the largest size, smaller ones first, so that no part of a set comes after it.
fn search(columns: &[&[u32]], persons: usize) -> (usize, Vec<Person>, Vec<Found>) {
    let set_max = largest_set(columns.len(), persons);
    let mut found = vec![Person::default(); persons];
    // For each set on which anybody is alone: who is.
    let mut alone = HashMap::<Vec<usize>, Vec<bool>>::new();
    let mut sets = Vec::new();
    for size in 1..=set_max {
        // Sets that begin alike follow each other.
        let mut begun = Classes::none(persons);
        for set in subsets(columns.len(), size) {
            let Some((last, first)) = set.split_last() else { continue };
            if begun.columns != first {
                let none = Classes::none(persons);
                begun = first.iter().fold(none, |classes, column| classes.refine(*column, codes(columns, *column)));
            }
            let unique = begun.alone(codes(columns, *last));
            let parts: Vec<&Vec<bool>> = set
                .iter()
                .filter_map(|without| {
                    let part: Vec<usize> = set.iter().copied().filter(|column| column != without).collect();
                    alone.get(&part)
                })
                .collect();
            let mut many = 0;
            for (person, found) in found.iter_mut().enumerate().filter(|(person, _)| unique.get(*person) == Some(&true))
            {
                // A set with a part on which the person is alone is not minimal; it stays marked for those above it.
                if parts.iter().any(|alone| alone.get(person) == Some(&true)) {
                    continue;
                }
                many += 1;
                found.score += weight(columns.len(), size, set_max);
                found.fewest = if found.fewest == 0 { size } else { found.fewest };
            }
            if many > 0 {
                sets.push((set.clone(), many));
            }
            // Those of the largest size are a part of nothing.
            if size < set_max && unique.contains(&true) {
                alone.insert(set, unique);
            }
        }
    }
    (set_max, found, sets)
}

fn codes<'c>(columns: &[&'c [u32]], column: usize) -> &'c [u32] {
    columns.get(column).copied().unwrap_or_default()
}

fn largest_set(columns: usize, persons: usize) -> usize {
    let looks = |size: usize| (1..=size).map(|size| choose(columns, size)).sum::<usize>().saturating_mul(persons);
    (1..=SET_MAX.min(columns)).rev().find(|size| looks(*size) <= LOOKS_MAX).unwrap_or(1).min(columns)
}

fn choose(of: usize, many: usize) -> usize {
    (0..many).fold(1, |ways, i| ways * of.saturating_sub(i) / (i + 1))
}

/// Places of a table of combinations for each person, at most; beyond, they are hashed.
const PLACES_MAX: usize = 8;

/// The classes of persons on the columns that a set begins with.
struct Classes {
    columns: Vec<usize>,
    class_of: Vec<u32>,
    sizes: Vec<u32>,
}

impl Classes {
    /// Everybody is in one class on no columns.
    fn none(persons: usize) -> Self {
        Self::new(Vec::new(), vec![0; persons], 1)
    }

    fn new(columns: Vec<usize>, class_of: Vec<u32>, many: u32) -> Self {
        let mut sizes = vec![0_u32; index(many)];
        for class in &class_of {
            sizes.iter_mut().skip(index(*class)).take(1).for_each(|size| *size += 1);
        }
        Self { columns, class_of, sizes }
    }

    /// Whether a class is one person, who is alone on every column more.
    fn is_single(&self, class: u32) -> bool {
        self.sizes.get(index(class)) == Some(&1)
    }

    /// The classes on a column more.
    fn refine(&self, column: usize, codes: &[u32]) -> Self {
        let mut table = Table::new(self.sizes.len(), codes);
        let mut many = 0_u32;
        let class_of = self.class_of.iter().zip(codes).map(|(class, code)| {
            if self.is_single(*class) {
                many += 1;
                return many - 1;
            }
            let place = table.place(*class, *code);
            if *place == 0 {
                many += 1;
                *place = many;
            }
            *place - 1
        });
        let class_of = class_of.collect();
        Self::new([self.columns.as_slice(), &[column]].concat(), class_of, many)
    }

    /// Who is alone on a column more.
    fn alone(&self, codes: &[u32]) -> Vec<bool> {
        let mut table = Table::new(self.sizes.len(), codes);
        let mut alone = vec![false; self.class_of.len()];
        for (((class, code), person), alone) in self.class_of.iter().zip(codes).zip(1..).zip(&mut alone) {
            if self.is_single(*class) {
                *alone = true;
                continue;
            }
            // The one person of each combination, counted from one, until there is a second.
            let place = table.place(*class, *code);
            *place = if *place == 0 { person } else { u32::MAX };
        }
        for person in table.into_filled().filter(|person| *person != 0 && *person != u32::MAX) {
            alone.iter_mut().skip(index(person) - 1).take(1).for_each(|alone| *alone = true);
        }
        alone
    }
}

/// A number for each combination of a class and a code; zero at first.
enum Table {
    Places { codes: usize, numbers: Vec<u32>, nowhere: u32 },
    Hashed(HashMap<(u32, u32), u32>),
}

impl Table {
    fn new(classes: usize, codes: &[u32]) -> Self {
        let places_max = codes.len().saturating_mul(PLACES_MAX);
        let codes = codes.iter().max().map_or(1, |largest| index(*largest) + 1);
        match classes.saturating_mul(codes) {
            places if places <= places_max => Self::Places { codes, numbers: vec![0; places], nowhere: 0 },
            _ => Self::Hashed(HashMap::new()),
        }
    }

    fn place(&mut self, class: u32, code: u32) -> &mut u32 {
        match self {
            Self::Places { codes, numbers, nowhere } => {
                numbers.get_mut(index(class) * *codes + index(code)).unwrap_or(nowhere)
            }
            Self::Hashed(numbers) => numbers.entry((class, code)).or_default(),
        }
    }

    fn into_filled(self) -> Box<dyn Iterator<Item = u32>> {
        match self {
            Self::Places { numbers, .. } => Box::new(numbers.into_iter()),
            Self::Hashed(numbers) => Box::new(numbers.into_values()),
        }
    }
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The sets of so many columns, in order.
fn subsets(columns: usize, size: usize) -> Vec<Vec<usize>> {
    let mut sets = vec![Vec::new()];
    for _ in 0..size {
        let longer = |set: &Vec<usize>| {
            let after = set.last().map_or(0, |last| last + 1);
            let set = set.clone();
            (after..columns).map(move |column| [set.as_slice(), &[column]].concat())
        };
        sets = sets.iter().flat_map(longer).collect();
    }
    sets
}
