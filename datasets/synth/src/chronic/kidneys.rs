//! Filtration and albuminuria over the years: a line that drugs bend from the day on which they are begun.

use super::exam::Exam;
use super::model::Model;
use super::spec::Drug;
use crate::program::person::DAYS_PER_YEAR;

/// An SGLT2 inhibitor takes what it takes of filtration within two weeks.
const DIP_DAYS: f64 = 14.0;

/// The course of a person's kidneys.
#[derive(Debug, Clone)]
pub(crate) struct Kidneys {
    checkup: i32,
    filtration: f64,
    slope: f64,
    albumin: f64,
    /// Of the logarithm of albumin to the base of ten, a year.
    growth: f64,
    /// The share of the slope that the drugs of the first check-up leave.
    left: f64,
    /// Drugs that were begun later, in order.
    begun: Vec<(Drug, i32)>,
}

impl Kidneys {
    pub(crate) fn new(model: &Model, exam: &Exam, checkup: i32, diabetes: bool) -> Self {
        let growth = if diabetes { model.albumin.growth_diabetes } else { model.albumin.growth };
        let left = exam.drugs.iter().map(|drug| model.drug(*drug).slope_left).product();
        let (filtration, slope, albumin) = (exam.filtration, exam.slope, exam.albumin);
        Self { checkup, filtration, slope, albumin, growth, left, begun: Vec::new() }
    }

    pub(crate) fn begin(&mut self, drug: Drug, day: i32) {
        self.begun.push((drug, day));
    }

    /// Filtration on a day, without an error of measurement.
    pub(crate) fn filtration(&self, model: &Model, day: i32) -> f64 {
        let (mut level, mut left, mut from) = (self.filtration, self.left, self.checkup);
        let years = |from: i32, to: i32| f64::from(to - from) / DAYS_PER_YEAR;
        // Who loses nothing gains nothing.
        let slope = |left: f64| if self.slope < 0.0 { self.slope * left } else { self.slope };
        for (drug, begun) in self.begun.iter().filter(|(_, begun)| *begun < day) {
            let figures = model.drug(*drug);
            level += slope(left) * years(from, *begun);
            level -= figures.dip * (f64::from(day - begun) / DIP_DAYS).min(1.0);
            (left, from) = (left * figures.slope_left, *begun);
        }
        (level + slope(left) * years(from, day)).clamp(3.0, 132.0)
    }

    /// Albumin to creatinine in mg/g on a day, without an error of measurement.
    pub(crate) fn albumin(&self, model: &Model, day: i32) -> f64 {
        let grown = self.growth * f64::from(day - self.checkup) / DAYS_PER_YEAR;
        let works = self.begun.iter().filter(|(_, begun)| day - begun >= 14);
        let left: f64 = works.map(|(drug, _)| model.drug(*drug).albumin_left).product();
        (self.albumin * libm::pow(10.0, grown) * left).clamp(1.0, 8_000.0)
    }
}
