//! The years around the first check-up: visits, drugs and gaps between them, diagnoses, what befalls and who dies.
//!
//! Who is treated at the first check-up has been for some time. Who is found high there may be called again after a
//! week of home readings; only when home is high, too, is the person told and treated. Outcomes come with the hazard
//! that PREVENT gives for what the first check-up found, the same through all years.

use super::exam::{examine, readings};
use super::home;
use super::life::{Death, Disease, Exposure, Life, Place, Visit, mean};
use super::model::Model;
use super::prevent::{Asked, risk};
use super::traits::{self, Pair, Traits, error};
use crate::draw::{unit, whole};
use crate::program::adult::Smoking;
use crate::program::person::DAYS_PER_YEAR;
use rand_chacha::ChaCha8Rng;

/// Draws a life; `None` only for figures that `Model::bind` refuses.
pub(crate) fn draw(model: &Model, seed: u64, number: u64) -> Option<Life> {
    let traits = traits::draw(model, seed, number)?;
    let exam = examine(model, &traits);
    let mut rng = crate::rows::stream(seed, number, "hypertension course");
    let death = Death { day: traits.other_death, outcome: None };
    let life = Life {
        seed,
        exam,
        visits: Vec::with_capacity(16),
        exposures: Vec::with_capacity(16),
        diagnoses: Vec::new(),
        end: model.last_day,
        death: Some(death),
        traits,
    };
    let mut course = Course { model, life, drugs: Vec::new(), was_high: false, clinics: 0, device: false };
    course.befall(&mut rng);
    course.run(&mut rng);
    Some(course.life)
}

/// What PREVENT asks of the first check-up.
pub(crate) fn asked(life: &Life) -> Asked {
    let Traits { labs, .. } = life.traits;
    Asked {
        age: life.traits.age(life.traits.checkup),
        systolic: life.exam.mean.systolic,
        total_cholesterol: labs.total_cholesterol,
        hdl: labs.hdl,
        diabetes: life.traits.diabetes,
        smokes: life.traits.smoking == Smoking::Current,
        bmi: life.traits.bmi,
        egfr: labs.egfr,
        treated: life.exam.combination.is_some(),
        statin: life.traits.statin,
    }
}

/// Office pressure on a day, without the errors of the visit.
pub(crate) fn usual(model: &Model, life: &Life, day: i32) -> Pair {
    let years = f64::from(day - life.traits.checkup) / DAYS_PER_YEAR;
    let aged = Pair { systolic: model.pressure.yearly * years, diastolic: 0.0 };
    let untreated = life.exam.untreated;
    let drugs = life.drugs_on(day, model.drugs.classes.len());
    untreated.minus(model.effect(untreated, drugs, model.levels.dose)).plus(aged).plus(model.season(day))
}

struct Course<'m> {
    model: &'m Model,
    life: Life,
    /// What is prescribed now.
    drugs: Vec<usize>,
    /// Whether the last visit to the clinic found high pressure.
    was_high: bool,
    clinics: usize,
    /// Whether there is a device at home.
    device: bool,
}

