//! How a life is drawn: what a person has, when somebody sees it, and what is done then.
//!
//! Everything that could happen is proposed first. Stays in hospital that would overlap, and visits on days in
//! hospital, are then left out: nobody is in two places.

use super::life::{Death, Life, Part, Place};
use super::model::Model;
use super::proposal::{Proposal, chosen};
use super::spec::{Acute, Cancer, Chronic, Drug, Illness, Known};
use super::values::Values;
use crate::draw::{unit, whole};
use crate::program::adult::{self, chance};
use crate::program::person::{DAYS_PER_YEAR, Sex};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

/// The specimen of a biopsy.
pub(crate) const TISSUE: &str = "tissue";
const FAMILY: &str = "family medicine";
pub(crate) const EMERGENCY: &str = "emergency medicine";
/// Departments that the course names by itself.
pub(crate) const DEPARTMENTS: [&str; 2] = [FAMILY, EMERGENCY];
/// Visits of one person are not drawn for ever, whatever the figures.
const VISITS_MAX: usize = 500;
const CYCLE_DAYS: i32 = 21;
const FOLLOW_UP_DAYS: i32 = 90;
const MONTH: i32 = 28;
const YEAR: i32 = 365;

/// Draws a life; `None` only for figures that `Model::bind` refuses.
pub(crate) fn draw(model: &Model, seed: u64, number: u64) -> Option<Life<'_>> {
    let (adult, _) = adult::draw(&model.population, &model.adults, seed, number)?;
    let rng = &mut crate::rows::stream(seed, number, "cdm person");
    let (&province, _) = model.places.at(unit(rng))?;
    let (&payer_at, _) = model.payer.at(unit(rng))?;
    let (alcohol, _) = model.alcohol.of(adult.person.sex).at(unit(rng))?;
    let (exercise, _) = model.exercise.at(unit(rng))?;
    let end = adult.other_death.min(model.last_day);
    let mut course = Course {
        model,
        sex: adult.person.sex,
        birth: adult.person.birth,
        first: model.first_day,
        end,
        told: Vec::new(),
        proposals: Vec::new(),
        rng: crate::rows::stream(seed, number, "cdm course"),
    };
    course.have(adult.diabetes, adult.statin);
    let mut cancer = course.cancer();
    let death = (adult.other_death <= model.last_day).then(|| course.die(adult.diabetes, &mut cancer)).flatten();
    course.attend();
    course.check_up(adult.checkup);
    for illness in &model.acute {
        course.fall_ill(illness);
    }
    if let Some((cancer, day)) = cancer {
        course.treat(cancer, day);
    }
    let Course { told, proposals, .. } = course;
    let mut life = Life {
        adult,
        province,
        payer: model.payers.get(payer_at)?,
        alcohol,
        exercise,
        first: model.first_day,
        end,
        death,
        visits: Vec::new(),
        diagnosed: Vec::new(),
        prescribed: Vec::new(),
        done: Vec::new(),
        used: Vec::new(),
        taken: Vec::new(),
        measured: Vec::new(),
    };
    let known = told.iter().map(|(disease, day)| (disease.illness.code.as_str(), *day)).collect();
    let mut values = Values::new(model, &life.adult, known, crate::rows::stream(seed, number, "cdm values"));
    for proposal in chosen(proposals, end) {
        proposal.enter(model, &mut life, &mut values);
    }
    life.diagnosed.sort_by_key(|one| one.first);
    life.prescribed.sort_by_key(|one| one.first);
    life.done.sort_by_key(|one| one.day);
    life.used.sort_by_key(|one| one.first);
    Some(life)
}

/// A number of days from a range, both ends included.
pub(crate) fn between(rng: &mut ChaCha8Rng, (from, until): (i32, i32)) -> i32 {
    from.saturating_add(whole(unit(rng) * (f64::from(until - from) + 1.0)))
}

struct Course<'m> {
    model: &'m Model,
    sex: Sex,
    birth: i32,
    first: i32,
    end: i32,
    /// Each chronic disease that the person has or gets, and the day on which it is told.
    told: Vec<(&'m Chronic, i32)>,
    proposals: Vec<Proposal<'m>>,
    rng: ChaCha8Rng,
}

impl<'m> Course<'m> {
    fn age(&self, day: i32) -> f64 {
        f64::from(day - self.birth) / DAYS_PER_YEAR
    }

