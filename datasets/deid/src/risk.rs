//! The risk of re-identification: how many persons share each combination of what an adversary may know.

use arrow::array::{Array, ArrayRef};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use mudeung_wire::manifest::RiskFigures;
use std::collections::HashMap;

mod attackers;
mod estimate;
mod events;
mod inference;
mod linkage;
mod lists;
mod population;
mod uniques;

#[cfg(test)]
mod tests;

pub use attackers::{Attackers, ClassSize, PopulationClasses, attackers};
pub use estimate::Estimate;
pub use events::{EventShare, Fact, Facts, KNOWN_MAX};
pub use inference::{Inferred, classes, inference, is_held_out};
pub use linkage::{FoundAgain, LeftOut, Linkage, Linked, Moments, Sequence, Shown};
pub use population::{Estimator, Uniqueness, population_uniqueness};
pub use uniques::{COLUMNS_MAX as UNIQUES_COLUMNS_MAX, Uniques, uniques};

/// Classes of persons who look alike on the quasi-identifiers.
#[derive(Debug, Default)]
pub struct Classes {
    numbers: HashMap<Vec<u8>, usize>,
    sizes: Vec<u64>,
    /// The class of each person, in the order in which they were added.
    members: Vec<usize>,
}

impl Classes {
    /// The classes that persons were put into.
    pub fn of(class_of: &[u32], sizes: Vec<u64>) -> Self {
        let members = class_of.iter().map(|class| usize::try_from(*class).unwrap_or(usize::MAX)).collect();
        Self { numbers: HashMap::new(), sizes, members }
    }

    /// Adds a batch of persons by the columns an adversary may know. Missing values are a value of their own.
    pub fn add(&mut self, columns: &[ArrayRef], persons: usize) -> Result<(), ArrowError> {
        let options = FormatOptions::default();
        let formatters: Vec<(ArrayFormatter<'_>, &ArrayRef)> = columns
            .iter()
            .map(|column| Ok((ArrayFormatter::try_new(column.as_ref(), &options)?, column)))
            .collect::<Result<_, ArrowError>>()?;
        for row in 0..persons {
            let mut key = Vec::with_capacity(16 * columns.len());
            for (formatter, column) in &formatters {
                if column.is_null(row) {
                    key.push(0);
                } else {
                    key.push(1);
                    key.extend(formatter.value(row).to_string().as_bytes());
                }
                // No text value can hold this byte, so two lists of values never make one key.
                key.push(0xff);
            }
            self.count(key);
        }
        Ok(())
    }

    fn count(&mut self, key: Vec<u8>) {
        let next = self.sizes.len();
        let class = *self.numbers.entry(key).or_insert(next);
        match self.sizes.get_mut(class) {
            Some(size) => *size += 1,
            None => self.sizes.push(1),
        }
        self.members.push(class);
    }

    /// Which classes are smaller than `k`.
    pub fn smaller_than(&self, k: u64) -> Vec<bool> {
        self.sizes.iter().map(|size| *size < k).collect()
    }

    /// Which persons are in marked classes, in the order in which they were added.
    pub fn members(&self, marks: &[bool]) -> Vec<bool> {
        self.members.iter().map(|class| marks.get(*class).copied().unwrap_or(false)).collect()
    }

    /// Size of the smallest class; zero when there is none.
    pub fn k(&self) -> u64 {
        self.sizes.iter().copied().min().unwrap_or(0)
    }

    /// Share of persons alone in their class.
    pub fn unique_share(&self) -> f64 {
        share(count(&self.sizes, |size| size == 1), self.persons())
    }

    /// The uniqueness of a population that these persons are a sample of; marked classes count for nobody.
    pub fn uniqueness(&self, population: u64, left_out: &[bool]) -> Uniqueness {
        let marked = |class: usize| left_out.get(class).copied().unwrap_or(false);
        let kept: Vec<u64> =
            (0..).zip(&self.sizes).filter(|(class, _)| !marked(*class)).map(|(_, size)| *size).collect();
        population_uniqueness(&kept, population)
    }

    /// The classes but for those that are marked.
    pub fn sizes(&self, left_out: &[bool]) -> Vec<ClassSize> {
        let marked = |class: usize| left_out.get(class).copied().unwrap_or(false);
        let kept = (0..).zip(&self.sizes).filter(|(class, _)| !marked(*class));
        kept.map(|(_, size)| ClassSize { sample: *size, population: None }).collect()
    }

    fn persons(&self) -> u64 {
        self.sizes.iter().sum()
    }

    /// The figures of a release that leaves out the marked classes.
    pub fn figures(&self, quasi: Vec<String>, required_k: u64, before: &Self, left_out: &[bool]) -> RiskFigures {
        let kept = self.sizes.iter().zip(left_out).filter(|(_, left_out)| !**left_out);
        let kept: Vec<u64> = kept.map(|(size, _)| *size).collect();
        let persons: u64 = kept.iter().sum();
        let classes = count(&kept, |_| true);
        let k = kept.iter().copied().min().unwrap_or(0);
        RiskFigures {
            quasi_identifiers: quasi,
            persons,
            suppressed_persons: self.persons() - persons,
            required_k,
            k,
            classes,
            unique_share: share(count(&kept, |size| size == 1), persons),
            prosecutor_max: share(1, k),
            prosecutor_mean: share(classes, persons),
            k_before: before.k(),
            unique_share_before: before.unique_share(),
        }
    }
}

fn count(sizes: &[u64], wanted: impl Fn(u64) -> bool) -> u64 {
    sizes.iter().filter(|size| wanted(**size)).fold(0, |count, _| count + 1)
}

/// A part of a whole; zero of nothing. Exact to six decimals and more for counts below 2^53.
pub(crate) fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { float(part) / float(whole) }
}

/// A count as a floating point number, by its two halves.
pub(crate) fn float(count: u64) -> f64 {
    let high = u32::try_from(count >> 32).unwrap_or(u32::MAX);
    let low = u32::try_from(count & u64::from(u32::MAX)).unwrap_or(u32::MAX);
    f64::from(high) * 4_294_967_296.0 + f64::from(low)
}