impl Course<'_> {
    /// Outcomes and death.
    fn befall(&mut self, rng: &mut ChaCha8Rng) {
        let (asked, checkup) = (asked(&self.life), self.life.traits.checkup);
        let mut death = Death { day: self.life.traits.other_death, outcome: None };
        let mut days = Vec::new();
        for (position, outcome) in self.model.outcomes.iter().enumerate() {
            let ten_years = -libm::log(1.0 - risk(outcome.betas(self.life.traits.person.sex), &asked));
            let daily = outcome.korea * ten_years / (10.0 * DAYS_PER_YEAR);
            let day = checkup.saturating_add(whole(-libm::log(1.0 - unit(rng)) / daily)).saturating_add(1);
            let (is_fatal, after) = (unit(rng) < outcome.fatal, whole(30.0 * unit(rng)));
            days.push((position, day));
            if is_fatal && day.saturating_add(after) < death.day {
                death = Death { day: day.saturating_add(after), outcome: Some(position) };
            }
        }
        let lives = death.day > self.model.last_day;
        self.life.death = (!lives).then_some(death);
        self.life.end = if lives { self.model.last_day } else { death.day };
        for (position, day) in days.into_iter().filter(|(_, day)| *day <= self.life.end) {
            self.life.diagnoses.push((Disease::Outcome(position), day));
            let place = Place::Hospital(position);
            self.life.visits.push(Visit { day, place, readings: Vec::new(), labs: None, home: false });
        }
    }

    fn run(&mut self, rng: &mut ChaCha8Rng) {
        let (first, checkup) = (self.model.first_day, self.life.traits.checkup);
        self.device = unit(rng) < self.model.home.device;
        if self.life.traits.diabetes {
            self.life.diagnoses.push((Disease::Diabetes, first));
        }
        self.take_statin();
        let known = first + whole(unit(rng) * f64::from(checkup - first));
        let mut next = self.before(known, rng);
        if self.life.exam.aware && self.drugs.is_empty() {
            self.life.diagnoses.push((Disease::Hypertension, known));
        }
        let window = self.model.window;
        let (mut due, mut recall) = (Some(checkup), None);
        // What comes first; a check-up before the clinic on the same day.
        while let Some(day) = [due, recall, next].into_iter().flatten().min().filter(|day| *day <= self.life.end) {
            if due == Some(day) {
                recall = self.checkup(day, next.is_some(), rng).or(recall);
                let varies = whole((2.0 * unit(rng) - 1.0) * window.checkup_varies_days);
                due = Some(day.saturating_add((window.checkup_every_days + varies).max(1)));
            } else if recall == Some(day) {
                recall = None;
                next = self.recall(day, rng);
            } else {
                next = Some(self.clinic(day, rng));
            }
        }
        self.find_kidney_disease();
        let life = &mut self.life;
        life.visits.sort_by_key(|visit| visit.day);
        life.exposures.sort_by_key(|drug| (drug.start, drug.drug));
        life.diagnoses.sort_by_key(|(_, day)| *day);
        life.diagnoses.retain(|(_, day)| *day <= life.end);
    }

    /// A statin is taken all the time, a year's supply after the other.
    fn take_statin(&mut self) {
        let (drug, mut start) = (self.model.drugs.classes.len(), self.model.first_day);
        while self.life.traits.statin && start <= self.life.end {
            let end = start.saturating_add(364).min(self.life.end);
            self.life.exposures.push(Exposure { drug, start, end, prescribed: false });
            start = end.saturating_add(1);
        }
    }

    /// The clinic until the first check-up, for who is treated then; gives the day of the next visit.
    fn before(&mut self, began: i32, rng: &mut ChaCha8Rng) -> Option<i32> {
        let drugs = self.life.exam.combination.and_then(|position| self.model.drugs_of(position))?;
        let prevalent = unit(rng) < self.model.course.prevalent;
        let start = if prevalent { self.model.first_day } else { began };
        // The last visit before it, so that the drugs last beyond it.
        let lasting = f64::from(self.model.course.supply_days) - self.model.course.early_days;
        let anchor = self.life.traits.checkup - 1 - whole(unit(rng) * lasting * 0.7);
        let mut days = vec![anchor];
        let mut day = anchor - self.interval(rng);
        while day >= start {
            days.push(day);
            day -= self.interval(rng);
        }
        self.drugs = drugs.to_vec();
        self.life.diagnoses.push((Disease::Hypertension, days.last().copied().unwrap_or(anchor)));
        let next = anchor + self.interval(rng);
        days.reverse();
        for (position, day) in days.iter().enumerate() {
            let until = days.get(position + 1).copied().unwrap_or(next);
            self.see(*day, Place::Clinic, 2, rng);
            self.prescribe(*day, until);
        }
        Some(next)
    }

    /// Days to the next visit: a little less than the drugs last, or more after a gap.
    fn interval(&self, rng: &mut ChaCha8Rng) -> i32 {
        let course = &self.model.course;
        let early = whole(unit(rng) * (course.early_days + 1.0));
        let (has_gap, (low, high)) = (unit(rng) < course.gap, course.gap_days);
        let gap = whole(low + unit(rng) * (high - low + 1.0));
        course.supply_days + if has_gap { gap } else { -early }
    }

    fn prescribe(&mut self, day: i32, until: i32) {
        let end = (day + self.model.course.supply_days - 1).min(until - 1).min(self.life.end);
        let exposure = |drug: &usize| Exposure { drug: *drug, start: day, end, prescribed: true };
        self.life.exposures.extend(self.drugs.iter().map(exposure));
    }

    /// Measures at a visit; the first check-up was measured already.
    fn see(&mut self, day: i32, place: Place, count: usize, rng: &mut ChaCha8Rng) -> Pair {
        let figures = &self.model.reading;
        let level = usual(self.model, &self.life, day).plus(error(figures.visit, rng));
        let errors = [error(figures.reading, rng), error(figures.reading, rng), error(figures.reading, rng)];
        let measured = readings(self.model, level, errors);
        let is_first = day == self.life.traits.checkup && place == Place::Checkup;
        let measured = if is_first { self.life.exam.readings } else { measured };
        let readings = measured.into_iter().take(count).collect();
        let visit = Visit { day, place, readings, labs: None, home: false };
        let mean = visit.mean();
        self.life.visits.push(visit);
        mean
    }

    /// Laboratory values at the visit that was the last to be added.
    fn test(&mut self, rng: &mut ChaCha8Rng) {
        let Some(day) = self.life.visits.last().map(|visit| visit.day) else { return };
        let traits = &self.life.traits;
        let drawn = traits::labs(self.model, traits, day, filtration(self.model, &self.life, day), rng);
        let labs = if day == traits.checkup { traits.labs } else { drawn };
        if let Some(visit) = self.life.visits.last_mut() {
            visit.labs = Some(labs);
        }
    }

    /// A check-up; gives the day on which the person is called again.
    fn checkup(&mut self, day: i32, is_treated: bool, rng: &mut ChaCha8Rng) -> Option<i32> {
        let mean = self.see(day, Place::Checkup, 3, rng);
        self.test(rng);
        let (chance, (low, high)) = (unit(rng), self.model.course.recalled_after);
        let after = whole(low + unit(rng) * (high - low + 1.0));
        let is_called = mean.is_high() && !is_treated && chance < self.model.course.recalled;
        is_called.then(|| day + after.max(self.model.home.days + 1))
    }

    /// The second visit, after a week of home readings; gives the day of the next visit of who is treated now.
    fn recall(&mut self, day: i32, rng: &mut ChaCha8Rng) -> Option<i32> {
        self.see(day, Place::Recall, 2, rng);
        let week = home::week(self.model, &self.life, day);
        if let Some(visit) = self.life.visits.last_mut() {
            visit.home = !week.is_empty();
        }
        let (chance, first) = (unit(rng), self.model.first_drugs.at(unit(rng)));
        let limits = (self.model.home.systolic_limit, self.model.home.diastolic_limit);
        if !mean(week.iter().map(|reading| reading.pressure)).reaches(limits.0, limits.1) {
            return None;
        }
        if !self.life.diagnoses.iter().any(|(disease, _)| *disease == Disease::Hypertension) {
            self.life.diagnoses.push((Disease::Hypertension, day));
        }
        let (drug, _) = first.filter(|_| chance < self.model.course.started)?;
        self.drugs = vec![*drug];
        let next = day + self.interval(rng);
        self.prescribe(day, next);
        Some(next)
    }

    /// A visit at which drugs are prescribed; gives the day of the next.
    fn clinic(&mut self, day: i32, rng: &mut ChaCha8Rng) -> i32 {
        let is_high = self.see(day, Place::Clinic, 2, rng).is_high();
        self.clinics += 1;
        let course = &self.model.course;
        if self.clinics.is_multiple_of(course.laboratory_every.max(1)) {
            self.test(rng);
        }
        let at_home = self.device && self.clinics.is_multiple_of(self.model.home.every_visits.max(1));
        if let Some(visit) = self.life.visits.last_mut().filter(|_| at_home) {
            visit.home = true;
        }
        let chance = unit(rng);
        if is_high && self.was_high && chance < course.intensified && self.drugs.len() < course.most_drugs {
            let more = course_next(&self.model.next_drugs, &self.drugs);
            self.drugs.extend(more);
        }
        self.was_high = is_high;
        let next = day + self.interval(rng);
        self.prescribe(day, next);
        next
    }

    /// Low filtration twice, far enough apart.
    fn find_kidney_disease(&mut self) {
        let figures = &self.model.kidney_disease;
        let mut low: Vec<i32> = self.life.visits.iter().filter_map(|visit| Some((visit.day, visit.labs?))).fold(
            Vec::new(),
            |mut low, (day, labs)| {
                low.extend((labs.egfr < figures.below).then_some(day));
                low
            },
        );
        low.sort_unstable();
        let Some(first) = low.first().copied() else { return };
        let again = low.into_iter().find(|day| day - first >= figures.apart_days);
        self.life.diagnoses.extend(again.map(|day| (Disease::Kidney, day)));
    }
}

/// The first of the drugs to come that is not taken yet.
fn course_next(next: &[usize], taken: &[usize]) -> Option<usize> {
    next.iter().copied().find(|drug| !taken.contains(drug))
}

/// Filtration on a day: what is lost since the first check-up.
fn filtration(model: &Model, life: &Life, day: i32) -> f64 {
    let figures = &model.kidney;
    let above = ((life.exam.mean.systolic - 130.0) / 20.0).max(0.0);
    let loss = figures.loss
        + if life.traits.diabetes { figures.loss_diabetes } else { 0.0 }
        + figures.loss_per_20_mmhg * above;
    life.traits.filtration - loss * f64::from(day - life.traits.checkup) / DAYS_PER_YEAR
}
