//! The figures, held against each other: every code that is named somewhere is declared, and every weight can be drawn.

use super::spec::{
    Acute, Cancer, Cause, Chronic, Course, Device, Drug, Fees, Group, Illness, Ingredients, Measurement, Notes, Panel,
    Payer, Procedure, Province, Spec, Specimen,
};
use crate::SynthError;
use crate::program::adult::{Adults, Smoking, Window};
use crate::program::figure::{BySex, Figure};
use crate::program::person::Population;
use crate::program::weighted::Weighted;
use std::collections::BTreeSet;

/// Everything that persons are drawn from.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) population: Population,
    pub(crate) first_day: i32,
    pub(crate) last_day: i32,
    pub(crate) window: Window,
    pub(crate) adults: Adults,
    pub(crate) provinces: Vec<Province>,
    pub(crate) places: Weighted<usize>,
    pub(crate) departments: Vec<(String, String)>,
    pub(crate) payers: Vec<Payer>,
    pub(crate) payer: Weighted<usize>,
    pub(crate) fees: Fees,
    pub(crate) alcohol: BySex<Weighted<String>>,
    pub(crate) exercise: Weighted<String>,
    pub(crate) course: Course,
    pub(crate) hospital_deaths: f64,
    pub(crate) last_stay: (i32, i32),
    pub(crate) causes: Vec<Cause>,
    pub(crate) notes: Notes,
    pub(crate) cohorts: Vec<(String, String)>,
    pub(crate) groups: Vec<Group>,
    pub(crate) ingredients: Ingredients,
    pub(crate) drugs: Vec<Drug>,
    pub(crate) procedures: Vec<Procedure>,
    pub(crate) devices: Vec<Device>,
    pub(crate) measurements: Vec<Measurement>,
    pub(crate) panels: Vec<Panel>,
    pub(crate) checkup: Vec<String>,
    pub(crate) specimens: Vec<Specimen>,
    pub(crate) chronic: Vec<Chronic>,
    /// A regimen of each chronic disease.
    pub(crate) regimens: Vec<Weighted<Vec<String>>>,
    pub(crate) acute: Vec<Acute>,
    pub(crate) cancers: Vec<Cancer>,
    pub(crate) other_conditions: Vec<Illness>,
}

impl Model {
    /// Holds the figures against each other.
    pub(crate) fn bind(spec: Spec) -> Result<Self, SynthError> {
        let window = spec.window.value;
        let (first_day, last_day) = window.days().ok_or_else(|| wrong("window", "needs dates"))?;
        let population = Population::bind(spec.population)
            .ok_or_else(|| wrong("population", "needs one number for each band of age, and a day"))?;
        if first_day >= population.on || last_day < population.on.saturating_add(365) || window.checkup_every_days < 90
        {
            return Err(wrong("window", "needs the population's day after its first and a year before its last"));
        }
        let adults = Adults {
            within_days: window.checkup_within_days,
            other_deaths: spec.other_deaths.value,
            bodies: spec.body.value,
            smoking: spec.smoking.value.map(|_, shares| weighted(Smoking::ALL.into_iter().zip(shares), "smoking"))?,
            diabetes: spec.diabetes.value,
            lipids: spec.lipids.value,
            filtration: spec.filtration.value,
        };
        let (care, habits, payers) = (spec.care.value, spec.habits.value, spec.payers.value);
        let places = care.provinces.iter().map(|province| province.3).enumerate();
        let chronic: Vec<Chronic> = values(spec.chronic);
        let regimens = chronic.iter().map(|disease| weighted(disease.regimens.iter().cloned(), &disease.illness.code));
        let model = Self {
            population,
            first_day,
            last_day,
            window,
            adults,
            places: weighted(places, "care")?,
            provinces: care.provinces,
            departments: care.departments,
            payer: weighted(payers.iter().map(|payer| payer.weight).enumerate(), "payers")?,
            payers,
            fees: spec.fees.value,
            alcohol: BySex {
                male: weighted(habits.alcohol_male, "habits")?,
                female: weighted(habits.alcohol_female, "habits")?,
            },
            exercise: weighted(habits.exercise, "habits")?,
            course: spec.course.value,
            hospital_deaths: spec.causes.value.hospital,
            last_stay: spec.causes.value.stay,
            causes: spec.causes.value.of,
            notes: spec.notes.value,
            cohorts: spec.cohorts.value,
            groups: spec.groups.value,
            ingredients: spec.ingredients.value,
            drugs: spec.drugs.value,
            procedures: spec.procedures.value,
            devices: spec.devices.value,
            measurements: spec.measurements.value,
            panels: spec.panels.value,
            checkup: spec.checkup.value,
            specimens: spec.specimens.value,
            regimens: regimens.collect::<Result<_, _>>()?,
            chronic,
            acute: values(spec.acute),
            cancers: values(spec.cancers),
            other_conditions: spec.other_conditions.value,
        };
        model.check_course()?;
        model.check_names()?;
        Ok(model)
    }

