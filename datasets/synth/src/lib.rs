//! Seeded generators of synthetic tables, described by `generator.toml`: pure sampling, the same seed gives the same
//! rows on every machine.
//!
//! A generator is knowledge, not a model of patients: every number in it stands beside its source, and no real record
//! is read. Persons are drawn one by one, each from its own stream of ChaCha8 keyed by seed, table and person, so any
//! table can be made without making the others, and rows of one person agree between tables.
//!
//! [`twin`] is the other kind: it resembles a real table, is fitted to it under differential privacy, and is drawn from
//! what was released alone.
//!
//! ```
//! use arrow::datatypes::{DataType, Field, Schema};
//! use mudeung_synth::{Amount, Generator};
//! let text = r#"
//! simulated = true
//! person = "patient"
//! [tables.patient.columns]
//! age = { source = "made up for this example", from = { kind = "uniform", low = 20, high = 79 } }
//! "#;
//! let schema = Schema::new(vec![Field::new("age", DataType::Int32, false)]);
//! let generator = Generator::parse(text, &[("patient".to_owned(), schema.into())])?;
//! let rows: usize = generator.generate("patient", Amount::Persons(10), 7)?.map(|batch| batch.unwrap().num_rows()).sum();
//! assert_eq!(rows, 10);
//! # Ok::<(), mudeung_synth::SynthError>(())
//! ```

mod bind;
mod brainmap;
mod cancer;
mod cdm;
mod chronic;
mod draw;
mod fitted;
mod hypertension;
mod messiness;
mod program;
pub mod quality;
mod rows;
mod spec;
pub mod twin;
mod value;

#[cfg(test)]
mod tests;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use bind::Table;

/// A generator that cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SynthError {
    /// The text is not what a generator should be.
    #[error("line {line}: {message}")]
    Syntax {
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        message: String,
    },
    /// A generator must say that its rows are simulated.
    #[error("simulated = true is missing; generated rows must be labelled as such")]
    NotLabelled,
    /// A table of the schema has no generator, or the other way round.
    #[error("table {table}: {reason}")]
    Table {
        /// The table.
        table: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The models of twins cannot be read.
    #[error("twins: {0}")]
    Twins(#[from] twin::TwinError),
    /// A column cannot be made as the schema wants it.
    #[error("{table}.{column}: {reason}")]
    Column {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// How much to generate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// All rows of so many persons.
    Persons(u64),
    /// All rows of so many persons from one on: parts of a dataset that several machines make.
    Range {
        /// The number of the first person, from zero.
        first: u64,
        /// How many persons.
        persons: u64,
    },
    /// So many rows, of as many persons as that takes; the last person's may be cut short. A table that is about nobody,
    /// such as a list of concepts, gives those that there are.
    Rows(u64),
}

/// Rows of a table; an iterator of batches. A batch may be empty: it is a moment at which to stop.
pub struct Rows<'a>(Box<dyn Iterator<Item = Result<RecordBatch, SynthError>> + Send + 'a>);

impl Iterator for Rows<'_> {
    type Item = Result<RecordBatch, SynthError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next()
    }
}

/// Tables that can be generated.
#[derive(Debug)]
pub struct Generator(Kind);

/// How a generator draws.
#[derive(Debug)]
enum Kind {
    /// Column by column, as the text declares them.
    Declared { tables: Vec<Table>, person: usize },
    /// Person by person, by a program that the text names and gives its figures.
    Program(Box<dyn program::Program>),
}

impl Generator {
    /// Reads a generator and binds it to the schemas of the tables it shall make.
    pub fn parse(text: &str, schemas: &[(String, SchemaRef)]) -> Result<Self, SynthError> {
        if let Some(program) = program::read(text, schemas)? {
            return Ok(Self(Kind::Program(program)));
        }
        let spec = spec::parse(text)?;
        let (tables, person) = bind::bind(&spec, schemas)?;
        Ok(Self(Kind::Declared { tables, person }))
    }

    /// The tables it makes, with their schemas.
    pub fn tables(&self) -> impl Iterator<Item = (&str, &SchemaRef)> {
        match &self.0 {
            Kind::Declared { tables, .. } => {
                tables.iter().map(|table| (table.name.as_str(), &table.schema)).collect::<Vec<_>>()
            }
            Kind::Program(program) => program.tables(),
        }
        .into_iter()
    }

    /// Rows of a table in batches. Persons are numbered from zero; the same seed gives the same rows.
    pub fn generate(&self, table: &str, amount: Amount, seed: u64) -> Result<Rows<'_>, SynthError> {
        let missing =
            || SynthError::Table { table: table.to_owned(), reason: "is not made by this generator".to_owned() };
        match &self.0 {
            Kind::Declared { tables, person: person_at } => {
                let position = tables.iter().position(|known| known.name == table).ok_or_else(missing)?;
                let wanted = tables.get(position).ok_or_else(missing)?;
                let person = tables.get(*person_at).ok_or_else(missing)?;
                let rows = rows::Rows::new(wanted, person, position == *person_at, amount, seed);
                Ok(Rows(Box::new(rows)))
            }
            Kind::Program(program) => program.generate(table, amount, seed).ok_or_else(missing),
        }
    }

    /// Persons as FHIR R4 bundles, one JSON document for each; `None` when the generator knows no such form.
    pub fn bundles(
        &self,
        persons: std::ops::Range<u64>,
        seed: u64,
    ) -> Option<Box<dyn Iterator<Item = String> + Send + '_>> {
        match &self.0 {
            Kind::Declared { .. } => None,
            Kind::Program(program) => program.bundles(persons, seed),
        }
    }
}
