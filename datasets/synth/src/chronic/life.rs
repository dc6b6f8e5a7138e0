//! A simulated person of the general population: everything that happened, once, before it is written as a table.

use super::exam::{Exam, Kidney, Sugar};
use super::spec::Drug;
use super::traits::Traits;

/// Where a person is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The check-up that everybody is offered.
    Checkup,
    /// The visit after a check-up that was not as it should be.
    Recall,
    /// The visit at which drugs are prescribed.
    Clinic,
    /// In hospital, where dialysis begins.
    Hospital,
}

/// In mg/dL; LDL by Friedewald, where triglycerides allow it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Lipids {
    pub(crate) total: f64,
    pub(crate) hdl: f64,
    pub(crate) triglycerides: f64,
    pub(crate) ldl: Option<f64>,
}

/// A visit with what was measured.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Visit {
    pub(crate) day: i32,
    pub(crate) place: Place,
    pub(crate) weight_kg: Option<f64>,
    pub(crate) sugar: Option<Sugar>,
    pub(crate) kidney: Option<Kidney>,
    pub(crate) lipids: Option<Lipids>,
}

/// A drug that is taken from one day to another, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exposure {
    pub(crate) drug: Drug,
    pub(crate) start: i32,
    pub(crate) end: i32,
    /// Whether a visit on the first day prescribed it.
    pub(crate) prescribed: bool,
}

/// What is diagnosed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Disease {
    Diabetes,
    Kidney,
    Failure,
}

/// Why a person died.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// What everybody may die of.
    Other,
    /// What a disease adds to mortality.
    Of(Disease),
}

/// A person. Dates are days since 1970.
#[derive(Debug, Clone)]
pub(crate) struct Life {
    pub(crate) traits: Traits,
    pub(crate) exam: Exam,
    /// In order of their days.
    pub(crate) visits: Vec<Visit>,
    pub(crate) exposures: Vec<Exposure>,
    pub(crate) diagnoses: Vec<(Disease, i32)>,
    /// The days on which the eyes were examined.
    pub(crate) eyes: Vec<i32>,
    /// The day on which dialysis began.
    pub(crate) dialysis: Option<i32>,
    /// Death, or the last day on which the person was known to live.
    pub(crate) end: i32,
    pub(crate) death: Option<(Cause, i32)>,
}

impl Life {
    /// The position of the visit on a day.
    pub(crate) fn visit_on(&self, day: i32) -> Option<usize> {
        self.visits.iter().position(|visit| visit.day == day)
    }

    /// When a disease was diagnosed.
    pub(crate) fn told(&self, disease: Disease) -> Option<i32> {
        self.diagnoses.iter().find(|(known, _)| *known == disease).map(|(_, day)| *day)
    }
}
