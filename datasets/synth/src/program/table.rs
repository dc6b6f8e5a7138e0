//! Tables as columns: what a program can make, held against the schema, and rows in batches.

use super::{Simulation, wrong};
use crate::{Amount, SynthError};
use arrow::array::{ArrayRef, Date32Builder, Float64Builder, Int32Builder, Int64Builder, RecordBatch, StringBuilder};
use arrow::array::{BooleanBuilder, TimestampMicrosecondBuilder};
use arrow::compute::cast;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;
use std::sync::Arc;

const BATCH_ROWS: usize = 8_192;
/// Persons that are drawn for one batch, however few rows they give: after each, whoever asks may stop.
const BATCH_PERSONS: u64 = 16_384;

/// A value on its way into a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell<'a> {
    Null,
    Integer(i64),
    Number(f64),
    Flag(bool),
    Text(&'a str),
    Written(String),
    Date(i32),
    /// Microseconds since 1970, UTC.
    Moment(i64),
}

impl<'a> Cell<'a> {
    pub(crate) fn text(text: Option<&'a str>) -> Self {
        text.map_or(Self::Null, Self::Text)
    }

    pub(crate) fn number(number: Option<f64>) -> Self {
        number.map_or(Self::Null, Self::Number)
    }

    pub(crate) fn integer(number: Option<i32>) -> Self {
        number.map_or(Self::Null, |number| Self::Integer(number.into()))
    }

    pub(crate) fn date(date: Option<i32>) -> Self {
        date.map_or(Self::Null, Self::Date)
    }
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Int32,
    Int64,
    Float64,
    Boolean,
    Text,
    Date,
    /// Null where a simulation knows days, not times of day.
    Timestamp,
}

/// The columns of a table in their order.
pub(crate) type Columns = &'static [(&'static str, Type)];

/// A table that the program can make.
pub(crate) struct Layout<S: Simulation> {
    pub(crate) name: &'static str,
    pub(crate) columns: Columns,
    pub(crate) write: Write<S, S::Writer>,
}

/// How a table gets its rows.
pub(crate) enum Write<S, W> {
    /// Person by person.
    Person(W),
    /// Whole, with the first person: it is about nobody.
    Once(fn(&S, &mut Sink)),
}

/// A table of the schema.
pub(crate) struct Table<S: Simulation> {
    pub(crate) name: String,
    pub(crate) schema: SchemaRef,
    layout: &'static Layout<S>,
    /// The position of each schema column in the layout.
    positions: Vec<usize>,
}

impl<S: Simulation> std::fmt::Debug for Table<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table").field("name", &self.name).field("positions", &self.positions).finish_non_exhaustive()
    }
}

/// Holds a schema against what the program makes.
pub(crate) fn bind<S: Simulation>(schemas: &[(String, SchemaRef)]) -> Result<Vec<Table<S>>, SynthError> {
    schemas.iter().map(|(name, schema)| table(name, schema)).collect()
}

fn table<S: Simulation>(name: &str, schema: &SchemaRef) -> Result<Table<S>, SynthError> {
    let unknown = || SynthError::Table { table: name.to_owned(), reason: "is not a table of this program".to_owned() };
    let layout = S::layouts().into_iter().find(|layout| layout.name == name).ok_or_else(unknown)?;
    let positions = positions(name, schema, layout.columns)?;
    Ok(Table { name: name.to_owned(), schema: schema.clone(), layout, positions })
}

/// The position of each column of a schema among those that are made.
pub(crate) fn positions(name: &str, schema: &SchemaRef, columns: Columns) -> Result<Vec<usize>, SynthError> {
    let position = |field: &Arc<arrow::datatypes::Field>| {
        let failed =
            |reason: String| SynthError::Column { table: name.to_owned(), column: field.name().clone(), reason };
        let known = columns.iter().position(|(column, _)| column == field.name());
        let position = known.ok_or_else(|| failed("is not a column of this program's table".to_owned()))?;
        let made = columns.get(position).map(|(_, made)| *made);
        if made.is_none_or(|made| !fits(made, field.data_type())) {
            return Err(failed(format!("is made as {made:?}, which cannot be {}", field.data_type())));
        }
        Ok(position)
    };
    schema.fields().iter().map(position).collect()
}