    fn check_course(&self) -> Result<(), SynthError> {
        let course = &self.course;
        if course.early_days < 0 || course.supply_days < course.early_days.saturating_add(14) {
            return Err(wrong("course", "must supply drugs for two weeks longer than a visit comes early"));
        }
        let ordered = |(from, until): (i32, i32)| from >= 0 && from <= until && until <= 3_650;
        let acute = self.acute.iter().flat_map(|illness| [illness.lasts, illness.stay]);
        let cancers = self.cancers.iter().flat_map(|cancer| [cancer.wait, cancer.stay]);
        let causes = self.causes.iter().map(|cause| cause.2);
        let spans = acute.chain(cancers).chain(causes).chain([course.late_days, self.last_stay]);
        if let Some((from, until)) = spans.into_iter().find(|span| !ordered(*span)) {
            return Err(wrong("days", &format!("from {from} to {until} are not in order within ten years")));
        }
        let is_rate = |rate: f64| rate.is_finite() && (0.0..=1_000.0).contains(&rate);
        let rates = self.acute.iter().map(|illness| illness.per_1000).chain(self.chronic.iter().map(|one| one.new));
        if !rates.into_iter().all(is_rate) || self.acute.iter().any(|illness| !is_seen(&illness.seen)) {
            return Err(wrong("acute and chronic", "need rates up to 1000 and shares that are not all zero"));
        }
        if self.drugs.iter().any(|drug| !(1..=12).contains(&drug.per_day) || drug.of.is_empty()) {
            return Err(wrong("drugs", "need ingredients and up to 12 units a day"));
        }
        Ok(())
    }

