//! The years around the first check-up: visits, laboratory values, diagnoses, drugs, kidney failure and death.
//!
//! Who is treated at the first check-up has been for some time. Who is found with high glucose or with a marker of
//! kidney disease there may be called again, and is told when it is found again.

use super::exam::{self, Kidney, Sugar};
use super::kidneys::Kidneys;
use super::life::{Cause, Disease, Exposure, Life, Lipids, Place, Visit};
use super::model::Model;
use super::spec::Drug;
use super::traits::{self, Errors};
use crate::draw::{normal, unit, whole};
use crate::program::adult::tenths;
use crate::program::person::DAYS_PER_YEAR;
use rand_chacha::ChaCha8Rng;

/// Draws a life; `None` only for figures that `Model::bind` refuses.
pub(crate) fn draw(model: &Model, seed: u64, number: u64) -> Option<Life> {
    let traits = traits::draw(model, seed, number)?;
    let exam = exam::examine(model, &traits, &model.levels);
    let mut rng = crate::rows::stream(seed, number, "chronic course");
    let kidneys = Kidneys::new(model, &exam, traits.adult.checkup, traits.adult.diabetes);
    let (hba1c, checkup) = (exam.hba1c, traits.adult.checkup);
    let life = Life {
        exam,
        visits: Vec::with_capacity(8),
        exposures: Vec::new(),
        diagnoses: Vec::new(),
        eyes: Vec::new(),
        dialysis: None,
        end: model.last_day,
        death: None,
        traits,
    };
    let mut course = Course {
        model,
        life,
        kidneys,
        drugs: Vec::new(),
        begun: Vec::new(),
        hba1c: (hba1c, checkup),
        was_high: false,
        marker: None,
        clinics: 0,
    };
    course.befall();
    course.run(&mut rng);
    course.look_at_eyes(&mut crate::rows::stream(seed, number, "chronic eyes"));
    Some(course.life)
}

/// What is measured at a visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Panel {
    Sugar,
    All,
}

struct Course<'m> {
    model: &'m Model,
    life: Life,
    kidneys: Kidneys,
    /// What is prescribed now.
    drugs: Vec<Drug>,
    /// What was begun after the first check-up, for the weight.
    begun: Vec<(Drug, i32)>,
    /// HbA1c without an error of measurement, and the day of it.
    hba1c: (f64, i32),
    /// Whether the last visit to the clinic found a high HbA1c.
    was_high: bool,
    /// The first of an unbroken row of tests with a marker of kidney disease.
    marker: Option<i32>,
    clinics: usize,
}

