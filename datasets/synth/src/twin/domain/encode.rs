//! Rows as codes.

use super::{Column, Domain, Kind, micros, refuse, whole_only};
use crate::twin::TwinError;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type};
use std::collections::BTreeSet;

/// Rows, at most.
const ROWS_MAX: usize = 1 << 31;

/// The codes of a table, column by column, of the modelled columns alone. They are as confidential as the rows.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Codes {
    /// A code for each row.
    pub(crate) columns: Vec<Vec<u16>>,
}

/// Turns batches of a table into codes.
pub struct Encoder<'d> {
    domain: &'d Domain,
    codes: Codes,
    outside: Vec<u64>,
    seen: BTreeSet<Option<String>>,
    left_out: u64,
}

impl Codes {
    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, Vec::len)
    }
}

/// Only their number: what is confidential is not written into a log.
impl std::fmt::Debug for Codes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Codes({} rows)", self.rows())
    }
}

impl Domain {
    /// Begins to code a table.
    pub fn encoder(&self) -> Encoder<'_> {
        let codes = Codes { columns: vec![Vec::new(); self.sizes().len()] };
        Encoder { domain: self, codes, outside: vec![0; self.columns.len()], seen: BTreeSet::new(), left_out: 0 }
    }
}

impl Encoder<'_> {
    /// Codes the rows of a batch.
    pub fn push(&mut self, batch: &RecordBatch) -> Result<(), TwinError> {
        if self.codes.rows().saturating_add(batch.num_rows()) > ROWS_MAX {
            return Err(TwinError::Rows { reason: format!("there are more than {ROWS_MAX}") });
        }
        let keep = self.keep(batch)?;
        let columns = self.domain.schema.fields().iter().zip(&self.domain.columns).zip(&mut self.outside);
        let modelled = columns.filter(|((_, column), _)| column.size() > 0);
        for (((field, column), outside), codes) in modelled.zip(&mut self.codes.columns) {
            let places = column.encode(field, column_of(batch, field)?)?;
            let kept = places.into_iter().zip(&keep).filter(|(_, keep)| **keep);
            codes.extend(kept.map(|((code, is_outside), _)| {
                *outside += u64::from(is_outside);
                code
            }));
        }
        Ok(())
    }

    /// For each column of the table the number of values that its domain does not have. Known to the hospital alone: it
    /// is counted without noise.
    pub fn outside(&self) -> impl Iterator<Item = (&str, u64)> {
        let names = self.domain.schema.fields().iter().map(|field| field.name().as_str());
        names.zip(self.outside.iter().copied())
    }

    /// Rows that were left out because their person had one already.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// The codes of all that was pushed.
    pub fn finish(self) -> Codes {
        self.codes
    }

    /// Which rows are the first of their person.
    fn keep(&mut self, batch: &RecordBatch) -> Result<Vec<bool>, TwinError> {
        let Some(field) = self.domain.person.and_then(|place| self.domain.schema.fields().get(place)) else {
            return Ok(vec![true; batch.num_rows()]);
        };
        let persons = cast_to(field, column_of(batch, field)?, &DataType::Utf8)?;
        let mut keep = Vec::with_capacity(batch.num_rows());
        for person in persons.as_string::<i32>() {
            let first = self.seen.insert(person.map(str::to_owned));
            self.left_out += u64::from(!first);
            keep.push(first);
        }
        Ok(keep)
    }
}

impl Column {
    /// What counts as a number of each row, and whether its value is outside the domain: numbers, days and moments as they
    /// are, listed values by their place. What is null or has no place is none.
    pub(crate) fn numbers(&self, field: &Field, array: &ArrayRef) -> Result<Vec<(Option<f64>, bool)>, TwinError> {
        if let Kind::Numbers(bins) = &self.kind {
            let array = cast_to(field, &countable(field, array)?, &DataType::Float64)?;
            let number = |value: Option<f64>| (value, value.is_some_and(|value| bins.place(value).1));
            return Ok(array.as_primitive::<Float64Type>().iter().map(number).collect());
        }
        let null = self.nullable.then(|| self.null());
        let number = |(code, is_outside)| ((Some(code) != null).then(|| f64::from(code)), is_outside);
        Ok(self.encode(field, array)?.into_iter().map(number).collect())
    }

    /// The code of each row, and whether its value is outside the domain.
    fn encode(&self, field: &Field, array: &ArrayRef) -> Result<Vec<(u16, bool)>, TwinError> {
        if !self.nullable && array.null_count() > 0 {
            return Err(refuse(field.name(), "has a null though its schema says that it has none"));
        }
        let null = self.null();
        let listed = |place: Option<&u16>, other: &Option<u16>| match place {
            Some(place) => (*place, false),
            None => (other.unwrap_or(null), true),
        };
        let codes = match &self.kind {
            Kind::Texts { places, other, .. } => {
                let array = cast_to(field, array, &DataType::Utf8)?;
                let code = |text: Option<&str>| text.map_or((null, false), |text| listed(places.get(text), other));
                array.as_string::<i32>().iter().map(code).collect()
            }
            Kind::Wholes { places, other, .. } if array.data_type().is_floating() => {
                let array = cast_to(field, array, &DataType::Float64)?;
                let place = |value| whole_only(value).and_then(|whole| places.get(&whole));
                let code = |value: Option<f64>| value.map_or((null, false), |value| listed(place(value), other));
                array.as_primitive::<Float64Type>().iter().map(code).collect()
            }
            Kind::Wholes { places, other, .. } => {
                let array = cast_to(field, array, &DataType::Int64)?;
                let code = |value: Option<i64>| value.map_or((null, false), |value| listed(places.get(&value), other));
                array.as_primitive::<Int64Type>().iter().map(code).collect()
            }
            Kind::Numbers(bins) => {
                let array = cast_to(field, &countable(field, array)?, &DataType::Float64)?;
                let bin = |value| {
                    let (bin, is_outside) = bins.place(value);
                    (u16::try_from(bin).unwrap_or(u16::MAX), is_outside)
                };
                array.as_primitive::<Float64Type>().iter().map(|value| value.map_or((null, false), bin)).collect()
            }
            Kind::Identifier | Kind::Empty => Vec::new(),
        };
        Ok(codes)
    }
}

/// Dates as days, moments as microseconds, numbers as they are.
pub(crate) fn countable(field: &Field, array: &ArrayRef) -> Result<ArrayRef, TwinError> {
    match micros(field.data_type()) {
        Some(micros) => cast_to(field, &cast_to(field, array, &micros)?, &DataType::Int64),
        None if *field.data_type() == DataType::Date32 => cast_to(field, array, &DataType::Int32),
        None => Ok(array.clone()),
    }
}

pub(crate) fn column_of<'b>(batch: &'b RecordBatch, field: &Field) -> Result<&'b ArrayRef, TwinError> {
    let array = batch.column_by_name(field.name()).ok_or_else(|| refuse(field.name(), "is not in the batch"))?;
    if array.data_type() == field.data_type() {
        Ok(array)
    } else {
        Err(refuse(field.name(), &format!("is {} in the batch and not {}", array.data_type(), field.data_type())))
    }
}

pub(crate) fn cast_to(field: &Field, array: &ArrayRef, wanted: &DataType) -> Result<ArrayRef, TwinError> {
    cast(array, wanted).map_err(|error| refuse(field.name(), &error.to_string()))
}
