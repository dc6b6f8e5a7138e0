//! A value on its way into a row.

use std::sync::Arc;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// Missing.
    Null,
    /// True or false.
    Boolean(bool),
    /// A number; whole numbers are exact up to 2^53.
    Number(f64),
    /// An integer beyond that: an identifier.
    Identifier(i64),
    /// Text.
    Text(Arc<str>),
    /// Days since 1970.
    Date(i32),
    /// Microseconds since 1970, UTC.
    Moment(i64),
}

impl Value {
    /// A TOML value.
    pub(crate) fn from_toml(value: &toml::Value) -> Option<Self> {
        Some(match value {
            toml::Value::String(text) => Self::Text(text.as_str().into()),
            toml::Value::Integer(number) => Self::Number(f64::from(i32::try_from(*number).ok()?)),
            toml::Value::Float(number) => Self::Number(*number),
            toml::Value::Boolean(flag) => Self::Boolean(*flag),
            toml::Value::Datetime(date) => Self::Date(days_of(date)?),
            toml::Value::Array(_) | toml::Value::Table(_) => return None,
        })
    }

    /// The number of a value that has one.
    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Boolean(flag) => Some(if *flag { 1.0 } else { 0.0 }),
            Self::Null | Self::Identifier(_) | Self::Text(_) | Self::Date(_) | Self::Moment(_) => None,
        }
    }

    /// The value as the name of a case.
    pub(crate) fn case(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.to_string()),
            Self::Number(number) => Some(number.to_string()),
            Self::Boolean(flag) => Some(flag.to_string()),
            Self::Null | Self::Identifier(_) | Self::Date(_) | Self::Moment(_) => None,
        }
    }
}

/// Days since 1970 of a TOML date, by Hinnant's `days_from_civil`.
pub(crate) fn days_of(date: &toml::value::Datetime) -> Option<i32> {
    let date = date.date?;
    let (month, day) = (i32::from(date.month), i32::from(date.day));
    let year = i32::from(date.year) - i32::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}
