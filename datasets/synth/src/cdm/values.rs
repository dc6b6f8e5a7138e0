//! What is measured of a person: each has a level of their own, conditions add to it, and some values follow from
//! others of the same day.

use super::life::{Life, Measured, Taken};
use super::model::Model;
use super::spec::{Measurement, Origin};
use crate::draw::{normal, unit};
use crate::program::adult::{Adult, tenths};
use crate::program::kidney;
use crate::program::person::Sex;
use rand_chacha::ChaCha8Rng;

const SYSTOLIC: &str = "8480-6";
const DIASTOLIC: &str = "8462-4";
const TRIGLYCERIDES: &str = "2571-8";
/// A pulse pressure that nobody is below, in mmHg.
const PULSE_LEAST: f64 = 15.0;
/// How much of a deviation is the person's, and how much the day's; the squares are one.
const OF_PERSON: f64 = 0.8;
const OF_DAY: f64 = 0.6;

/// The values of a person.
pub(crate) struct Values<'m> {
    model: &'m Model,
    adult: Adult,
    /// Codes of chronic diseases and the days from which on they are there.
    known: Vec<(&'m str, i32)>,
    /// The person's own deviation in each measurement.
    levels: Vec<f64>,
    rng: ChaCha8Rng,
}

impl<'m> Values<'m> {
    pub(crate) fn new(model: &'m Model, adult: &Adult, known: Vec<(&'m str, i32)>, mut rng: ChaCha8Rng) -> Self {
        let levels = model.measurements.iter().map(|_| normal(&mut rng)).collect();
        Self { model, adult: adult.clone(), known, levels, rng }
    }

    pub(crate) fn happens(&mut self, share: f64) -> bool {
        unit(&mut self.rng) < share
    }

    /// A factor around one.
    pub(crate) fn error(&mut self, varies: f64) -> f64 {
        (1.0 + varies * normal(&mut self.rng)).clamp(0.5, 1.5)
    }

    /// Measures panels at a visit; what two of them have in common is measured once.
    pub(crate) fn measure(&mut self, visit: usize, day: i32, ill: &[&str], panels: &[&str], life: &mut Life<'m>) {
        let begun = life.measured.len();
        let model = self.model;
        for panel in panels.iter().filter_map(|name| model.panel(name)) {
            let specimen = panel.specimen.as_deref();
            let is_taken = |taken: &Taken<'_>| taken.visit == visit && Some(taken.specimen.0.as_str()) == specimen;
            if !life.taken.iter().any(is_taken) {
                let specimen = model.specimens.iter().find(|known| Some(known.0.as_str()) == specimen);
                life.taken.extend(specimen.map(|specimen| Taken { visit, specimen, day }));
            }
            for code in &panel.of {
                let here = life.measured.get(begun..).unwrap_or_default();
                if here.iter().any(|measured| measured.measurement.code == *code) {
                    continue;
                }
                let found = model.measurements.iter().zip(&self.levels).find(|(known, _)| known.code == *code);
                let Some((measurement, level)) = found.map(|(measurement, level)| (measurement, *level)) else {
                    continue;
                };
                if let Some(value) = self.value(measurement, level, day, ill, here) {
                    life.measured.push(Measured { visit, measurement, day, value, specimen });
                }
            }
        }
    }

    fn value(&mut self, of: &Measurement, level: f64, day: i32, ill: &[&str], here: &[Measured<'_>]) -> Option<f64> {
        let today = |holds: &dyn Fn(&Measurement) -> bool| {
            here.iter().find(|measured| holds(measured.measurement)).map(|measured| measured.value)
        };
        let by_origin = |origin: Origin| today(&|measurement| measurement.from == Some(origin));
        let by_code = |code: &str| today(&|measurement| measurement.code == code);
        let (sex, age) = (self.adult.person.sex, self.adult.person.age(day));
        let exact = match of.from {
            None => None,
            Some(Origin::Height) => Some(self.adult.height_cm),
            Some(Origin::Weight) => Some(self.adult.weight_kg),
            Some(Origin::Bmi) => {
                let height = by_origin(Origin::Height)? / 100.0;
                Some(tenths(by_origin(Origin::Weight)? / (height * height)))
            }
            Some(Origin::TotalCholesterol) => Some(self.adult.total_cholesterol),
            Some(Origin::Hdl) => Some(self.adult.hdl),
            Some(Origin::Friedewald) => {
                let others = by_origin(Origin::Hdl)? + by_code(TRIGLYCERIDES)? / 5.0;
                Some(by_origin(Origin::TotalCholesterol)? - others)
            }
            Some(Origin::Creatinine) => Some(kidney::creatinine(sex, age, self.adult.filtration.clamp(12.0, 125.0))),
            Some(Origin::Filtration) => Some(kidney::filtration(sex, age, by_origin(Origin::Creatinine)?)),
        };
        let noise = normal(&mut self.rng);
        let mut value = match exact {
            Some(exact) => exact + of.sd * noise,
            None => {
                let man = if sex == Sex::Male { of.men } else { 0.0 };
                of.mean + man + of.sd * (OF_PERSON * level + OF_DAY * noise)
            }
        };
        for (code, added) in &of.adds {
            let strength = 0.7 + 0.6 * unit(&mut self.rng);
            let has = |(known, since): &(&str, i32)| *known == code.as_str() && *since <= day;
            if ill.contains(&code.as_str()) || self.known.iter().any(has) {
                value += added * strength;
            }
        }
        if of.code == DIASTOLIC {
            value = value.min(by_code(SYSTOLIC)? - PULSE_LEAST);
        }
        Some(rounded(value.clamp(of.least, of.most), of.places))
    }
}

fn rounded(value: f64, places: i32) -> f64 {
    let scale = libm::pow(10.0, f64::from(places.clamp(0, 6)));
    // Adding zero turns -0 into 0.
    (value * scale).round() / scale + 0.0
}
