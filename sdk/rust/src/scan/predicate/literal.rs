//! Values as they were written, read as the type of the column they are compared with.

use crate::scan::filter::Literal;
use arrow::array::timezone::Tz;
use arrow::compute::kernels::cast_utils::{Parser, string_to_datetime};
use arrow::datatypes::Date32Type;

/// Whole numbers beyond this are not all distinct as floating-point numbers.
const FLOAT_WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

pub(super) fn boolean(literal: &Literal) -> Result<bool, String> {
    match literal {
        Literal::Boolean(value) => Ok(*value),
        Literal::Number(_) | Literal::Text(_) => Err(refuse("boolean", literal, "true or false")),
    }
}

pub(super) fn int64(literal: &Literal) -> Result<i64, String> {
    whole(literal).ok_or_else(|| refuse("int64", literal, "a whole number, for instance 42"))
}

pub(super) fn int32(literal: &Literal) -> Result<i32, String> {
    let value = whole(literal).and_then(|value| i32::try_from(value).ok());
    value.ok_or_else(|| refuse("int32", literal, "a whole number from -2147483648 to 2147483647"))
}

pub(super) fn float64(literal: &Literal) -> Result<f64, String> {
    let Literal::Number(text) = literal else { return Err(refuse("float64", literal, "a number, for instance 1.5")) };
    text.parse().map_err(|_problem| refuse("float64", literal, "a number, for instance 1.5"))
}

pub(super) fn text(literal: &Literal) -> Result<String, String> {
    match literal {
        Literal::Text(text) => Ok(text.clone()),
        Literal::Number(_) | Literal::Boolean(_) => Err(refuse("text", literal, "a text in single quotes, as 'F'")),
    }
}

pub(super) fn date(literal: &Literal) -> Result<i32, String> {
    let text = match literal {
        Literal::Text(text) if text.len() == 10 => text,
        _ => return Err(refuse("date", literal, "a day in single quotes, as '2019-03-31'")),
    };
    Date32Type::parse(text).ok_or_else(|| refuse("date", literal, "a day in single quotes, as '2019-03-31'"))
}

pub(super) fn timestamp(literal: &Literal) -> Result<i64, String> {
    const EXPECTED: &str = "a moment in single quotes, as '2019-03-31T09:00:00Z'";
    let (Literal::Text(text), Ok(utc)) = (literal, "+00:00".parse::<Tz>()) else {
        return Err(refuse("timestamp", literal, EXPECTED));
    };
    string_to_datetime(&utc, text)
        .map(|at| at.timestamp_micros())
        .map_err(|_problem| refuse("timestamp", literal, EXPECTED))
}

/// A whole number, also when it is written as `60.0` or `1e3`.
fn whole(literal: &Literal) -> Option<i64> {
    let Literal::Number(text) = literal else { return None };
    if let Ok(value) = text.parse() {
        return Some(value);
    }
    let value: f64 = text.parse().ok()?;
    let exact = value.fract() == 0.0 && value.abs() <= FLOAT_WHOLE_MAX;
    exact.then(|| format!("{value:.0}").parse().ok())?
}

fn refuse(kind: &str, literal: &Literal, expected: &str) -> String {
    format!("holds {kind}, which cannot be compared with {literal}; expected {expected}")
}
