//! A simulated person of the general population: everything that happened, once, before it is written as a table.

use super::exam::Exam;
use super::traits::{Labs, Pair, Traits};

/// Where a person is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The check-up that everybody is offered.
    Checkup,
    /// The second visit after a high check-up.
    Recall,
    /// The visit at which drugs are prescribed.
    Clinic,
    /// In hospital, with an outcome by its position.
    Hospital(usize),
}

/// A visit.
#[derive(Debug, Clone)]
pub(crate) struct Visit {
    pub(crate) day: i32,
    pub(crate) place: Place,
    pub(crate) readings: Vec<Pair>,
    pub(crate) labs: Option<Labs>,
    /// Whether pressure was measured at home in the week before.
    pub(crate) home: bool,
}

impl Visit {
    /// The pressure of the visit: the mean of all readings but the first of three.
    pub(crate) fn mean(&self) -> Pair {
        let counted = self.readings.get(self.readings.len().saturating_sub(2)..).unwrap_or(&[]);
        mean(counted.iter().copied())
    }
}

/// The mean of some pressures; zero of none.
pub(crate) fn mean(pressures: impl Iterator<Item = Pair>) -> Pair {
    let (mut sum, mut count) = (Pair::default(), 0.0);
    for pressure in pressures {
        sum = sum.plus(pressure);
        count += 1.0;
    }
    Pair { systolic: sum.systolic / f64::max(count, 1.0), diastolic: sum.diastolic / f64::max(count, 1.0) }
}

/// A drug that is taken from one day to another, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exposure {
    /// Among the classes; the statin comes after them.
    pub(crate) drug: usize,
    pub(crate) start: i32,
    pub(crate) end: i32,
    /// Whether a visit on the first day prescribed it.
    pub(crate) prescribed: bool,
}

/// What is diagnosed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disease {
    Hypertension,
    Diabetes,
    Kidney,
    /// An outcome by its position.
    Outcome(usize),
}

/// Why a person died.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Death {
    pub(crate) day: i32,
    /// The outcome that killed, by its position; other causes otherwise.
    pub(crate) outcome: Option<usize>,
}

/// A person. Dates are days since 1970.
#[derive(Debug, Clone)]
pub(crate) struct Life {
    pub(crate) seed: u64,
    pub(crate) traits: Traits,
    pub(crate) exam: Exam,
    /// In order of their days.
    pub(crate) visits: Vec<Visit>,
    pub(crate) exposures: Vec<Exposure>,
    pub(crate) diagnoses: Vec<(Disease, i32)>,
    /// Death, or the last day on which the person was known to live.
    pub(crate) end: i32,
    pub(crate) death: Option<Death>,
}

impl Life {
    /// The position of the visit on a day.
    pub(crate) fn visit_on(&self, day: i32) -> Option<usize> {
        self.visits.iter().position(|visit| visit.day == day)
    }

    /// How many drugs against hypertension work on a day: those taken on the day before.
    pub(crate) fn drugs_on(&self, day: i32, statin: usize) -> usize {
        let works = |drug: &&Exposure| drug.drug != statin && drug.start < day && day <= drug.end + 1;
        self.exposures.iter().filter(works).count()
    }
}
