//! Blood pressure that is measured at home: morning and evening, some readings each, in the days before a visit.
//!
//! The week of a visit is drawn from a stream of its own, so it is the same for whoever writes it.

use super::course::usual;
use super::exam;
use super::life::Life;
use super::model::Model;
use super::traits::{Pair, error};
use crate::draw::{normal, unit, whole};

const MICROS_PER_MINUTE: i64 = 60_000_000;
/// Korea is nine hours ahead of UTC.
const OFFSET_MINUTES: i64 = 540;

/// A reading at home.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct HomeReading {
    /// Microseconds since 1970, UTC.
    pub(crate) at: i64,
    /// Of the week, from one.
    pub(crate) day: i32,
    pub(crate) morning: bool,
    /// Of the session, from one.
    pub(crate) number: i32,
    pub(crate) pressure: Pair,
    pub(crate) pulse: f64,
    /// The cuff slipped, or somebody talked: the truth about the reading, which a real device does not know.
    pub(crate) is_wrong: bool,
}

/// The readings of the week before a day; those that were forgotten are missing.
pub(crate) fn week(model: &Model, life: &Life, visit: i32) -> Vec<HomeReading> {
    let (figures, person) = (&model.home, &life.traits.person);
    let mut rng = crate::rows::stream(life.seed, person.number, &format!("home {visit}"));
    let rng = &mut rng;
    let mut week = Vec::with_capacity(32);
    let (sd, correlation) = figures.day;
    let (share, left) = (figures.diastolic_share, libm::sqrt(1.0 - correlation * correlation));
    let mut of_day = normal(rng);
    for day in 1..=figures.days {
        let date = visit - figures.days + day - 1;
        of_day = if day == 1 { of_day } else { correlation * of_day + left * normal(rng) };
        let at_home = at_home(model, life, date);
        for morning in [true, false] {
            let common = sd * of_day + figures.session * normal(rng) + if morning { figures.morning } else { 0.0 };
            let usually = if morning { figures.morning_minute } else { figures.evening_minute };
            let minute = (usually + figures.late_sd * normal(rng)).clamp(240.0, 1_430.0);
            let is_taken = unit(rng) < figures.taken;
            for number in 1..=figures.readings {
                let further = f64::from(number - 1);
                let common = common + figures.second * further;
                let common = Pair { systolic: common, diastolic: share * common };
                let level = at_home.plus(common).plus(error(figures.reading, rng));
                let (is_wrong, is_low, pulse) = (unit(rng) < figures.error, unit(rng) < 0.5, normal(rng));
                let off = if is_low { figures.error_mmhg.0 } else { figures.error_mmhg.1 };
                let off = if is_wrong { Pair { systolic: off, diastolic: share * off } } else { Pair::default() };
                let minutes = i64::from(date) * 1_440 + i64::from(whole(minute + 2.0 * further)) - OFFSET_MINUTES;
                if is_taken {
                    week.push(HomeReading {
                        at: minutes.saturating_mul(MICROS_PER_MINUTE),
                        day,
                        morning,
                        number,
                        pressure: exam::whole(level.plus(off)),
                        pulse: self::pulse(model, life, date, pulse),
                        is_wrong,
                    });
                }
            }
        }
    }
    week
}

/// Usual pressure at home: that in the office without what the office adds.
fn at_home(model: &Model, life: &Life, day: i32) -> Pair {
    let office = usual(model, life, day);
    office.minus(model.office_effect(office)).minus(life.traits.white_coat)
}

/// A pulse; slower on a beta blocker.
pub(crate) fn pulse(model: &Model, life: &Life, day: i32, drawn: f64) -> f64 {
    let is_slow = |exposure: &super::life::Exposure| {
        exposure.start < day && day <= exposure.end + 1 && model.drug(exposure.drug).0 == "beta_blocker"
    };
    let slower = if life.exposures.iter().any(is_slow) { model.reading.beta_blocker_pulse } else { 0.0 };
    (life.traits.pulse + slower + model.reading.pulse_varies * drawn).clamp(38.0, 150.0).round()
}
