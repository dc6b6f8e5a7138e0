//! A simulated person: everything that happened, once, before it is written as tables.

use super::spec::{Device, Drug, Illness, Measurement, Payer, Procedure, Specimen};
use crate::program::adult::Adult;

/// Where a person is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The check-up that everybody is offered.
    Checkup,
    Clinic,
    Emergency,
    Hospital,
}

/// What of a course of a cancer an event belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Disease,
    Treatment,
}

/// A visit. Days are since 1970.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Visit {
    pub(crate) place: Place,
    pub(crate) first: i32,
    /// Included.
    pub(crate) last: i32,
    /// The position of the department.
    pub(crate) department: usize,
    /// Days in intensive care at the beginning of a stay in hospital.
    pub(crate) intensive: i32,
    /// The position of the visit to the emergency room that it began with.
    pub(crate) after: Option<usize>,
    /// Whether somebody wrote a note.
    pub(crate) noted: bool,
    /// What the bill is above or below the fee.
    pub(crate) billed: f64,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Diagnosed<'m> {
    pub(crate) visit: usize,
    pub(crate) illness: &'m Illness,
    pub(crate) first: i32,
    pub(crate) last: i32,
    pub(crate) part: Option<Part>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Prescribed<'m> {
    pub(crate) visit: usize,
    pub(crate) drug: &'m Drug,
    pub(crate) first: i32,
    /// Included; death may come before the supply is over.
    pub(crate) last: i32,
    pub(crate) days: i32,
    pub(crate) part: Option<Part>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Done<'m> {
    pub(crate) visit: usize,
    pub(crate) procedure: &'m Procedure,
    pub(crate) day: i32,
    pub(crate) part: Option<Part>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Used<'m> {
    pub(crate) visit: usize,
    pub(crate) device: &'m Device,
    pub(crate) first: i32,
    pub(crate) last: i32,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Taken<'m> {
    pub(crate) visit: usize,
    pub(crate) specimen: &'m Specimen,
    pub(crate) day: i32,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Measured<'m> {
    pub(crate) visit: usize,
    pub(crate) measurement: &'m Measurement,
    pub(crate) day: i32,
    pub(crate) value: f64,
    /// The name of the specimen that it needs.
    pub(crate) specimen: Option<&'m str>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Death<'m> {
    pub(crate) day: i32,
    pub(crate) cause: &'m Illness,
}

/// A person. Everything is in order of its days.
#[derive(Debug, Clone)]
pub(crate) struct Life<'m> {
    pub(crate) adult: Adult,
    /// The position of the province.
    pub(crate) province: usize,
    pub(crate) payer: &'m Payer,
    pub(crate) alcohol: &'m str,
    pub(crate) exercise: &'m str,
    pub(crate) first: i32,
    /// Death, or the last day of the records.
    pub(crate) end: i32,
    pub(crate) death: Option<Death<'m>>,
    pub(crate) visits: Vec<Visit>,
    pub(crate) diagnosed: Vec<Diagnosed<'m>>,
    pub(crate) prescribed: Vec<Prescribed<'m>>,
    pub(crate) done: Vec<Done<'m>>,
    pub(crate) used: Vec<Used<'m>>,
    pub(crate) taken: Vec<Taken<'m>>,
    pub(crate) measured: Vec<Measured<'m>>,
}

impl Life<'_> {
    /// The first day of a condition in the records.
    pub(crate) fn first_of(&self, code: &str) -> Option<i32> {
        self.diagnosed.iter().filter(|one| one.illness.code == code).map(|one| one.first).min()
    }
}
