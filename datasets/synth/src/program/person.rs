//! Persons as they are born and die, before any program makes patients of them.
//!
//! Programs draw sex and age by themselves and share the form.

use super::calendar;
use super::figure::Gompertz;
use crate::draw::whole;

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
