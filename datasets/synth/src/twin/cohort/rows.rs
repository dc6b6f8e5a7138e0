//! Rows of one table, drawn from a model of persons and the tables of their events.

use super::domain::{BoundTable, What};
use super::model::CohortModel;
use crate::twin::TwinError;
use crate::twin::domain::refuse;
use crate::twin::events::{DrawnEvents, EventsRows, stream};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray, UInt32Array, new_null_array};
use arrow::compute::{cast, take};
use arrow::datatypes::Float64Type;
use arrow::row::{RowConverter, SortField};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// Rows of one table of a twin; an iterator of batches. A batch may be empty.
#[derive(Debug)]
pub struct CohortRows<'m> {
    persons: EventsRows<'m>,
    /// The table of events; none where it is that of persons.
    table: Option<&'m BoundTable>,
    seed: u64,
    batch: u64,
}

/// Rows as they are put together of events.
struct Assembled {
    /// The event whose person and time a row has.
    events: Vec<u32>,
    /// What was measured, column by column.
    measured: Vec<Vec<Option<f64>>>,
}

impl<'m> CohortRows<'m> {
    pub(super) fn new(model: &'m CohortModel, table: &str, persons: Range<u64>, seed: u64) -> Option<Self> {
        let found = model.domain.tables.iter().find(|known| known.name == table);
        let is_known = found.is_some() || model.domain.policy.table == table;
        is_known.then(|| Self { persons: model.events.persons(persons, seed), table: found, seed, batch: 0 })
    }
}

impl Iterator for CohortRows<'_> {
    type Item = Result<RecordBatch, TwinError>;

    fn next(&mut self) -> Option<Self::Item> {
        let drawn = self.persons.next()?;
        let mut rng = stream(self.seed, self.batch, *b"its rows");
        self.batch += 1;
        Some(drawn.and_then(|drawn| match self.table {
            Some(table) => table.rows(&drawn, &mut rng),
            None => Ok(drawn.persons),
        }))
    }
}

impl BoundTable {
    /// The rows that some histories have in this table.
    fn rows(&self, drawn: &DrawnEvents, rng: &mut ChaCha8Rng) -> Result<RecordBatch, TwinError> {
        let history = &drawn.events;
        let mut columns: Vec<Option<ArrayRef>> = vec![None; self.schema.fields().len()];
        let codes = history.column(2).as_string::<i32>();
        let prefix = format!("{}.", self.name);
        let events = match &self.what {
            What::Plain => {
                (0_u32..).zip(codes).filter(|(_, code)| *code == Some(&self.name)).map(|(at, _)| at).collect()
            }
            What::Coded { code, texts, value, of, .. } => {
                let text = |code: Option<&str>| {
                    let text = code.and_then(|code| code.strip_prefix(&prefix))?;
                    texts.iter().find(|known| *known == text)
                };
                let found: Vec<(u32, &String)> =
                    (0_u32..).zip(codes).filter_map(|(at, code)| Some((at, text(code)?))).collect();
                let events: Vec<u32> = found.iter().map(|(at, _)| *at).collect();
                let names: ArrayRef = Arc::new(found.iter().map(|(_, text)| Some(text)).collect::<StringArray>());
                let wanted = self.schema.field(*code).data_type();
                self.put(&mut columns, *code, cast(&names, wanted))?;
                if let Some(value) = value {
                    self.put_values(&mut columns, *value, of, history, &found)?;
                }
                events
            }
            What::Measured(measured) => {
                let names: Vec<String> =
                    measured.iter().map(|(place, _)| self.code(self.schema.field(*place).name())).collect();
                let assembled = self.assembled(&names, history)?;
                for ((place, column), numbers) in measured.iter().zip(&assembled.measured) {
                    self.put(&mut columns, *place, column.restored(self.schema.field(*place), numbers))?;
                }
                assembled.events
            }
        };
        let rows = events.len();
        let events = UInt32Array::from(events);
        self.put(&mut columns, self.person, take(history.column(0), &events, None))?;
        self.put(&mut columns, self.time, take(history.column(1), &events, None))?;
        for (place, column) in &self.others {
            self.put(&mut columns, *place, column.decode(self.schema.field(*place), &[], rows, rng))?;
        }
        let columns = columns.into_iter().collect::<Option<Vec<_>>>();
        let columns = columns.ok_or_else(|| refuse(&self.name, "has a column without a role"))?;
        RecordBatch::try_new(self.schema.clone(), columns).map_err(|error| refuse(&self.name, &error.to_string()))
    }

    fn put(
        &self,
        columns: &mut [Option<ArrayRef>],
        place: usize,
        array: Result<ArrayRef, arrow::error::ArrowError>,
    ) -> Result<(), TwinError> {
        let array = array.map_err(|error| self.refuse(place, &error.to_string()))?;
        if let Some(column) = columns.get_mut(place) {
            *column = Some(array);
        }
        Ok(())
    }

    /// What was measured beside each code. All codes share the column, and so its type.
    fn put_values(
        &self,
        columns: &mut [Option<ArrayRef>],
        place: usize,
        of: &BTreeMap<String, crate::twin::domain::Column>,
        history: &RecordBatch,
        found: &[(u32, &String)],
    ) -> Result<(), TwinError> {
        let values = history.column(3).as_primitive::<Float64Type>();
        let number = |(event, code): &(u32, &String)| {
            let at = usize::try_from(*event).ok().filter(|at| of.contains_key(*code) && values.is_valid(*at))?;
            Some(values.value(at))
        };
        let numbers: Vec<Option<f64>> = found.iter().map(number).collect();
        let field = self.schema.field(place);
        match of.values().next() {
            Some(column) => self.put(columns, place, column.restored(field, &numbers)),
            None => self.put(columns, place, Ok(new_null_array(field.data_type(), numbers.len()))),
        }
    }

    /// Events of one person and moment as rows: each goes into the first row in which its column is still empty.
    fn assembled(&self, names: &[String], history: &RecordBatch) -> Result<Assembled, TwinError> {
        let failed = |error: arrow::error::ArrowError| refuse(&self.name, &error.to_string());
        let keys = [0, 1].map(|column| history.column(column).clone());
        let fields = keys.iter().map(|key| SortField::new(key.data_type().clone())).collect();
        let moments =
            RowConverter::new(fields).and_then(|converter| converter.convert_columns(&keys)).map_err(failed)?;
        let values = history.column(3).as_primitive::<Float64Type>();
        let mut assembled = Assembled { events: Vec::new(), measured: vec![Vec::new(); names.len()] };
        // Where the rows of the moment begin, and whose it is.
        let (mut begins, mut moment) = (0, None);
        for (event, code) in history.column(2).as_string::<i32>().iter().enumerate() {
            let Some(place) = names.iter().position(|name| code == Some(name.as_str())) else { continue };
            let Some(value) = values.is_valid(event).then(|| values.value(event)) else { continue };
            let here = Some(moments.row(event));
            if here != moment {
                (begins, moment) = (assembled.events.len(), here);
            }
            let column = assembled.measured.get(place).map_or(&[][..], Vec::as_slice);
            let empty = column.iter().skip(begins).position(Option::is_none).map(|row| begins + row);
            let row = empty.unwrap_or(assembled.events.len());
            if empty.is_none() {
                assembled.events.push(u32::try_from(event).unwrap_or(u32::MAX));
                assembled.measured.iter_mut().for_each(|column| column.push(None));
            }
            if let Some(to) = assembled.measured.get_mut(place).and_then(|column| column.get_mut(row)) {
                *to = Some(value);
            }
        }
        Ok(assembled)
    }
}
