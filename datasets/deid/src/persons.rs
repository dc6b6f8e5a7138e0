//! The persons of a release: their raw identifiers, and who is left out. Held in memory for as long as a build runs.

use crate::error::CurateError;
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Bytes of a list of persons who withdrew: some millions of them.
const LIST_BYTES_MAX: u64 = 64 << 20;

/// Every person of the person table, in its order, but for those who withdrew.
#[derive(Default)]
pub(crate) struct Persons {
    positions: HashMap<String, usize>,
    suppressed: Vec<bool>,
    withdrawn: HashSet<String>,
    /// How many of those who withdrew are in the person table.
    found: u64,
}

impl Persons {
    /// Nobody yet, and who will never be: a file with an identifier on each line.
    pub(crate) fn without(list: Option<&Path>) -> Result<Self, CurateError> {
        let Some(path) = list else { return Ok(Self::default()) };
        let unreadable = |reason: String| CurateError::Unreadable { path: path.to_owned(), reason };
        let mut text = String::new();
        let file = File::open(path).map_err(|error| unreadable(error.to_string()))?;
        let read = file.take(LIST_BYTES_MAX + 1).read_to_string(&mut text);
        if read.map_err(|error| unreadable(error.to_string()))? > usize::try_from(LIST_BYTES_MAX).unwrap_or(usize::MAX)
        {
            return Err(unreadable(format!("it is longer than {} MiB", LIST_BYTES_MAX >> 20)));
        }
        let ids = text.trim_start_matches('\u{feff}').lines().map(str::trim).filter(|id| !id.is_empty());
        Ok(Self { withdrawn: ids.map(str::to_owned).collect(), ..Self::default() })
    }

    /// Whether a person withdrew. Asked once for each row of the person table, it counts who is there.
    pub(crate) fn withdrew(&mut self, id: &str) -> bool {
        let withdrew = self.withdrawn.contains(id);
        self.found += u64::from(withdrew);
        withdrew
    }

    /// Everybody who withdrew, in the table or not.
    pub(crate) fn withdrawn(&self) -> impl Iterator<Item = &str> {
        self.withdrawn.iter().map(String::as_str)
    }

    /// How many withdrew, and how many of them are in the person table.
    pub(crate) fn withdrawals(&self) -> (u64, u64) {
        (u64::try_from(self.withdrawn.len()).unwrap_or(u64::MAX), self.found)
    }

    /// Adds a person; an identifier that is there already gives the position of the first row that has it.
    pub(crate) fn add(&mut self, id: &str) -> Result<(), usize> {
        if let Some(first) = self.positions.get(id) {
            return Err(*first);
        }
        self.positions.insert(id.to_owned(), self.suppressed.len());
        self.suppressed.push(false);
        Ok(())
    }

    /// Number of persons.
    pub(crate) fn len(&self) -> usize {
        self.suppressed.len()
    }

    /// Leaves out the persons whose positions are marked.
    pub(crate) fn suppress(&mut self, marks: &[bool]) {
        for (suppressed, mark) in self.suppressed.iter_mut().zip(marks) {
            *suppressed |= mark;
        }
    }

    /// What becomes of the rows of a person.
    pub(crate) fn fate(&self, id: &str) -> Fate {
        match self.positions.get(id).and_then(|position| self.suppressed.get(*position)) {
            Some(false) => Fate::Kept,
            Some(true) => Fate::Suppressed,
            None if self.withdrawn.contains(id) => Fate::Withdrawn,
            None => Fate::Unknown,
        }
    }

    /// The place of a person, by which those who are left out are marked.
    pub(crate) fn position(&self, id: &str) -> Option<usize> {
        self.positions.get(id).copied()
    }

    /// Which persons are released, in the order in which they were added.
    pub(crate) fn kept(&self) -> impl Iterator<Item = bool> {
        self.suppressed.iter().map(|suppressed| !suppressed)
    }

    /// Every raw identifier with its place.
    pub(crate) fn places(&self) -> impl Iterator<Item = (&str, usize)> {
        self.positions.iter().map(|(id, place)| (id.as_str(), *place))
    }

    /// Every raw identifier.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        self.positions.keys().map(String::as_str)
    }
}

/// What becomes of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is released.
    Kept,
    /// Its person's class is too small.
    Suppressed,
    /// Its person withdrew.
    Withdrawn,
    /// Its person is not in the person table.
    Unknown,
}