fn fits(made: Type, wanted: &DataType) -> bool {
    match made {
        Type::Int32 => *wanted == DataType::Int32,
        Type::Int64 => *wanted == DataType::Int64,
        Type::Float64 => *wanted == DataType::Float64,
        Type::Boolean => *wanted == DataType::Boolean,
        Type::Text => *wanted == DataType::Utf8,
        Type::Date => *wanted == DataType::Date32,
        Type::Timestamp => matches!(wanted, DataType::Timestamp(_, _)),
    }
}

/// A column on its way.
pub(crate) enum Builder {
    Int32(Int32Builder),
    Int64(Int64Builder),
    Float64(Float64Builder),
    Boolean(BooleanBuilder),
    Text(StringBuilder),
    Date(Date32Builder),
    Moment(TimestampMicrosecondBuilder),
}

impl Builder {
    /// For a column of the type, if there are such columns.
    pub(crate) fn of(wanted: &DataType) -> Option<Self> {
        Some(match wanted {
            DataType::Int32 => Self::Int32(Int32Builder::new()),
            DataType::Int64 => Self::Int64(Int64Builder::new()),
            DataType::Float64 => Self::Float64(Float64Builder::new()),
            DataType::Boolean => Self::Boolean(BooleanBuilder::new()),
            DataType::Utf8 => Self::Text(StringBuilder::new()),
            DataType::Date32 => Self::Date(Date32Builder::new()),
            DataType::Timestamp(_, _) => Self::Moment(TimestampMicrosecondBuilder::new()),
            _ => return None,
        })
    }

    pub(crate) fn push(&mut self, cell: &Cell<'_>) {
        match self {
            Self::Int32(builder) => builder.append_option(match cell {
                Cell::Integer(number) => i32::try_from(*number).ok(),
                _ => None,
            }),
            Self::Int64(builder) => {
                builder.append_option(if let Cell::Integer(number) = cell { Some(*number) } else { None });
            }
            Self::Float64(builder) => {
                builder.append_option(if let Cell::Number(number) = cell { Some(*number) } else { None });
            }
            Self::Boolean(builder) => {
                builder.append_option(if let Cell::Flag(flag) = cell { Some(*flag) } else { None });
            }
            Self::Text(builder) => match cell {
                Cell::Text(text) => builder.append_value(text),
                Cell::Written(text) => builder.append_value(text),
                _ => builder.append_null(),
            },
            Self::Date(builder) => builder.append_option(if let Cell::Date(days) = cell { Some(*days) } else { None }),
            Self::Moment(builder) => {
                builder.append_option(if let Cell::Moment(micros) = cell { Some(*micros) } else { None });
            }
        }
    }

    pub(crate) fn finish(self, wanted: &DataType) -> Result<ArrayRef, ArrowError> {
        Ok(match self {
            Self::Int32(mut builder) => Arc::new(builder.finish()),
            Self::Int64(mut builder) => Arc::new(builder.finish()),
            Self::Float64(mut builder) => Arc::new(builder.finish()),
            Self::Boolean(mut builder) => Arc::new(builder.finish()),
            Self::Text(mut builder) => Arc::new(builder.finish()),
            Self::Date(mut builder) => Arc::new(builder.finish()),
            Self::Moment(mut builder) => cast(&builder.finish().with_timezone("UTC"), wanted)?,
        })
    }
}

/// Takes the rows of a table; columns that the schema does not have are let go.
pub(crate) struct Sink {
    columns: Vec<(usize, Builder)>,
    rows: usize,
    rows_max: usize,
}

