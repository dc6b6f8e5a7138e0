//! Persons as they are born and die, before any program makes patients of them.
//!
//! A person of a [`Population`] follows from its figures, the seed and the person's number alone: whoever asks the same
//! population for person n of a seed is given the same sex, birthday and death by other causes. Programs whose
//! `generator.toml` states the same population therefore speak of the same persons, who may be in several datasets
//! under one number. A program whose persons are no population, such as patients of five cancers in the proportions of
//! their registry, draws sex and age by itself and shares only the form.

use super::calendar;
use super::figure::{Ages, BySex, Figure, Gompertz};
use super::sequence::{Axis, Sequence};
use super::weighted::Weighted;
use crate::draw::{unit, whole};
use serde::Deserialize;

pub(crate) const DAYS_PER_YEAR: f64 = 365.25;

/// Sex.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sex {
    Male,
    Female,
}

/// A person. Dates are days since 1970.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Person {
    /// From zero.
    pub(crate) number: u64,
    pub(crate) sex: Sex,
    pub(crate) birth: i32,
}

impl Person {
    /// The identifier in every table: numbers from one.
    pub(crate) fn id(&self) -> i64 {
        i64::try_from(self.number).unwrap_or(i64::MAX - 1).saturating_add(1)
    }

    /// The number of the person's event in a table, where a person has fewer than `most` of them.
    pub(crate) fn event_id(&self, position: i64, most: i64) -> i64 {
        self.id().saturating_mul(most).saturating_add(position)
    }

    /// Age in years on a day.
    pub(crate) fn age(&self, on: i32) -> f64 {
        f64::from(on - self.birth) / DAYS_PER_YEAR
    }
}

/// A population as its figures give it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PopulationSpec {
    /// The day on which everybody is alive and has the age that was drawn.
    pub(crate) on: Figure<toml::value::Datetime>,
    pub(crate) ages: Figure<Ages>,
    pub(crate) background: Figure<BySex<Gompertz>>,
}

/// A population from which persons are drawn.
#[derive(Debug)]
pub(crate) struct Population {
    /// The day on which everybody is alive.
    pub(crate) on: i32,
    men: f64,
    ages: BySex<Weighted<i32>>,
    background: BySex<Gompertz>,
    pub(crate) sequence: Sequence,
}

impl Population {
    /// `None` where the figures do not fit together.
    pub(crate) fn bind(spec: PopulationSpec) -> Option<Self> {
        let ages = spec.ages.value;
        let (men, women): (f64, f64) = (ages.male.iter().sum(), ages.female.iter().sum());
        let BySex { male, female } = ages.years()?;
        Some(Self {
            on: crate::value::days_of(&spec.on.value)?,
            men: men / (men + women),
            ages: BySex { male: Weighted::new(male)?, female: Weighted::new(female)? },
            background: spec.background.value,
            sequence: Sequence::new(),
        })
    }

    /// A person by number; `None` only where there are no ages.
    pub(crate) fn person(&self, seed: u64, number: u64) -> Option<Person> {
        let sex = if self.sequence.at(seed, number, Axis::Who) < self.men { Sex::Male } else { Sex::Female };
        let (age, _) = self.ages.of(sex).at(self.sequence.at(seed, number, Axis::Age))?;
        let mut rng = crate::rows::stream(seed, number, "person");
        Some(Person { number, sex, birth: birthday(self.on, *age, unit(&mut rng)) })
    }

    /// The day on which a person dies of other causes, where those make a share of mortality: after the population's.
    pub(crate) fn death(&self, seed: u64, person: &Person, share: f64) -> i32 {
        let gompertz = self.background.of(person.sex);
        let of_share = Gompertz { a: gompertz.a * share, b: gompertz.b };
        let unit = self.sequence.at(seed, person.number, Axis::Background);
        self.on.saturating_add(whole(of_share.days_to_death(person.age(self.on), unit))).saturating_add(1)
    }
}

impl Population {
    /// The day on which a person who lives on a day dies of something that adds a share of the population's mortality.
    pub(crate) fn death_after(&self, person: &Person, day: i32, share: f64, unit: f64) -> i32 {
        let gompertz = self.background.of(person.sex);
        let of_share = Gompertz { a: gompertz.a * share.max(1e-9), b: gompertz.b };
        day.saturating_add(whole(of_share.days_to_death(person.age(day), unit))).saturating_add(1)
    }
}

impl Gompertz {
    /// Days from an age in years to death, for a number from zero to below one: the mortality turned round.
    pub(crate) fn days_to_death(self, age: f64, unit: f64) -> f64 {
        let hazard = -libm::log(1.0 - unit);
        libm::log(1.0 + hazard * self.b / (self.a * libm::exp(self.b * age))) / self.b * DAYS_PER_YEAR
    }
}

/// A birthday that makes a person so many completed years old on a day; nobody is born on 29 February.
pub(crate) fn birthday(on: i32, age: i32, unit: f64) -> i32 {
    let (_, month, day) = calendar::civil(calendar::days((2001, 1, 1)) + whole(unit * 365.0));
    let (year, month_on, day_on) = calendar::civil(on);
    let is_to_come = (month, day) > (month_on, day_on);
    calendar::days((year - age - i32::from(is_to_come), month, day))
}
