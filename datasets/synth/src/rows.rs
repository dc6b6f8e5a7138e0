//! Rows of one table, person by person, in batches.

use crate::bind::{RowCount, Table};
use crate::draw::{Context, identifier_text, unit, whole};
use crate::value::Value;
use crate::{Amount, SynthError};
use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

/// Rows of a batch, and a little more: persons are not split.
const BATCH_ROWS: usize = 8_192;
/// Persons that are drawn for one batch, however few rows they give: after each, whoever asks may stop.
const BATCH_PERSONS: u64 = 16_384;

/// Rows of a table; an iterator of batches.
pub(crate) struct Rows<'a> {
    table: &'a Table,
    person_table: &'a Table,
    is_person: bool,
    amount: Amount,
    seed: u64,
    next_person: u64,
    rows_done: u64,
}

impl<'a> Rows<'a> {
    pub(crate) fn new(table: &'a Table, person_table: &'a Table, is_person: bool, amount: Amount, seed: u64) -> Self {
        let next_person = if let Amount::Range { first, .. } = amount { first } else { 0 };
        Self { table, person_table, is_person, amount, seed, next_person, rows_done: 0 }
    }

    fn is_done(&self) -> bool {
        match self.amount {
            Amount::Persons(persons) => self.next_person >= persons,
            Amount::Range { first, persons } => self.next_person >= first.saturating_add(persons),
            // A table that gives no rows at all must not be drawn for ever.
            Amount::Rows(rows) => {
                self.rows_done >= rows || (self.rows_done == 0 && self.next_person > rows.saturating_add(100_000))
            }
        }
    }

    /// All rows of the next person.
    fn person(&mut self, rows: &mut Vec<Vec<Value>>) {
        let number = self.next_person;
        self.next_person += 1;
        let person = draw_person(self.person_table, self.seed, number);
        if self.is_person {
            rows.push(person);
            return;
        }
        let mut rng = stream(self.seed, number, &self.table.name);
        let (counts, keep) = match &self.table.rows {
            RowCount::One => (vec![1], None),
            RowCount::Grid { counts, keep } => (counts.clone(), *keep),
            RowCount::Between(low, high) => {
                let width = f64::from(*high) - f64::from(*low) + 1.0;
                let more = u32::try_from(whole(unit(&mut rng) * width)).unwrap_or(0);
                (vec![low.saturating_add(more)], None)
            }
        };
        let keep = keep.and_then(|keep| person.get(keep)).and_then(Value::number).unwrap_or(1.0);
        let mut memory = vec![None; self.table.columns.len()];
        let mut before: Option<Vec<u32>> = None;
        let first = rows.len();
        for grid in positions(&counts) {
            let moved = moved(before.as_deref(), &grid);
            let row = draw_row(self.table, &mut rng, &person, &grid, &moved, &mut memory);
            if keep >= 1.0 || unit(&mut rng) < keep {
                rows.push(row);
            }
            before = Some(grid);
        }
        if let (Some(column), Some(drawn)) = (self.table.sort, rows.get_mut(first..)) {
            drawn.sort_by(|a, b| rank(a, column).total_cmp(&rank(b, column)));
        }
    }

    fn batch(&self, rows: &[Vec<Value>]) -> Result<RecordBatch, SynthError> {
        let failed =
            |error: ArrowError| SynthError::Table { table: self.table.name.clone(), reason: error.to_string() };
        let columns = self.table.schema.fields().iter().zip(&self.table.output).map(|(field, position)| {
            let values: Vec<&Value> = rows.iter().map(|row| row.get(*position).unwrap_or(&Value::Null)).collect();
            column(&values, field.data_type()).map_err(failed)
        });
        RecordBatch::try_new(self.table.schema.clone(), columns.collect::<Result<_, _>>()?).map_err(failed)
    }
}

impl Iterator for Rows<'_> {
    type Item = Result<RecordBatch, SynthError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_done() {
            return None;
        }
        let mut rows = Vec::with_capacity(BATCH_ROWS);
        let stop_at = self.next_person.saturating_add(BATCH_PERSONS);
        while rows.len() < BATCH_ROWS && self.next_person < stop_at && !self.is_done() {
            let before = rows.len();
            self.person(&mut rows);
            if let Amount::Rows(wanted) = self.amount {
                let room = usize::try_from(wanted.saturating_sub(self.rows_done)).unwrap_or(usize::MAX);
                rows.truncate(before.saturating_add(room));
            }
            self.rows_done += u64::try_from(rows.len() - before).unwrap_or(u64::MAX);
        }
        Some(self.batch(&rows))
    }
}

