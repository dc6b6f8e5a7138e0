//! Dates: the same shift for all of a person's dates, and cutting off the day or the month.

use super::{DatePart, RowContext};
use arrow::array::{Array, ArrayRef, AsArray, Date32Array, TimestampMicrosecondArray};
use arrow::datatypes::{Date32Type, TimestampMicrosecondType};
use arrow::error::ArrowError;
use jiff::civil::Date;
use std::sync::Arc;

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// The shift of each row's person in days; rows of one person that follow each other are hashed once.
pub(crate) fn offsets(rows: &RowContext<'_>, weeks: u32) -> Vec<i32> {
    let mut last: Option<(&str, i32)> = None;
    let mut days = Vec::with_capacity(rows.persons.len());
    for person in rows.persons {
        let shift = match last {
            Some((same, shift)) if same == *person => shift,
            _ => rows.keys.shift_days(person, weeks),
        };
        last = Some((person, shift));
        days.push(shift);
    }
    days
}

/// Moves each date by its row's number of days.
pub(crate) fn shift(column: &ArrayRef, days: &[i32]) -> Result<ArrayRef, ArrowError> {
    if let Some(dates) = column.as_primitive_opt::<Date32Type>() {
        let moved = dates.iter().zip(days).map(|(date, days)| date.and_then(|date| date.checked_add(*days)));
        return Ok(Arc::new(moved.collect::<Date32Array>()));
    }
    let moments = moments(column)?;
    let moved = moments.iter().zip(days).map(|(moment, days)| {
        moment.and_then(|moment| moment.checked_add(i64::from(*days).checked_mul(MICROS_PER_DAY)?))
    });
    Ok(Arc::new(moved.collect::<TimestampMicrosecondArray>().with_timezone("UTC")))
}

/// Replaces each date by the first day, and each moment by the first moment, of its week, month,
/// quarter or year.
pub(crate) fn truncate(column: &ArrayRef, part: DatePart) -> Result<ArrayRef, ArrowError> {
    if let Some(dates) = column.as_primitive_opt::<Date32Type>() {
        let cut = dates.iter().map(|date| date.and_then(|date| first_day(date, part)));
        return Ok(Arc::new(cut.collect::<Date32Array>()));
    }
    let moments = moments(column)?;
    let cut = moments.iter().map(|moment| {
        let day = i32::try_from(moment?.div_euclid(MICROS_PER_DAY)).ok()?;
        i64::from(first_day(day, part)?).checked_mul(MICROS_PER_DAY)
    });
    Ok(Arc::new(cut.collect::<TimestampMicrosecondArray>().with_timezone("UTC")))
}

/// The first day of the part that a day is in, both as days since 1970.
pub(crate) fn first_day(days: i32, part: DatePart) -> Option<i32> {
    let date = from_days(days)?;
    to_days(match part {
        DatePart::Week => return days.checked_sub(i32::from(date.weekday().to_monday_zero_offset())),
        DatePart::Month => date.first_of_month(),
        DatePart::Quarter => Date::new(date.year(), date.month() - (date.month() - 1) % 3, 1).ok()?,
        DatePart::Year => date.first_of_year(),
    })
}

/// A date as days since 1970.
pub(crate) fn to_days(date: Date) -> Option<i32> {
    Date::constant(1970, 1, 1).until(date).ok().map(|span| span.get_days())
}

/// The date that is so many days after 1970 began.
pub(crate) fn from_days(days: i32) -> Option<Date> {
    Date::constant(1970, 1, 1).checked_add(jiff::SignedDuration::from_hours(i64::from(days).checked_mul(24)?)).ok()
}

fn moments(column: &ArrayRef) -> Result<&TimestampMicrosecondArray, ArrowError> {
    column
        .as_primitive_opt::<TimestampMicrosecondType>()
        .ok_or_else(|| ArrowError::CastError(format!("{} is neither a date nor a timestamp", column.data_type())))
}
