//! Seeded generators of synthetic tables, described by `generator.toml`: pure sampling, the same seed gives the same
//! rows on every machine.
//!
//! A generator is knowledge, not a model of patients: every number in it stands beside its source, and no real record
//! is read. Persons are drawn one by one, each from its own stream of ChaCha8 keyed by seed, table and person, so any
//! table can be made without making the others, and rows of one person agree between tables.
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
mod draw;
mod rows;
mod spec;
mod value;

#[cfg(test)]
mod tests;

pub use rows::Rows;

use arrow::datatypes::SchemaRef;
use bind::Table;

/// A generator that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
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
    /// So many rows, of as many persons as that takes; the last person's may be cut short.
    Rows(u64),
}

/// Tables that can be generated.
#[derive(Debug)]
pub struct Generator {
    tables: Vec<Table>,
    person: usize,
}

impl Generator {
    /// Reads a generator and binds it to the schemas of the tables it shall make.
    pub fn parse(text: &str, schemas: &[(String, SchemaRef)]) -> Result<Self, SynthError> {
        let spec = spec::parse(text)?;
        let (tables, person) = bind::bind(&spec, schemas)?;
        Ok(Self { tables, person })
    }

    /// The tables it makes, with their schemas.
    pub fn tables(&self) -> impl Iterator<Item = (&str, &SchemaRef)> {
        self.tables.iter().map(|table| (table.name.as_str(), &table.schema))
    }

    /// Rows of a table in batches. Persons are numbered from zero; the same seed gives the same rows.
    pub fn generate(&self, table: &str, amount: Amount, seed: u64) -> Result<Rows<'_>, SynthError> {
        let missing =
            || SynthError::Table { table: table.to_owned(), reason: "is not made by this generator".to_owned() };
        let position = self.tables.iter().position(|known| known.name == table).ok_or_else(missing)?;
        let wanted = self.tables.get(position).ok_or_else(missing)?;
        let person = self.tables.get(self.person).ok_or_else(missing)?;
        Ok(Rows::new(wanted, person, position == self.person, amount, seed))
    }
}
