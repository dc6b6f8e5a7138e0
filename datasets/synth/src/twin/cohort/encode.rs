//! Tables of events as one history.

use super::domain::{BoundTable, CohortDomain, What};
use crate::twin::TwinError;
use crate::twin::domain::{cast_to, column_of};
use crate::twin::events::{Histories, HistoryEncoder};
use arrow::array::{ArrayRef, AsArray, Float64Array, RecordBatch, StringArray, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::DataType;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Turns tables into histories. All persons must be pushed before the first event.
pub struct CohortEncoder<'d> {
    domain: &'d CohortDomain,
    histories: HistoryEncoder<'d>,
    outside: BTreeMap<String, u64>,
}

/// Events of a batch.
#[derive(Default)]
struct Events {
    rows: Vec<u32>,
    codes: Vec<String>,
    values: Vec<Option<f64>>,
}

impl CohortDomain {
    /// Begins to read the tables.
    pub fn encoder(&self) -> CohortEncoder<'_> {
        CohortEncoder { domain: self, histories: self.events.encoder(), outside: BTreeMap::new() }
    }
}

impl CohortEncoder<'_> {
    /// Reads rows of the table of persons.
    pub fn push_persons(&mut self, batch: &RecordBatch) -> Result<(), TwinError> {
        self.histories.push_persons(batch)
    }

    /// Reads rows of a table of events.
    pub fn push_events(&mut self, table: &str, batch: &RecordBatch) -> Result<(), TwinError> {
        let table = self.domain.tables.iter().find(|known| known.name == table);
        let table = table.ok_or_else(|| rows(&"a table is not in the policy"))?;
        for field in table.schema.fields() {
            column_of(batch, field)?;
        }
        let events = self.events(table, batch)?;
        let owners = UInt32Array::from(events.rows);
        let at = |place: usize| take(batch.column(place), &owners, None).map_err(|error| rows(&error));
        let columns: Vec<ArrayRef> = vec![
            at(table.person)?,
            at(table.time)?,
            Arc::new(StringArray::from(events.codes)),
            Arc::new(Float64Array::from(events.values)),
        ];
        let history = RecordBatch::try_new(self.domain.history().clone(), columns);
        self.histories.push_events(&history.map_err(|error| rows(&error))?)
    }

    /// For each column, as `table.column`, the number of values that its domain does not have. Known to the hospital
    /// alone: it is counted without noise.
    pub fn outside(&self) -> impl Iterator<Item = (String, u64)> {
        let table = &self.domain.policy.table;
        let persons = self.histories.outside().map(move |(column, values)| (format!("{table}.{column}"), values));
        persons.chain(self.outside.iter().map(|(column, values)| (column.clone(), *values)))
    }

    /// The histories of all that was pushed.
    pub fn finish(self) -> Histories {
        self.histories.finish()
    }

    fn events(&mut self, table: &BoundTable, batch: &RecordBatch) -> Result<Events, TwinError> {
        let mut events = Events::default();
        match &table.what {
            What::Plain => {
                events.rows = (0..u32::try_from(batch.num_rows()).unwrap_or(u32::MAX)).collect();
                events.codes = vec![table.name.clone(); batch.num_rows()];
                events.values = vec![None; batch.num_rows()];
            }
            What::Measured(columns) => {
                for (place, column) in columns {
                    let field = table.schema.field(*place);
                    let (code, mut outside) = (table.code(field.name()), 0);
                    let numbers = column.numbers(field, batch.column(*place))?;
                    for (row, (number, is_outside)) in (0_u32..).zip(numbers) {
                        outside += u64::from(is_outside);
                        if number.is_some() {
                            events.push(row, code.clone(), number);
                        }
                    }
                    *self.outside.entry(code).or_default() += outside;
                }
            }
            What::Coded { code, texts, other, value, of } => {
                let field = table.schema.field(*code);
                let codes = cast_to(field, batch.column(*code), &DataType::Utf8)?;
                let mut numbers = BTreeMap::new();
                for (code, column) in of {
                    let Some(value) = value else { continue };
                    numbers.insert(code, column.numbers(table.schema.field(*value), batch.column(*value))?);
                }
                let mut outside = 0;
                for (row, text) in (0_u32..).zip(codes.as_string::<i32>()) {
                    let listed = text.and_then(|text| texts.iter().find(|known| *known == text));
                    outside += u64::from(listed.is_none());
                    let Some(code) = listed.or(other.as_ref()) else { continue };
                    let at = usize::try_from(row).unwrap_or(usize::MAX);
                    let number = numbers.get(code).and_then(|numbers| numbers.get(at)).and_then(|(number, _)| *number);
                    events.push(row, table.code(code), number);
                }
                *self.outside.entry(table.code(field.name())).or_default() += outside;
            }
        }
        Ok(events)
    }
}

impl Events {
    fn push(&mut self, row: u32, code: String, value: Option<f64>) {
        self.rows.push(row);
        self.codes.push(code);
        self.values.push(value);
    }
}

fn rows(error: &dyn std::fmt::Display) -> TwinError {
    TwinError::Rows { reason: error.to_string() }
}