    /// Days until something comes that comes so often a year.
    fn wait(&mut self, per_year: f64) -> i32 {
        let years = -libm::log(1.0 - unit(&mut self.rng)) / per_year.max(1e-12);
        whole((years * DAYS_PER_YEAR).min(100_000.0))
    }

    fn happens(&mut self, share: f64) -> bool {
        unit(&mut self.rng) < share
    }

    /// Chronic diseases: who has them on the first day, and who gets them when.
    fn have(&mut self, diabetes: bool, statin: bool) {
        let above = self.age(self.first) - 50.0;
        for disease in &self.model.chronic {
            let man = if self.sex == Sex::Male { disease.men } else { 0.0 };
            let by_odds = self.happens(chance(disease.odds + disease.per_year * above + man));
            let has = match disease.origin {
                Some(Known::Diabetes) => diabetes,
                Some(Known::Statin) => statin,
                None => by_odds,
            };
            let soon = whole(unit(&mut self.rng) * self.model.course.seen_within);
            let later = self.wait(disease.new * libm::exp(disease.new_per_year * above));
            let day = self.first.saturating_add(if has { soon } else { later });
            if disease.illness.fits(self.sex) && day <= self.end {
                self.told.push((disease, day));
            }
        }
    }

    /// The first cancer that the person gets, and when.
    fn cancer(&mut self) -> Option<(&'m Cancer, i32)> {
        let above = self.age(self.first) - 60.0;
        let mut found: Option<(&'m Cancer, i32)> = None;
        for cancer in &self.model.cancers {
            let rate = if self.sex == Sex::Male { cancer.men } else { cancer.women } / 100_000.0;
            let day = self.first.saturating_add(self.wait(rate * libm::exp(cancer.per_year * above)));
            let sooner = day <= self.end && found.is_none_or(|(_, other)| day < other);
            if sooner && rate > 0.0 && cancer.illness.fits(self.sex) {
                found = Some((cancer, day));
            }
        }
        found
    }

    /// The cause of death, and what must have been before it.
    fn die(&mut self, diabetes: bool, cancer: &mut Option<(&'m Cancer, i32)>) -> Option<Death<'m>> {
        let (model, end) = (self.model, self.end);
        let (code, lead) = self.cause(diabetes)?;
        let mut cause = model.illness(code)?;
        let before = between(&mut self.rng, lead);
        let begun = end.saturating_sub(before).max(self.first);
        let is_cancer = model.cancers.iter().find(|one| one.illness.code == code);
        if let Some(disease) = model.chronic.iter().find(|one| one.illness.code == code) {
            match self.told.iter_mut().find(|(known, _)| known.illness.code == code) {
                Some((_, day)) => *day = begun.min(*day),
                None => self.told.push((disease, begun)),
            }
        }
        if let Some(of) = is_cancer {
            let (of, _) = *cancer.get_or_insert((of, begun));
            cause = &of.illness;
        }
        let in_hospital = self.happens(model.hospital_deaths);
        let stay = between(&mut self.rng, model.last_stay);
        if in_hospital && !model.other_conditions.contains(cause) {
            let first = end.saturating_sub(stay).max(self.first);
            let acute = model.acute.iter().find(|one| one.illness.code == cause.code);
            let mut last = Proposal::new(Place::Hospital, first, end, model.department(&cause.department));
            last.priority = 3;
            last.by_emergency = is_cancer.is_none();
            last.condition(cause, first, end, is_cancer.map(|_| Part::Disease));
            match acute {
                Some(acute) => self.care_for(acute, &mut last),
                None => last.panels.push("vital"),
            }
            self.proposals.push(last);
        }
        Some(Death { day: end, cause })
    }

    fn cause(&mut self, diabetes: bool) -> Option<(&'m str, (i32, i32))> {
        let (model, age) = (self.model, self.age(self.end));
        let fits = |code: &str| {
            let needs_diabetes =
                model.chronic.iter().any(|one| one.origin == Some(Known::Diabetes) && one.illness.code == code);
            (diabetes || !needs_diabetes) && model.illness(code).is_some_and(|illness| illness.fits(self.sex))
        };
        let causes = model.causes.iter().filter(|cause| age >= cause.3 && fits(&cause.0));
        let possible = crate::program::weighted::Weighted::new(causes.map(|cause| (cause, cause.1)))?;
        let (cause, _) = possible.at(unit(&mut self.rng))?;
        Some((cause.0.as_str(), cause.2))
    }

    /// Regular visits for what is chronic, from the day on which the first of it is told.
    fn attend(&mut self) {
        let model = self.model;
        self.told.sort_by_key(|(_, day)| *day);
        let mut regimens: BTreeMap<&str, Vec<&'m Drug>> = BTreeMap::new();
        for (disease, weights) in model.chronic.iter().zip(&model.regimens) {
            let treated = self.happens(disease.treated);
            let drugs = weights.at(unit(&mut self.rng)).map(|(drugs, _)| drugs.as_slice()).unwrap_or_default();
            let drugs = drugs.iter().filter(|_| treated).filter_map(|code| model.drug(code));
            regimens.insert(&disease.illness.code, drugs.collect());
        }
        let mut supplied: BTreeMap<&str, i32> = BTreeMap::new();
        let mut next: Option<i32> = None;
        let mut seen = self.first.saturating_sub(1);
        for visit in 0..VISITS_MAX {
            let told = self.told.iter().map(|(_, day)| *day).find(|day| *day > seen);
            let Some(day) = told.into_iter().chain(next).min().filter(|day| *day <= self.end) else { break };
            seen = day;
            let known: Vec<&'m Chronic> =
                self.told.iter().filter(|(_, told)| *told <= day).map(|(disease, _)| *disease).collect();
            let newest = known.last().map_or(FAMILY, |disease| disease.illness.department.as_str());
            let mut clinic = Proposal::new(Place::Clinic, day, day, model.department(newest));
            clinic.panels.push("vital");
            let every = usize::try_from(model.course.laboratory_every).unwrap_or(1).max(1);
            for disease in known {
                clinic.condition(&disease.illness, day, day, None);
                if visit % every == 0 {
                    clinic.panels.extend(disease.panel.iter().map(String::as_str));
                }
                for drug in regimens.get(disease.illness.code.as_str()).into_iter().flatten().copied() {
                    let left = supplied.get(drug.code.as_str()).map_or(-1, |until| until - day);
                    if left <= model.course.early_days {
                        clinic.drugs.push((drug, day, model.course.supply_days, None));
                        supplied.insert(&drug.code, day + model.course.supply_days - 1);
                    }
                }
            }
            self.proposals.push(clinic);
            next = Some(self.next_visit(day, supplied.values().min().copied()));
        }
    }

    /// The next regular visit after one, before the first of the drugs runs out or a little too late.
    fn next_visit(&mut self, day: i32, runs_out: Option<i32>) -> i32 {
        let course = &self.model.course;
        let (early, late) = (between(&mut self.rng, (0, course.early_days)), unit(&mut self.rng) < course.late);
        let delay = between(&mut self.rng, course.late_days);
        let due = runs_out.unwrap_or(day + 2 * course.supply_days);
        (due - early + if late { delay } else { 0 }).max(day + 14)
    }

    fn check_up(&mut self, first: i32) {
        let window = &self.model.window;
        let mut day = first - window.checkup_every_days;
        while day <= self.end {
            if day >= self.first {
                let mut checkup = Proposal::new(Place::Checkup, day, day, self.model.department(FAMILY));
                checkup.panels.extend(self.model.checkup.iter().map(String::as_str));
                self.proposals.push(checkup);
            }
            let varies = whole((2.0 * unit(&mut self.rng) - 1.0) * window.checkup_varies_days);
            let next = day.saturating_add((window.checkup_every_days + varies).max(1));
            day = if day < first { first } else { next };
        }
    }

    fn fall_ill(&mut self, illness: &'m Acute) {
        let mut day = self.first;
        for _ in 0..VISITS_MAX {
            let rate = illness.per_1000 / 1_000.0 * libm::exp(illness.per_year * (self.age(day) - 50.0));
            let wait = self.wait(rate);
            day = day.saturating_add(wait.min(YEAR));
            if wait > YEAR {
                // A year older, the rate is another.
                continue;
            }
            if day > self.end || !illness.illness.fits(self.sex) {
                break;
            }
            let age = self.age(day);
            let lasts = between(&mut self.rng, illness.lasts);
            if illness.ages.is_none_or(|(from, until)| (from..until + 1.0).contains(&age)) {
                self.see(illness, day, lasts);
                if illness.once {
                    break;
                }
            }
            day = day.saturating_add(lasts).saturating_add(illness.apart);
        }
    }

    fn see(&mut self, illness: &'m Acute, day: i32, lasts: i32) {
        let [clinic, emergency, hospital, through] = illness.seen;
        let at = unit(&mut self.rng) * (clinic + emergency + hospital + through);
        let stay = between(&mut self.rng, illness.stay);
        let place = if at < clinic {
            Place::Clinic
        } else if at < clinic + emergency {
            Place::Emergency
        } else {
            Place::Hospital
        };
        let last = if place == Place::Hospital { day.saturating_add(stay).min(self.end) } else { day };
        let department = if place == Place::Emergency { EMERGENCY } else { illness.illness.department.as_str() };
        let mut visit = Proposal::new(place, day, last, self.model.department(department));
        visit.by_emergency = at >= clinic + emergency + hospital;
        visit.priority = 1;
        visit.condition(&illness.illness, day, day.saturating_add(lasts), None);
        self.care_for(illness, &mut visit);
        self.proposals.push(visit);
    }

    /// What is done and given for an illness at a visit.
    fn care_for(&mut self, illness: &'m Acute, visit: &mut Proposal<'m>) {
        let (model, first) = (self.model, visit.first);
        visit.intensive = if illness.intensive { between(&mut self.rng, (1, 4)) } else { 0 };
        visit.panels.extend(illness.panel.iter().map(String::as_str));
        for (code, days, share) in &illness.drugs {
            let given = self.happens(*share);
            visit.drugs.extend(model.drug(code).filter(|_| given).map(|drug| (drug, first, *days, None)));
        }
        for (code, share) in &illness.procedures {
            let (done, after) = (self.happens(*share), between(&mut self.rng, (0, 1)));
            let day = first.saturating_add(after).min(visit.last);
            visit.procedures.extend(model.procedure(code).filter(|_| done).map(|procedure| (procedure, day, None)));
        }
        for (code, days, share) in &illness.devices {
            let used = self.happens(*share);
            let device = model.devices.iter().find(|device| device.0 == *code).filter(|_| used);
            visit.devices.extend(device.map(|device| (device, first, first.saturating_add(*days))));
        }
    }

    /// A cancer from its biopsy on.
    fn treat(&mut self, cancer: &'m Cancer, day: i32) {
        let model = self.model;
        let department = model.department(&cancer.illness.department);
        let mut biopsy = Proposal::new(Place::Clinic, day, day, department);
        biopsy.priority = 2;
        biopsy.procedures.extend(model.procedure(&cancer.biopsy).map(|found| (found, day, Some(Part::Disease))));
        biopsy.tissue = true;
        self.of_cancer(&cancer.illness, biopsy);
        let mut last = day;
        let (is_operated, wait) = (self.happens(cancer.surgery_share), between(&mut self.rng, cancer.wait));
        let stay = between(&mut self.rng, cancer.stay);
        if is_operated {
            let first = day.saturating_add(wait);
            last = first.saturating_add(stay);
            let mut surgery = Proposal::new(Place::Hospital, first, last.min(self.end), department);
            surgery.priority = 2;
            let on = first.saturating_add(1).min(self.end);
            surgery.procedures.extend(model.procedure(&cancer.surgery).map(|done| (done, on, Some(Part::Treatment))));
            self.of_cancer(&cancer.illness, surgery);
        }
        let is_given = self.happens(cancer.drug_share);
        for _ in 0..if is_given { cancer.cycles } else { 0 } {
            last = last.saturating_add(CYCLE_DAYS);
            let mut cycle = Proposal::new(Place::Clinic, last, last, department);
            cycle.priority = 2;
            let drugs = cancer.drugs.iter().filter_map(|code| model.drug(code));
            cycle.drugs.extend(drugs.map(|drug| (drug, last, 1, Some(Part::Treatment))));
            self.of_cancer(&cancer.illness, cycle);
        }
        last = last.saturating_add(MONTH);
        while last <= self.end {
            let mut after = Proposal::new(Place::Clinic, last, last, department);
            after.priority = 1;
            self.of_cancer(&cancer.illness, after);
            last = last.saturating_add(FOLLOW_UP_DAYS);
        }
    }

    fn of_cancer(&mut self, illness: &'m Illness, mut visit: Proposal<'m>) {
        let first = visit.first;
        visit.condition(illness, first, visit.last, Some(Part::Disease));
        visit.panels.extend(["vital", "blood count"]);
        if first <= self.end {
            self.proposals.push(visit);
        }
    }
}
