//! Codes as rows.

use super::{Column, Domain, Kind, micros, refuse, rounded};
use crate::draw::identifier_text;
use crate::twin::TwinError;
use crate::twin::real::index;
use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, RecordBatchOptions, StringArray, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field};
use arrow::error::ArrowError;
use rand::RngCore;
use std::sync::Arc;

impl Domain {
    /// Rows with these codes: a value of each bin as likely as the others, and identifiers of their own.
    pub(crate) fn decode(
        &self,
        codes: &[Vec<u16>],
        rows: usize,
        rng: &mut impl RngCore,
    ) -> Result<RecordBatch, TwinError> {
        let mut modelled = codes.iter();
        let columns = self.schema.fields().iter().zip(&self.columns).map(|(field, column)| {
            let codes = if column.size() > 0 { modelled.next().map_or(&[][..], Vec::as_slice) } else { &[] };
            column.decode(field, codes, rows, rng).map_err(|error| refuse(field.name(), &error.to_string()))
        });
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)
            .map_err(|error| TwinError::Rows { reason: error.to_string() })
    }
}

impl Column {
    /// Values with these codes.
    pub(crate) fn decode(
        &self,
        field: &Field,
        codes: &[u16],
        rows: usize,
        rng: &mut impl RngCore,
    ) -> Result<ArrayRef, ArrowError> {
        let wanted = field.data_type();
        let places = codes.iter().map(|code| usize::from(*code));
        let array: ArrayRef = match &self.kind {
            Kind::Texts { values, .. } => Arc::new(places.map(|place| values.get(place)).collect::<StringArray>()),
            Kind::Wholes { values, .. } => {
                Arc::new(places.map(|place| values.get(place).copied()).collect::<Int64Array>())
            }
            Kind::Numbers(bins) => {
                counted(places.map(|place| (place < bins.count()).then(|| bins.draw(place, rng))), wanted)?
            }
            Kind::Identifier => {
                let drawn = (0..rows).map(|_| i64::try_from(rng.next_u64() >> 1).unwrap_or(0));
                if *wanted == DataType::Int64 {
                    Arc::new(drawn.map(Some).collect::<Int64Array>())
                } else {
                    Arc::new(drawn.map(identifier_text).map(Some).collect::<StringArray>())
                }
            }
            Kind::Empty => new_null_array(wanted, rows),
        };
        cast(&array, wanted)
    }

    /// The values whose numbers [`Column::numbers`] says.
    pub(crate) fn restored(&self, field: &Field, numbers: &[Option<f64>]) -> Result<ArrayRef, ArrowError> {
        let wanted = field.data_type();
        let places = || numbers.iter().map(|number| number.map(|number| index(number + 0.5)));
        let array: ArrayRef = match &self.kind {
            Kind::Texts { values, .. } => {
                Arc::new(places().map(|place| place.and_then(|place| values.get(place))).collect::<StringArray>())
            }
            Kind::Wholes { values, .. } => {
                Arc::new(places().map(|place| values.get(place?).copied()).collect::<Int64Array>())
            }
            Kind::Numbers(_) => counted(numbers.iter().copied(), wanted)?,
            Kind::Identifier | Kind::Empty => new_null_array(wanted, numbers.len()),
        };
        cast(&array, wanted)
    }
}

/// Numbers as what they count: moments in microseconds, dates in days, and numbers themselves.
fn counted(numbers: impl Iterator<Item = Option<f64>>, wanted: &DataType) -> Result<ArrayRef, ArrowError> {
    match micros(wanted) {
        Some(micros) => cast(&numbers.map(|value| value.map(rounded)).collect::<Int64Array>(), &micros),
        None if *wanted == DataType::Date32 => cast(&numbers.collect::<Float64Array>(), &DataType::Int32),
        None => Ok(Arc::new(numbers.collect::<Float64Array>())),
    }
}