/// Where a row stands in its person's order; missing values come first.
fn rank(row: &[Value], column: usize) -> f64 {
    match row.get(column) {
        Some(Value::Date(days)) => f64::from(*days),
        Some(value) => value.number().unwrap_or(f64::NEG_INFINITY),
        None => f64::NEG_INFINITY,
    }
}

/// The stream of random numbers of one person in one table.
pub(crate) fn stream(seed: u64, person: u64, table: &str) -> ChaCha8Rng {
    // FNV-1a, to give each table a number of its own.
    let table = table
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    let mut key = [0_u8; 32];
    let parts = [seed, person, table].into_iter().flat_map(u64::to_le_bytes);
    for (to, from) in key.iter_mut().zip(parts) {
        *to = from;
    }
    ChaCha8Rng::from_seed(key)
}

fn draw_person(table: &Table, seed: u64, number: u64) -> Vec<Value> {
    let mut rng = stream(seed, number, &table.name);
    let mut memory = vec![None; table.columns.len()];
    draw_row(table, &mut rng, &[], &[], &[], &mut memory)
}

fn draw_row(
    table: &Table,
    rng: &mut ChaCha8Rng,
    person: &[Value],
    grid: &[u32],
    moved: &[bool],
    memory: &mut [Option<f64>],
) -> Vec<Value> {
    let mut row = vec![Value::Null; table.columns.len()];
    for position in &table.order {
        let (Some(column), Some(last)) = (table.columns.get(*position), memory.get_mut(*position)) else { continue };
        let missing = column.null_share > 0.0 && unit(rng) < column.null_share;
        let value = column.draw.value(&mut Context { rng: &mut *rng, row: &row, person, grid, moved, last });
        if let Some(cell) = row.get_mut(*position).filter(|_| !missing) {
            *cell = value;
        }
    }
    row
}

/// Every combination of positions, the last axis fastest.
fn positions(counts: &[u32]) -> impl Iterator<Item = Vec<u32>> + '_ {
    let total: u64 = counts.iter().map(|count| u64::from(*count)).product();
    (0..total).map(|number| {
        let mut left = number;
        let mut grid: Vec<u32> = counts
            .iter()
            .rev()
            .map(|count| {
                let at = left % u64::from(*count);
                left /= u64::from(*count);
                u32::try_from(at).unwrap_or(0)
            })
            .collect();
        grid.reverse();
        grid
    })
}

/// Which axes have moved since the row before: an axis moves when it or one before it has another position.
fn moved(before: Option<&[u32]>, now: &[u32]) -> Vec<bool> {
    let mut any = before.is_none();
    let mut differs = |(position, at): (usize, &u32)| {
        any |= before.and_then(|before| before.get(position)) != Some(at);
        any
    };
    now.iter().enumerate().map(&mut differs).collect()
}

fn column(values: &[&Value], wanted: &DataType) -> Result<ArrayRef, ArrowError> {
    let numbers = || values.iter().map(|value| value.number());
    let array: ArrayRef = match wanted {
        DataType::Utf8 => Arc::new(values.iter().map(|value| text(value)).collect::<StringArray>()),
        DataType::Boolean => Arc::new(values.iter().map(|value| boolean(value)).collect::<BooleanArray>()),
        DataType::Date32 => Arc::new(values.iter().map(|value| date(value)).collect::<Date32Array>()),
        DataType::Timestamp(_, _) => {
            let moments = values.iter().map(|value| moment(value)).collect::<TimestampMicrosecondArray>();
            Arc::new(moments.with_timezone("UTC"))
        }
        DataType::Int64 if values.iter().any(|value| matches!(value, Value::Identifier(_))) => {
            Arc::new(values.iter().map(|value| identifier(value)).collect::<Int64Array>())
        }
        DataType::Int32 | DataType::Int64 => {
            Arc::new(numbers().map(|number| number.map(f64::round)).collect::<Float64Array>())
        }
        _ => Arc::new(numbers().collect::<Float64Array>()),
    };
    cast(&array, wanted)
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.to_string()),
        Value::Identifier(id) => Some(identifier_text(*id)),
        Value::Null | Value::Boolean(_) | Value::Number(_) | Value::Date(_) | Value::Moment(_) => None,
    }
}

fn boolean(value: &Value) -> Option<bool> {
    if let Value::Boolean(flag) = value { Some(*flag) } else { None }
}

fn date(value: &Value) -> Option<i32> {
    if let Value::Date(days) = value { Some(*days) } else { None }
}

fn moment(value: &Value) -> Option<i64> {
    if let Value::Moment(micros) = value { Some(*micros) } else { None }
}

fn identifier(value: &Value) -> Option<i64> {
    if let Value::Identifier(id) = value { Some(*id) } else { None }
}
