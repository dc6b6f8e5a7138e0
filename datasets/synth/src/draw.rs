//! Drawing one value: the distributions, on one stream of random numbers per person and table.

use crate::spec::Within;
use crate::value::Value;
use rand::RngCore;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const MICROS_PER_MINUTE: i64 = 60_000_000;

/// How a column is drawn, with names resolved to positions.
#[derive(Debug)]
pub(crate) enum Draw {
    Pseudonym,
    Person(usize),
    Constant(Value),
    Choice { values: Vec<(Value, f64)>, given: Option<usize>, cases: BTreeMap<String, Vec<(Value, f64)>> },
    Uniform { low: f64, high: f64, whole: bool },
    Normal { mean: f64, sd: f64, log: bool, terms: Vec<TermDraw>, within: Within },
    Weibull { scale: f64, shape: f64, terms: Vec<TermDraw>, within: Within },
    Sum { constant: f64, terms: Vec<TermDraw>, within: Within },
    Fraction { column: usize, low: f64, high: f64, within: Within },
    Grid(usize),
    Ar1 { axis: usize, sd: f64, phi: f64 },
    Date { first: i32, last: i32 },
    After { column: usize, days: usize, minutes: Option<usize>, utc_offset_minutes: i32 },
}

/// Part of a sum.
#[derive(Debug)]
pub(crate) struct TermDraw {
    pub(crate) column: usize,
    pub(crate) times: f64,
    pub(crate) center: f64,
    pub(crate) values: BTreeMap<String, f64>,
}

/// What a value may depend on.
pub(crate) struct Context<'a> {
    pub(crate) rng: &'a mut ChaCha8Rng,
    /// Values of this row that are drawn already.
    pub(crate) row: &'a [Value],
    /// The person's row in the person table.
    pub(crate) person: &'a [Value],
    /// Position on each axis.
    pub(crate) grid: &'a [u32],
    /// Whether each axis, or one before it, has just moved.
    pub(crate) moved: &'a [bool],
    /// The value before, for columns that remember it.
    pub(crate) last: &'a mut Option<f64>,
}

impl Draw {
    /// Draws a value.
    pub(crate) fn value(&self, context: &mut Context<'_>) -> Value {
        match self {
            Self::Pseudonym => Value::Identifier(i64::try_from(context.rng.next_u64() >> 1).unwrap_or(0)),
            Self::Person(position) => context.person.get(*position).cloned().unwrap_or(Value::Null),
            Self::Constant(value) => value.clone(),
            Self::Choice { values, given, cases } => {
                let case = given.and_then(|given| context.row.get(given)).and_then(Value::case);
                choose(case.and_then(|case| cases.get(&case)).unwrap_or(values), context.rng)
            }
            Self::Uniform { low, high, whole } => {
                let width = high - low + if *whole { 1.0 } else { 0.0 };
                let value = low + unit(context.rng) * width;
                Value::Number(if *whole { value.floor() } else { value })
            }
            Self::Normal { mean, sd, log, terms, within } => {
                let value = mean + sum(terms, context.row) + sd * normal(context.rng);
                Value::Number(within.apply(if *log { libm::exp(value) } else { value }))
            }
            Self::Weibull { scale, shape, terms, within } => {
                let scale = scale * libm::exp(sum(terms, context.row));
                let exponential = -libm::log(1.0 - unit(context.rng));
                Value::Number(within.apply(scale * libm::pow(exponential, 1.0 / shape)))
            }
            Self::Sum { constant, terms, within } => Value::Number(within.apply(constant + sum(terms, context.row))),
            Self::Fraction { column, low, high, within } => {
                let share = low + unit(context.rng) * (high - low);
                number(context.row, *column).map_or(Value::Null, |whole| Value::Number(within.apply(whole * share)))
            }
            Self::Grid(axis) => context.grid.get(*axis).map_or(Value::Null, |at| Value::Number(f64::from(*at))),
            Self::Ar1 { axis, sd, phi } => Value::Number(ar1(context, *axis, *sd, *phi)),
            Self::Date { first, last } => {
                let days = f64::from(*last) - f64::from(*first) + 1.0;
                Value::Date(first.saturating_add(whole(unit(context.rng) * days)))
            }
            Self::After { column, days, minutes, utc_offset_minutes } => {
                after(context.row, *column, *days, *minutes, *utc_offset_minutes)
            }
        }
    }
}