    /// Every code that is named somewhere is declared somewhere.
    fn check_names(&self) -> Result<(), SynthError> {
        let known = |place: &str, declared: BTreeSet<&str>, named: Vec<&str>| match named
            .into_iter()
            .find(|name| !declared.contains(*name))
        {
            Some(name) => Err(wrong(place, &format!("name {name}, which is not declared"))),
            None => Ok(()),
        };
        let conditions: BTreeSet<&str> = self.illnesses().map(|illness| illness.code.as_str()).collect();
        let of_drugs = self.drugs.iter().map(|drug| drug.code.as_str()).collect();
        let regimens = self.chronic.iter().flat_map(|one| one.regimens.iter().flat_map(|(drugs, _)| texts(drugs)));
        let acute_drugs = self.acute.iter().flat_map(|one| one.drugs.iter().map(|(drug, _, _)| drug.as_str()));
        let cancer_drugs = self.cancers.iter().flat_map(|cancer| texts(&cancer.drugs));
        known("diseases", of_drugs, regimens.chain(acute_drugs).chain(cancer_drugs).collect())?;
        let ingredients = self.ingredients.of.iter().map(|(atc, _, _)| atc.as_str()).collect();
        known(
            "drugs",
            ingredients,
            self.drugs.iter().flat_map(|drug| drug.of.iter().map(|(atc, _)| &**atc)).collect(),
        )?;
        let procedures = self.procedures.iter().map(|procedure| procedure.code.as_str()).collect();
        let acute = self.acute.iter().flat_map(|one| one.procedures.iter().map(|(code, _)| code.as_str()));
        let cancers = self.cancers.iter().flat_map(|cancer| [cancer.biopsy.as_str(), cancer.surgery.as_str()]);
        known("diseases", procedures, acute.chain(cancers).collect())?;
        let devices = self.devices.iter().map(|device| device.0.as_str()).collect();
        let used = self.acute.iter().flat_map(|one| one.devices.iter().map(|(code, _, _)| code.as_str()));
        known("diseases", devices, used.collect())?;
        let panels = self.panels.iter().map(|panel| panel.name.as_str()).collect();
        let acute = self.acute.iter().flat_map(|one| texts(&one.panel));
        let chronic = self.chronic.iter().flat_map(|one| texts(&one.panel));
        known("diseases", panels, acute.chain(chronic).chain(texts(&self.checkup)).chain(["vital"]).collect())?;
        let measured = self.measurements.iter().map(|measurement| measurement.code.as_str()).collect();
        known("panels", measured, self.panels.iter().flat_map(|panel| texts(&panel.of)).collect())?;
        let specimens = self.specimens.iter().map(|specimen| specimen.0.as_str()).collect();
        let taken = self.panels.iter().filter_map(|panel| panel.specimen.as_deref()).chain([super::course::TISSUE]);
        known("panels", specimens, taken.collect())?;
        let added = self.measurements.iter().flat_map(|one| one.adds.iter().map(|(code, _)| code.as_str()));
        let causes = self.causes.iter().map(|cause| cause.0.as_str());
        let cohorts = self.cohorts.iter().map(|(code, _)| code.as_str());
        known("figures", conditions, added.chain(causes).chain(cohorts).collect())?;
        let groups = self.groups.iter().map(|group| group.0.as_str()).collect();
        let above = self.groups.iter().map(|group| group.1.as_str()).filter(|code| !code.is_empty());
        known("conditions", groups, self.illnesses().map(|illness| illness.group.as_str()).chain(above).collect())?;
        let departments = self.departments.iter().map(|(name, _)| name.as_str()).collect();
        let used = self.illnesses().map(|illness| illness.department.as_str());
        known("conditions", departments, used.chain(super::course::DEPARTMENTS).collect())
    }

    /// Every condition that there is.
    pub(crate) fn illnesses(&self) -> impl Iterator<Item = &Illness> {
        let chronic = self.chronic.iter().map(|one| &one.illness);
        let acute = self.acute.iter().map(|one| &one.illness);
        chronic.chain(acute).chain(self.cancers.iter().map(|one| &one.illness)).chain(&self.other_conditions)
    }

    pub(crate) fn illness(&self, code: &str) -> Option<&Illness> {
        self.illnesses().find(|illness| illness.code == code)
    }

    pub(crate) fn drug(&self, code: &str) -> Option<&Drug> {
        self.drugs.iter().find(|drug| drug.code == code)
    }

    pub(crate) fn procedure(&self, code: &str) -> Option<&Procedure> {
        self.procedures.iter().find(|procedure| procedure.code == code)
    }

    pub(crate) fn panel(&self, name: &str) -> Option<&Panel> {
        self.panels.iter().find(|panel| panel.name == name)
    }

    /// The position of a department.
    pub(crate) fn department(&self, name: &str) -> usize {
        self.departments.iter().position(|(known, _)| known == name).unwrap_or(0)
    }
}

fn texts(list: &[String]) -> Vec<&str> {
    list.iter().map(String::as_str).collect()
}

fn is_seen(shares: &[f64]) -> bool {
    shares.iter().all(|share| *share >= 0.0) && shares.iter().sum::<f64>() > 0.0
}

fn values<T>(figures: Vec<Figure<T>>) -> Vec<T> {
    figures.into_iter().map(|figure| figure.value).collect()
}

fn weighted<T>(things: impl IntoIterator<Item = (T, f64)>, place: &str) -> Result<Weighted<T>, SynthError> {
    Weighted::new(things).ok_or_else(|| wrong(place, "needs weights that are not negative, and one above zero"))
}

pub(crate) fn wrong(place: &str, reason: &str) -> SynthError {
    crate::program::wrong(super::NAME, place, reason)
}