impl Course<'_> {
    /// The death that the first check-up foretells.
    fn befall(&mut self) {
        let (traits, exam) = (&self.life.traits, &self.life.exam);
        let adult = &traits.adult;
        let excess = self.model.excess(adult.diabetes, exam.filtration, exam.albumin);
        let share = self.model.adults.other_deaths * excess;
        let of_disease = self.model.population.death_after(&adult.person, adult.checkup, share, traits.dies);
        let disease = if adult.diabetes { Disease::Diabetes } else { Disease::Kidney };
        if of_disease < adult.other_death {
            self.dies(Cause::Of(disease), of_disease);
        } else {
            self.dies(Cause::Other, adult.other_death);
        }
    }

    /// A death, if it comes before the end that is known.
    fn dies(&mut self, cause: Cause, day: i32) {
        if day <= self.life.end {
            self.life.end = day;
            self.life.death = Some((cause, day));
        }
    }

    fn run(&mut self, rng: &mut ChaCha8Rng) {
        let checkup = self.life.traits.adult.checkup;
        let mut next = self.before(rng);
        let (mut due, mut recall, mut kidney_recall) = (Some(checkup), None, None);
        loop {
            // What comes first; a check-up before the clinic on the same day.
            let coming = [due, recall, kidney_recall, next].into_iter().flatten().min();
            let until = coming.unwrap_or(self.life.end).min(self.life.end);
            if let Some(day) = self.fails(until, rng) {
                next = next.or_else(|| Some(day + self.interval(rng)));
                continue;
            }
            let Some(day) = coming.filter(|day| *day <= self.life.end) else { break };
            if due == Some(day) {
                let found = self.checkup(day, next.is_some(), rng);
                (recall, kidney_recall) = (found.0.or(recall), found.1.or(kidney_recall));
                let window = self.model.window;
                let varies = whole((2.0 * unit(rng) - 1.0) * window.checkup_varies_days);
                due = Some(day.saturating_add((window.checkup_every_days + varies).max(1)));
            } else if recall == Some(day) {
                recall = None;
                next = next.or(self.recall(day, rng));
            } else if kidney_recall == Some(day) {
                kidney_recall = None;
                self.see(day, Place::Recall, Panel::All, rng);
                let is_told = self.life.told(Disease::Kidney).is_some();
                next = next.or_else(|| is_told.then(|| day + self.interval(rng)));
            } else {
                next = Some(self.clinic(day, rng));
            }
        }
        self.take_statin();
        let life = &mut self.life;
        let end = life.end;
        life.visits.sort_by_key(|visit| visit.day);
        life.exposures.retain(|drug| drug.start <= end);
        life.exposures.iter_mut().for_each(|drug| drug.end = drug.end.min(end));
        life.exposures.sort_by_key(|drug| (drug.start, drug.drug));
        life.diagnoses.retain(|(_, day)| *day <= end);
        life.diagnoses.sort_by_key(|(_, day)| *day);
    }

    /// A statin is taken all the time, a year's supply after the other.
    fn take_statin(&mut self) {
        let mut start = self.model.first_day;
        while self.life.traits.adult.statin && start <= self.life.end {
            let end = start.saturating_add(364);
            self.life.exposures.push(Exposure { drug: Drug::Statin, start, end, prescribed: false });
            start = end.saturating_add(1);
        }
    }

    /// The time until the first check-up of who knows of diabetes then; gives the day of the next visit of the treated.
    fn before(&mut self, rng: &mut ChaCha8Rng) -> Option<i32> {
        let (first, checkup) = (self.model.first_day, self.life.traits.adult.checkup);
        let onset = self.life.traits.onset.max(first);
        let is_prevalent = self.life.traits.onset < first && unit(rng) < self.model.course.prevalent;
        let known = if is_prevalent { first } else { onset + whole(unit(rng) * f64::from(checkup - onset)) };
        if !self.life.exam.aware {
            return None;
        }
        if !self.life.exam.treated {
            self.life.diagnoses.push((Disease::Diabetes, known));
            return None;
        }
        // The last visit before it, so that the drugs last beyond it.
        let lasting = f64::from(self.model.course.supply_days) - self.model.course.early_days;
        let anchor = (checkup - 1 - whole(unit(rng) * lasting * 0.7)).max(first);
        let mut days = vec![anchor];
        let mut day = anchor - self.interval(rng);
        while day >= known {
            days.push(day);
            day -= self.interval(rng);
        }
        self.drugs.clone_from(&self.life.exam.drugs);
        self.life.diagnoses.push((Disease::Diabetes, days.last().copied().unwrap_or(anchor)));
        let next = (anchor + self.interval(rng)).max(checkup);
        days.reverse();
        for (position, day) in days.iter().enumerate() {
            let until = days.get(position + 1).copied().unwrap_or(next);
            self.clinics += 1;
            let panel = self.panel();
            self.see(*day, Place::Clinic, panel, rng);
            self.prescribe(*day, until);
        }
        Some(next)
    }

    /// Days to the next visit: a little less than the drugs last.
    fn interval(&self, rng: &mut ChaCha8Rng) -> i32 {
        let course = &self.model.course;
        course.supply_days - whole(unit(rng) * (course.early_days + 1.0))
    }

    fn prescribe(&mut self, day: i32, until: i32) {
        let end = (day + self.model.course.supply_days - 1).min(until - 1);
        let exposure = |drug: &Drug| Exposure { drug: *drug, start: day, end, prescribed: true };
        self.life.exposures.extend(self.drugs.iter().map(exposure));
    }

    fn panel(&self) -> Panel {
        let course = &self.model.course;
        let every = if self.marker.is_some() { course.kidney_every } else { course.laboratory_every };
        if self.clinics.is_multiple_of(every.max(1)) { Panel::All } else { Panel::Sugar }
    }

    /// HbA1c on a day: on its way from where it was to where the drugs would have it.
    fn follow(&mut self, day: i32) -> f64 {
        let (model, checkup) = (self.model, self.life.traits.adult.checkup);
        let untreated = exam::untreated(model, &self.life.traits, &model.levels, day);
        let aim = model.treated(untreated, &self.drugs, self.kidneys.filtration(model, day));
        if day <= checkup {
            // Until the first check-up nothing was changed for long.
            return if day == checkup { self.life.exam.hba1c } else { aim };
        }
        let (was, from) = self.hba1c;
        let share = libm::exp(-f64::from(day - from) / model.glycaemia.follows_days);
        self.hba1c = (aim + (was - aim) * share, day);
        self.hba1c.0
    }

    /// Measures at a visit; the first check-up was measured already.
    fn see(&mut self, day: i32, place: Place, panel: Panel, rng: &mut ChaCha8Rng) -> Visit {
        let (model, checkup) = (self.model, self.life.traits.adult.checkup);
        let is_first = day == checkup && place == Place::Checkup;
        let hba1c = self.follow(day);
        let drawn = Errors::draw(rng);
        let errors = if is_first { self.life.traits.errors } else { drawn };
        let (person, is_all) = (self.life.traits.adult.person, panel == Panel::All);
        let weight = self.weight(day, normal(rng));
        let level = (self.kidneys.filtration(model, day), self.kidneys.albumin(model, day));
        let kidney = exam::measured_kidney(model, (person.sex, person.age(day)), level.0, level.1, &errors);
        let lipids = self.lipids(rng);
        let visit = Visit {
            day,
            place,
            weight_kg: Some(if is_first { self.life.traits.adult.weight_kg } else { weight }),
            sugar: Some(exam::measured_sugar(model, hba1c, &errors)),
            // On dialysis, filtration is no longer estimated.
            kidney: Some(kidney).filter(|_| is_all && self.life.dialysis.is_none()),
            lipids: Some(lipids).filter(|_| is_all),
        };
        self.mark(&visit);
        self.life.visits.push(visit.clone());
        visit
    }

    fn weight(&self, day: i32, drawn: f64) -> f64 {
        let (values, adult) = (&self.model.other_values, &self.life.traits.adult);
        let years = f64::from(day - adult.checkup) / DAYS_PER_YEAR;
        let of_drug = |(drug, begun): &(Drug, i32)| {
            self.model.drug(*drug).weight * (1.0 - libm::exp(-f64::from((day - begun).max(0)) / 120.0))
        };
        let of_drugs: f64 = self.begun.iter().map(of_drug).sum();
        let weight = adult.weight_kg + values.weight_per_year * years + of_drugs + values.weight_varies * drawn;
        tenths(weight.max(30.0))
    }

    fn lipids(&self, rng: &mut ChaCha8Rng) -> Lipids {
        let (adult, vary) = (&self.life.traits.adult, self.model.other_values.lipids_vary);
        let total = (adult.total_cholesterol * (1.0 + vary * normal(rng))).clamp(90.0, 360.0).round();
        let hdl = (adult.hdl * (1.0 + vary * normal(rng))).clamp(20.0, 120.0).round();
        let varied = libm::exp(self.life.traits.triglycerides + 3.0 * vary * normal(rng));
        let triglycerides = varied.clamp(30.0, 1_500.0).round();
        let ldl = total - hdl - triglycerides / 5.0;
        Lipids { total, hdl, triglycerides, ldl: Some(ldl.round()).filter(|ldl| triglycerides < 400.0 && *ldl >= 10.0) }
    }

    /// Kidney disease is diagnosed when all tests of at least 90 days have a marker.
    fn mark(&mut self, visit: &Visit) {
        let Some(kidney) = visit.kidney else { return };
        if !kidney.is_beyond() {
            self.marker = None;
            return;
        }
        let first = *self.marker.get_or_insert(visit.day);
        if visit.day - first >= MARKED_DAYS && self.life.told(Disease::Kidney).is_none() {
            self.life.diagnoses.push((Disease::Kidney, visit.day));
        }
    }

    /// A check-up; gives the days on which the person is called again, for glucose and for the kidneys.
    fn checkup(&mut self, day: i32, is_seen: bool, rng: &mut ChaCha8Rng) -> (Option<i32>, Option<i32>) {
        let visit = self.see(day, Place::Checkup, Panel::All, rng);
        let course = &self.model.course;
        let mut called = |chance: f64, (low, high): (f64, f64)| {
            let after = whole(low + unit(rng) * (high - low + 1.0));
            (unit(rng) < chance && !is_seen).then_some(day + after)
        };
        let sugar = called(course.recalled, course.recalled_after);
        let kidney = called(course.kidney_recalled, course.kidney_recalled_after);
        let is_high = visit.sugar.is_some_and(|sugar| sugar.glucose >= 126.0);
        (sugar.filter(|_| is_high), kidney.filter(|_| visit.kidney.is_some_and(Kidney::is_beyond)))
    }

    /// The visit after a high glucose; gives the day of the next visit of who is treated now.
    fn recall(&mut self, day: i32, rng: &mut ChaCha8Rng) -> Option<i32> {
        let visit = self.see(day, Place::Recall, Panel::Sugar, rng);
        let chance = unit(rng);
        if !visit.sugar.is_some_and(Sugar::is_high) {
            return None;
        }
        if self.life.told(Disease::Diabetes).is_none() {
            self.life.diagnoses.push((Disease::Diabetes, day));
        }
        if chance >= self.model.course.started {
            return None;
        }
        self.add_glucose_drug(&visit, rng);
        let next = day + self.interval(rng);
        self.prescribe(day, next);
        Some(next)
    }

    /// A visit at which drugs are prescribed; gives the day of the next.
    fn clinic(&mut self, day: i32, rng: &mut ChaCha8Rng) -> i32 {
        self.clinics += 1;
        let visit = self.see(day, Place::Clinic, self.panel(), rng);
        let chance = unit(rng);
        if self.life.told(Disease::Diabetes).is_some() {
            let is_high = visit.sugar.is_some_and(|sugar| sugar.hba1c >= self.model.course.goal);
            if is_high && self.was_high && chance < self.model.course.intensified {
                self.add_glucose_drug(&visit, rng);
            }
            self.was_high = is_high;
        }
        self.protect_kidneys(&visit, rng);
        let next = day + self.interval(rng);
        self.prescribe(day, next);
        next
    }

    fn begin(&mut self, drug: Drug, day: i32) {
        self.drugs.push(drug);
        self.drugs.sort_unstable();
        self.kidneys.begin(drug, day);
        self.begun.push((drug, day));
    }

    /// Metformin first, insulin for who is very high, one of the others otherwise, and insulin when all are taken.
    fn add_glucose_drug(&mut self, visit: &Visit, rng: &mut ChaCha8Rng) {
        let course = &self.model.course;
        let filtration = self.kidneys.filtration(self.model, visit.day);
        let may = |drug: Drug| {
            let least = self.model.drug(drug).least_filtration;
            // On dialysis it is the least of all.
            !self.drugs.contains(&drug) && (least == 0.0 || (self.life.dialysis.is_none() && filtration >= least + 5.0))
        };
        let is_very_high = visit.sugar.is_some_and(|sugar| sugar.hba1c >= course.insulin_from);
        let chosen = self.model.next_drugs.at(unit(rng)).map(|(drug, _)| *drug);
        let others = self.model.next_drugs.things().copied();
        let wanted = [Some(Drug::Metformin), is_very_high.then_some(Drug::Insulin), chosen].into_iter().flatten();
        let drug = wanted.chain(others).chain([Drug::Insulin]).find(|drug| may(*drug));
        if let Some(drug) = drug {
            self.begin(drug, visit.day);
        }
    }

    /// An ACE inhibitor against albuminuria, an SGLT2 inhibitor against more of it; no metformin at a low filtration.
    fn protect_kidneys(&mut self, visit: &Visit, rng: &mut ChaCha8Rng) {
        let Some(kidney) = visit.kidney else { return };
        let (course, least) = (&self.model.course, |drug| self.model.drug(drug).least_filtration);
        let (acei, sglt2) = (unit(rng) < course.acei, unit(rng) < course.sglt2_for_kidney);
        let (takes, low) = (|drug| self.drugs.contains(&drug), kidney.egfr < least(Drug::Metformin));
        let begins_acei = acei && kidney.albumin >= 30.0 && !takes(Drug::Acei);
        let within = (least(Drug::Sglt2) + 5.0..=75.0).contains(&kidney.egfr);
        let begins_sglt2 = sglt2 && kidney.albumin >= course.sglt2_albumin && within && !takes(Drug::Sglt2);
        if low {
            self.drugs.retain(|drug| *drug != Drug::Metformin);
        }
        if begins_acei {
            self.begin(Drug::Acei, visit.day);
        }
        if begins_sglt2 {
            self.begin(Drug::Sglt2, visit.day);
        }
    }

    /// Kidney failure by a day, if it comes by then; gives its day.
    fn fails(&mut self, until: i32, rng: &mut ChaCha8Rng) -> Option<i32> {
        let (model, checkup) = (self.model, self.life.traits.adult.checkup);
        let is_low = |day: i32| self.kidneys.filtration(model, day) < model.failure.below;
        if self.life.dialysis.is_some() || until <= checkup || !is_low(until) {
            return None;
        }
        // Filtration falls from one change of drugs to the next, so the first low day is found by halving.
        let (mut high, mut low) = (self.life.visits.last().map_or(checkup, |visit| visit.day).max(checkup), until);
        while low - high > 1 {
            let middle = high + (low - high) / 2;
            if is_low(middle) { low = middle } else { high = middle }
        }
        let day = low;
        self.life.dialysis = Some(day);
        if self.life.told(Disease::Kidney).is_none() {
            self.life.diagnoses.push((Disease::Kidney, day));
        }
        self.life.diagnoses.push((Disease::Failure, day));
        self.drugs.retain(|drug| !matches!(drug, Drug::Metformin | Drug::Sglt2));
        self.stop(day);
        let (place, weight_kg) = (Place::Hospital, Some(self.weight(day, normal(rng))));
        self.life.visits.push(Visit { day, place, weight_kg, sugar: None, kidney: None, lipids: None });
        let years = -libm::log(1.0 - unit(rng)) / model.failure.deaths_per_year;
        self.dies(Cause::Of(Disease::Failure), day.saturating_add(whole(years * DAYS_PER_YEAR)).saturating_add(1));
        Some(day)
    }

    /// Once a year at a visit for diabetes, or not in that year.
    fn look_at_eyes(&mut self, rng: &mut ChaCha8Rng) {
        let Some(told) = self.life.told(Disease::Diabetes) else { return };
        let mut due = told;
        for visit in self.life.visits.iter().filter(|visit| visit.place == Place::Clinic) {
            if visit.day >= due {
                due = visit.day.saturating_add(YEAR);
                if unit(rng) < self.model.course.eyes {
                    self.life.eyes.push(visit.day);
                }
            }
        }
    }

    /// What dialysis ends is no longer taken from a day on.
    fn stop(&mut self, day: i32) {
        let ends = |drug: Drug| matches!(drug, Drug::Metformin | Drug::Sglt2);
        let running = self.life.exposures.iter_mut().filter(|exposure| ends(exposure.drug) && exposure.end >= day);
        running.for_each(|exposure| exposure.end = exposure.start.max(day - 1));
    }
}

/// Three months, as KDIGO asks.
const MARKED_DAYS: i32 = 90;
const YEAR: i32 = 365;