impl Within {
    fn apply(self, value: f64) -> f64 {
        let stepped = match self.step {
            Some(step) if step < 1.0 => {
                let inverse = (1.0 / step).round();
                (value * inverse).round() / inverse
            }
            Some(step) => (value / step).round() * step,
            None => value,
        };
        let raised = self.low.map_or(stepped, |low| stepped.max(low));
        // Adding zero turns -0 into 0.
        self.high.map_or(raised, |high| raised.min(high)) + 0.0
    }
}

fn after(row: &[Value], column: usize, days: usize, minutes: Option<usize>, utc_offset_minutes: i32) -> Value {
    let (Some(Value::Date(date)), Some(days)) = (row.get(column), number(row, days)) else { return Value::Null };
    let day = date.saturating_add(whole(days));
    let Some(minutes) = minutes else { return Value::Date(day) };
    let Some(minutes) = number(row, minutes) else { return Value::Null };
    let minutes = i64::from(day) * 1_440 + i64::from(whole(minutes)) - i64::from(utc_offset_minutes);
    Value::Moment(minutes.saturating_mul(MICROS_PER_MINUTE))
}

fn ar1(context: &mut Context<'_>, axis: usize, sd: f64, phi: f64) -> f64 {
    let moved = context.moved.get(axis).copied().unwrap_or(true);
    let value = match *context.last {
        Some(last) if !moved => last,
        Some(last) => phi * last + libm::sqrt(1.0 - phi * phi) * sd * normal(context.rng),
        None => sd * normal(context.rng),
    };
    *context.last = Some(value);
    value
}

fn number(row: &[Value], column: usize) -> Option<f64> {
    row.get(column).and_then(Value::number)
}

fn sum(terms: &[TermDraw], row: &[Value]) -> f64 {
    let term = |term: &TermDraw| {
        let value = row.get(term.column)?;
        if term.values.is_empty() {
            Some(term.times * (value.number()? - term.center))
        } else {
            term.values.get(&value.case()?).copied()
        }
    };
    terms.iter().filter_map(term).sum()
}

fn choose(values: &[(Value, f64)], rng: &mut ChaCha8Rng) -> Value {
    let total: f64 = values.iter().map(|(_, weight)| weight).sum();
    let mut left = unit(rng) * total;
    for (value, weight) in values {
        if left < *weight {
            return value.clone();
        }
        left -= weight;
    }
    values.last().map_or(Value::Null, |(value, _)| value.clone())
}

/// The text form of an identifier: 26 characters, like a released pseudonym.
pub(crate) fn identifier_text(id: i64) -> String {
    // A second, unrelated half, so that the text has as many bits as a real one.
    let low = u64::try_from(id).unwrap_or(0).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let value = (u128::from(u64::try_from(id).unwrap_or(0)) << 64) | u128::from(low ^ (low >> 29));
    (0..26_u32)
        .rev()
        .map(|position| {
            let digit = usize::try_from((value >> (position * 5)) & 31).unwrap_or(0);
            char::from(ALPHABET.get(digit).copied().unwrap_or(b'0'))
        })
        .collect()
}

/// A number from zero to below one, in steps of 2^-53.
pub(crate) fn unit(rng: &mut ChaCha8Rng) -> f64 {
    let bits = rng.next_u64() >> 11;
    let high = u32::try_from(bits >> 32).unwrap_or(0);
    let low = u32::try_from(bits & u64::from(u32::MAX)).unwrap_or(0);
    (f64::from(high) * 4_294_967_296.0 + f64::from(low)) / 9_007_199_254_740_992.0
}

/// A standard normal number, by Box and Muller.
pub(crate) fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let radius = libm::sqrt(-2.0 * libm::log(1.0 - unit(rng)));
    radius * libm::cos(std::f64::consts::TAU * unit(rng))
}

/// The whole part of a number; beyond the range of days and minutes, its end.
#[expect(clippy::as_conversions, reason = "a float becomes an integer, saturating, which only `as` does")]
pub(crate) fn whole(value: f64) -> i32 {
    value.floor() as i32
}
