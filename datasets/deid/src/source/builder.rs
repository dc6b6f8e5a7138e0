//! One column of a text file on its way to Arrow: parsing by the schema's type, without ever repeating a value.

use crate::definition::ColumnPlan;
use arrow::array::{
    ArrayRef, BooleanBuilder, Date32Builder, Float64Builder, Int32Builder, Int64Builder, StringBuilder,
    TimestampMicrosecondBuilder,
};
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use mudeung_core::dataset::ColumnType;
use std::sync::Arc;

/// Collects the values of one column.
pub(super) struct ColumnBuilder {
    values: Values,
    format: Option<String>,
    zone: TimeZone,
    nullable: bool,
}

enum Values {
    Boolean(BooleanBuilder),
    Int32(Int32Builder),
    Int64(Int64Builder),
    Float64(Float64Builder),
    Text(StringBuilder),
    Date(Date32Builder),
    Timestamp(TimestampMicrosecondBuilder),
}

/// A value that does not fit: what was expected, and the class of what was found.
#[derive(Debug)]
pub(super) struct Misfit {
    pub(super) expected: String,
    pub(super) found: String,
}

impl ColumnBuilder {
    pub(super) fn new(column: &ColumnPlan) -> Self {
        let zone = column.spec.time_zone.as_deref().and_then(|name| TimeZone::get(name).ok());
        Self {
            values: match column.kind {
                ColumnType::Boolean => Values::Boolean(BooleanBuilder::new()),
                ColumnType::Int32 => Values::Int32(Int32Builder::new()),
                ColumnType::Int64 => Values::Int64(Int64Builder::new()),
                ColumnType::Float64 => Values::Float64(Float64Builder::new()),
                ColumnType::Text => Values::Text(StringBuilder::new()),
                ColumnType::Date => Values::Date(Date32Builder::new()),
                ColumnType::Timestamp => Values::Timestamp(TimestampMicrosecondBuilder::new().with_timezone("UTC")),
            },
            format: column.spec.format.clone(),
            zone: zone.unwrap_or(TimeZone::UTC),
            nullable: column.spec.nullable,
        }
    }

    /// Adds a missing value.
    pub(super) fn push_null(&mut self) -> Result<(), Misfit> {
        if !self.nullable {
            return Err(Misfit {
                expected: format!("{} that is never missing", self.expected()),
                found: "nothing".into(),
            });
        }
        self.push_gap();
        Ok(())
    }

    /// Adds nothing in the place of a value of a row that is left out.
    pub(super) fn push_gap(&mut self) {
        match &mut self.values {
            Values::Boolean(values) => values.append_null(),
            Values::Int32(values) => values.append_null(),
            Values::Int64(values) => values.append_null(),
            Values::Float64(values) => values.append_null(),
            Values::Text(values) => values.append_null(),
            Values::Date(values) => values.append_null(),
            Values::Timestamp(values) => values.append_null(),
        }
    }

    /// Parses and adds a value.
    pub(super) fn push(&mut self, text: &str) -> Result<(), Misfit> {
        let format = self.format.as_deref();
        let parsed = match &mut self.values {
            Values::Boolean(values) => boolean(text).map(|value| values.append_value(value)),
            Values::Int32(values) => text.trim().parse().ok().map(|value| values.append_value(value)),
            Values::Int64(values) => text.trim().parse().ok().map(|value| values.append_value(value)),
            Values::Float64(values) => finite(text).map(|value| values.append_value(value)),
            Values::Text(values) => {
                values.append_value(text);
                Some(())
            }
            Values::Date(values) => date(text, format).map(|value| values.append_value(value)),
            Values::Timestamp(values) => moment(text, format, &self.zone).map(|value| values.append_value(value)),
        };
        parsed.ok_or_else(|| Misfit { expected: self.expected(), found: class_of(text) })
    }

    pub(super) fn finish(&mut self) -> ArrayRef {
        match &mut self.values {
            Values::Boolean(values) => Arc::new(values.finish()),
            Values::Int32(values) => Arc::new(values.finish()),
            Values::Int64(values) => Arc::new(values.finish()),
            Values::Float64(values) => Arc::new(values.finish()),
            Values::Text(values) => Arc::new(values.finish()),
            Values::Date(values) => Arc::new(values.finish()),
            Values::Timestamp(values) => Arc::new(values.finish()),
        }
    }

    fn expected(&self) -> String {
        let kind = match self.values {
            Values::Boolean(_) => "boolean (true, false, 1, 0)",
            Values::Int32(_) => "int32 (a whole number)",
            Values::Int64(_) => "int64 (a whole number)",
            Values::Float64(_) => "float64 (a number)",
            Values::Text(_) => "text",
            Values::Date(_) => "a date",
            Values::Timestamp(_) => "a timestamp",
        };
        match (&self.values, &self.format) {
            (Values::Date(_) | Values::Timestamp(_), Some(format)) => format!("{kind} as {format}"),
            (Values::Date(_), None) => format!("{kind} as %Y-%m-%d"),
            (Values::Timestamp(_), None) => format!("{kind} as RFC 3339"),
            _ => kind.to_owned(),
        }
    }
}

/// What kind of thing a text is, so that a fault can be found without telling the value.
pub(super) fn class_of(text: &str) -> String {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        "nothing".to_owned()
    } else if trimmed.parse::<i128>().is_ok() {
        format!("a whole number of {} digits", trimmed.chars().filter(char::is_ascii_digit).count())
    } else if trimmed.parse::<f64>().is_ok() {
        "a number with a fraction, or not finite".to_owned()
    } else if trimmed.chars().all(|c| c.is_ascii_digit() || "-/.:TZ+ ".contains(c)) {
        "something like a date or time in another form".to_owned()
    } else {
        format!("text of {} characters", trimmed.chars().count())
    }
}

fn boolean(text: &str) -> Option<bool> {
    match text.trim() {
        "1" | "true" | "TRUE" | "True" => Some(true),
        "0" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

fn finite(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|value: &f64| value.is_finite())
}

fn date(text: &str, format: Option<&str>) -> Option<i32> {
    let date = Date::strptime(format.unwrap_or("%Y-%m-%d"), text.trim()).ok()?;
    crate::transform::days_since_1970(date)
}

fn moment(text: &str, format: Option<&str>, zone: &TimeZone) -> Option<i64> {
    let text = text.trim();
    let Some(format) = format else {
        return text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_microsecond);
    };
    let local = DateTime::strptime(format, text).ok()?;
    zone.to_timestamp(local).ok().map(jiff::Timestamp::as_microsecond)
}