impl Sink {
    fn new<S: Simulation>(table: &Table<S>, rows_max: usize) -> Self {
        let builder = |position: &usize| {
            let made = table.layout.columns.get(*position).map_or(Type::Timestamp, |(_, made)| *made);
            let builder = match made {
                Type::Int32 => Builder::Int32(Int32Builder::new()),
                Type::Int64 => Builder::Int64(Int64Builder::new()),
                Type::Float64 => Builder::Float64(Float64Builder::new()),
                Type::Boolean => Builder::Boolean(BooleanBuilder::new()),
                Type::Text => Builder::Text(StringBuilder::new()),
                Type::Date => Builder::Date(Date32Builder::new()),
                Type::Timestamp => Builder::Moment(TimestampMicrosecondBuilder::new()),
            };
            (*position, builder)
        };
        Self { columns: table.positions.iter().map(builder).collect(), rows: 0, rows_max }
    }

    /// Adds a row, one cell for each column of the layout.
    pub(crate) fn row(&mut self, cells: &[Cell<'_>]) {
        if self.rows >= self.rows_max {
            return;
        }
        self.rows += 1;
        for (position, builder) in &mut self.columns {
            builder.push(cells.get(*position).unwrap_or(&Cell::Null));
        }
    }

    fn batch<S: Simulation>(self, table: &Table<S>) -> Result<RecordBatch, SynthError> {
        let failed = |error: ArrowError| SynthError::Table { table: table.name.clone(), reason: error.to_string() };
        let fields = table.schema.fields();
        let columns =
            self.columns.into_iter().zip(fields).map(|((_, builder), field)| builder.finish(field.data_type()));
        let columns = columns.collect::<Result<_, _>>().map_err(failed)?;
        RecordBatch::try_new(table.schema.clone(), columns).map_err(failed)
    }
}

/// Batches of rows, person by person.
pub(crate) struct Rows<'a, S: Simulation> {
    simulation: &'a S,
    table: &'a Table<S>,
    seed: u64,
    next_person: u64,
    persons: u64,
    rows_left: u64,
}

impl<'a, S: Simulation> Rows<'a, S> {
    pub(crate) fn new(simulation: &'a S, table: &'a Table<S>, amount: Amount, seed: u64) -> Self {
        let (next_person, mut persons, rows_left) = match amount {
            Amount::Persons(persons) => (0, persons, u64::MAX),
            Amount::Range { first, persons } => (first, persons, u64::MAX),
            // A table that gives no rows at all must not be drawn for ever.
            Amount::Rows(rows) => (0, rows.saturating_add(100_000), rows),
        };
        if matches!(table.layout.write, Write::Once(_)) {
            persons = if next_person == 0 { persons.min(1) } else { 0 };
        }
        Self { simulation, table, seed, next_person, persons, rows_left }
    }
}

impl<S: Simulation> Iterator for Rows<'_, S> {
    type Item = Result<RecordBatch, SynthError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut sink = Sink::new(self.table, usize::try_from(self.rows_left).unwrap_or(usize::MAX));
        if self.persons == 0 || self.rows_left == 0 {
            return None;
        }
        let stop_at = self.persons.saturating_sub(BATCH_PERSONS);
        while sink.rows < BATCH_ROWS.min(sink.rows_max) && self.persons > stop_at {
            let write = match &self.table.layout.write {
                Write::Person(write) => write,
                Write::Once(write) => {
                    write(self.simulation, &mut sink);
                    self.persons = 0;
                    break;
                }
            };
            let Some(life) = self.simulation.draw(self.seed, self.next_person) else {
                return Some(Err(wrong(S::NAME, "a person", "cannot be drawn from these figures")));
            };
            self.simulation.write(*write, &life, &mut sink);
            self.next_person = self.next_person.saturating_add(1);
            self.persons -= 1;
        }
        self.rows_left = self.rows_left.saturating_sub(u64::try_from(sink.rows).unwrap_or(u64::MAX));
        Some(sink.batch(self.table))
    }
}
