//! The persons of a release: their raw identifiers, and who is left out. Held in memory for as long as a build runs.

use std::collections::HashMap;

/// Every person of the person table, in its order.
#[derive(Default)]
pub(crate) struct Persons {
    positions: HashMap<String, usize>,
    suppressed: Vec<bool>,
}

impl Persons {
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
    /// Its person is not in the person table.
    Unknown,
}
