//! A visit that could be, with all that is done at it; which of them come about, and how they enter a life.

use super::course::{EMERGENCY, TISSUE};
use super::life::{Diagnosed, Done, Life, Part, Place, Prescribed, Taken, Used, Visit};
use super::model::Model;
use super::spec::{Device, Drug, Illness, Procedure};
use super::values::Values;

/// A visit that could be.
#[derive(Debug)]
pub(crate) struct Proposal<'m> {
    pub(crate) place: Place,
    pub(crate) first: i32,
    pub(crate) last: i32,
    pub(crate) department: usize,
    /// Of two stays that overlap the one with more comes about.
    pub(crate) priority: u8,
    pub(crate) by_emergency: bool,
    /// Days in intensive care.
    pub(crate) intensive: i32,
    pub(crate) conditions: Vec<(&'m Illness, i32, i32, Option<Part>)>,
    /// Drug, first day and days.
    pub(crate) drugs: Vec<(&'m Drug, i32, i32, Option<Part>)>,
    pub(crate) procedures: Vec<(&'m Procedure, i32, Option<Part>)>,
    pub(crate) devices: Vec<(&'m Device, i32, i32)>,
    pub(crate) panels: Vec<&'m str>,
    /// Whether a biopsy is taken.
    pub(crate) tissue: bool,
}

impl<'m> Proposal<'m> {
    pub(crate) fn new(place: Place, first: i32, last: i32, department: usize) -> Self {
        Self {
            place,
            first,
            last,
            department,
            priority: 0,
            by_emergency: false,
            intensive: 0,
            conditions: Vec::new(),
            drugs: Vec::new(),
            procedures: Vec::new(),
            devices: Vec::new(),
            panels: Vec::new(),
            tissue: false,
        }
    }

    pub(crate) fn condition(&mut self, illness: &'m Illness, first: i32, last: i32, part: Option<Part>) {
        self.conditions.push((illness, first, last, part));
    }

    fn overlaps(&self, other: &Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }

    fn is_stay(&self) -> bool {
        self.place == Place::Hospital
    }

    /// Writes the visit into a life that it is the next of.
    pub(crate) fn enter(self, model: &'m Model, life: &mut Life<'m>, values: &mut Values<'m>) {
        let end = life.end;
        let mut visit = Visit {
            place: self.place,
            first: self.first,
            last: self.last,
            department: self.department,
            intensive: self.intensive.min(self.last - self.first),
            after: None,
            noted: false,
            billed: 0.0,
        };
        if self.by_emergency {
            let emergency = Visit {
                place: Place::Emergency,
                last: self.first,
                department: model.department(EMERGENCY),
                intensive: 0,
                noted: values.happens(model.notes.share),
                billed: values.error(model.fees.varies),
                ..visit.clone()
            };
            let at = life.visits.len();
            visit.after = Some(at);
            let seen = self.conditions.iter().map(|(illness, first, _, part)| Diagnosed {
                visit: at,
                illness,
                first: *first,
                last: *first,
                part: *part,
            });
            life.diagnosed.extend(seen);
            life.visits.push(emergency);
        }
        visit.noted = values.happens(model.notes.share) && !self.conditions.is_empty();
        visit.billed = values.error(model.fees.varies);
        let at = life.visits.len();
        life.visits.push(visit);
        let codes: Vec<&str> = self.conditions.iter().map(|(illness, ..)| illness.code.as_str()).collect();
        values.measure(at, self.first, &codes, &self.panels, life);
        let tissue = model.specimens.iter().find(|specimen| self.tissue && specimen.0 == TISSUE);
        life.taken.extend(tissue.map(|specimen| Taken { visit: at, specimen, day: self.first }));
        for (illness, first, last, part) in self.conditions {
            life.diagnosed.push(Diagnosed { visit: at, illness, first, last: last.min(end), part });
        }
        for (drug, first, days, part) in self.drugs {
            let last = first.saturating_add(days).saturating_sub(1).min(end);
            life.prescribed.push(Prescribed { visit: at, drug, first, last, days, part });
        }
        for (procedure, day, part) in self.procedures {
            life.done.push(Done { visit: at, procedure, day: day.min(self.last), part });
        }
        for (device, first, last) in self.devices {
            life.used.push(Used { visit: at, device, first, last: last.min(end) });
        }
    }
}

/// What comes about, in order: of stays that overlap the more important one, and no visit from a bed in hospital.
pub(crate) fn chosen(mut proposals: Vec<Proposal<'_>>, end: i32) -> Vec<Proposal<'_>> {
    proposals.retain(|proposal| proposal.first <= end);
    proposals.iter_mut().for_each(|proposal| proposal.last = proposal.last.min(end));
    // The sort keeps the order of drawing among equals.
    proposals.sort_by_key(|proposal| (!proposal.is_stay(), std::cmp::Reverse(proposal.priority), proposal.first));
    let mut kept: Vec<Proposal<'_>> = Vec::with_capacity(proposals.len());
    let mut stays = 0;
    for proposal in proposals {
        let in_bed = kept.iter().take(stays).any(|stay| stay.overlaps(&proposal));
        let again = kept.iter().skip(stays).any(|other| {
            (other.place, other.department, other.first) == (proposal.place, proposal.department, proposal.first)
        });
        if !in_bed && !again {
            stays += usize::from(proposal.is_stay());
            kept.push(proposal);
        }
    }
    kept.sort_by_key(|proposal| proposal.first);
    kept
}
