//! What generators that are programs have in common: a person is drawn whole, from seed and number alone, and then
//! written as rows of several tables, which therefore agree.
//!
//! A program says what a life is, how it is drawn and how each table is written of it ([`Simulation`]). Everything else
//! is here: tables held against the schema, ranges of persons, batches, concepts, the columns of OMOP, the figures'
//! form, and the persons themselves. Programs whose `generator.toml` states the same population draw the same persons:
//! person n of a seed has one number, sex, birthday and fate in all of them (see [`person`]).

pub(crate) mod adult;
pub(crate) mod calendar;
pub(crate) mod concept;
pub(crate) mod event;
pub(crate) mod figure;
pub(crate) mod kidney;
pub(crate) mod omop;
pub(crate) mod person;
pub(crate) mod sequence;
pub(crate) mod table;
pub(crate) mod weighted;

#[cfg(test)]
pub(crate) mod tests;

use crate::{Amount, Rows, SynthError};
use arrow::datatypes::SchemaRef;
use concept::Concepts;
use std::fmt::Debug;
use table::{Layout, Sink, Table};

/// A program: its figures, and how they become lives.
pub(crate) trait Simulation: Debug + Send + Sync + Sized + 'static {
    /// Everything that happens to one person.
    type Life<'m>;

    /// What writes a life's rows of one table.
    type Writer: Copy + Sync;

    /// Its name in `generator.toml`.
    const NAME: &'static str;

    /// A life as a FHIR bundle, if it is written so.
    const BUNDLE: Option<Bundle<Self>> = None;

    /// Reads the figures and holds them against each other.
    fn read(text: &str) -> Result<Self, SynthError>;

    /// The tables it can make.
    fn layouts() -> Vec<&'static Layout<Self>>;

    /// The concepts that its OMOP tables name.
    fn concepts(&self) -> &Concepts;

    /// Draws a life; `None` only for figures that `read` refuses.
    fn draw(&self, seed: u64, number: u64) -> Option<Self::Life<'_>>;

    /// Writes a life's rows of one table.
    fn write(&self, writer: Self::Writer, life: &Self::Life<'_>, sink: &mut Sink);
}

/// Writes a life as a FHIR bundle, one line of JSON.
pub(crate) type Bundle<S> = for<'a, 'm> fn(&'a <S as Simulation>::Life<'m>) -> String;

/// A program that is bound to the tables it shall make.
pub(crate) trait Program: Debug + Send + Sync {
    fn tables(&self) -> Vec<(&str, &SchemaRef)>;

    /// Rows of a table, if it is one of them.
    fn generate(&self, table: &str, amount: Amount, seed: u64) -> Option<Rows<'_>>;

    /// One bundle for each person, each a line of JSON; `None` when the program knows no such form.
    fn bundles(&self, persons: std::ops::Range<u64>, seed: u64)
    -> Option<Box<dyn Iterator<Item = String> + Send + '_>>;
}

/// The program that the text names, with its figures; `None` when the text names none that is known.
pub(crate) fn read(text: &str, schemas: &[(String, SchemaRef)]) -> Result<Option<Box<dyn Program>>, SynthError> {
    let Some(name) = crate::spec::program(text)? else { return Ok(None) };
    let Some(asked) = crate::messiness::asked(text)? else { return clean(&name, text, schemas) };
    let of_program: Vec<(String, SchemaRef)> =
        schemas.iter().filter(|(table, _)| !crate::messiness::makes(table)).cloned().collect();
    let Some(clean) = clean(&name, text, &of_program)? else { return Ok(None) };
    Ok(Some(Box::new(crate::messiness::Messy::bind(asked, clean, schemas)?)))
}

/// The program of a name, as it is without messiness.
fn clean(name: &str, text: &str, schemas: &[(String, SchemaRef)]) -> Result<Option<Box<dyn Program>>, SynthError> {
    use crate::{brainmap::Brainmap, cancer::Cancer5, cdm::Cdm, chronic::Chronic, hypertension::Hypertension};
    Ok(Some(match name {
        Cancer5::NAME => Box::new(Bound::<Cancer5>::parse(text, schemas)?),
        Brainmap::NAME => Box::new(Bound::<Brainmap>::parse(text, schemas)?),
        Cdm::NAME => Box::new(Bound::<Cdm>::parse(text, schemas)?),
        Chronic::NAME => Box::new(Bound::<Chronic>::parse(text, schemas)?),
        Hypertension::NAME => Box::new(Bound::<Hypertension>::parse(text, schemas)?),
        crate::twin::PROGRAM => Box::new(crate::fitted::Fitted::parse(text, schemas)?),
        _ => return Ok(None),
    }))
}

/// A simulation and the tables of a schema.
#[derive(Debug)]
pub(crate) struct Bound<S: Simulation> {
    simulation: S,
    tables: Vec<Table<S>>,
}

impl<S: Simulation> Bound<S> {
    pub(crate) fn parse(text: &str, schemas: &[(String, SchemaRef)]) -> Result<Self, SynthError> {
        Ok(Self { simulation: S::read(text)?, tables: table::bind(schemas)? })
    }
}

impl<S: Simulation> Program for Bound<S> {
    fn tables(&self) -> Vec<(&str, &SchemaRef)> {
        self.tables.iter().map(|table| (table.name.as_str(), &table.schema)).collect()
    }

    fn generate(&self, table: &str, amount: Amount, seed: u64) -> Option<Rows<'_>> {
        let table = self.tables.iter().find(|known| known.name == table)?;
        Some(Rows(Box::new(table::Rows::new(&self.simulation, table, amount, seed))))
    }

    fn bundles(
        &self,
        persons: std::ops::Range<u64>,
        seed: u64,
    ) -> Option<Box<dyn Iterator<Item = String> + Send + '_>> {
        let bundle = S::BUNDLE?;
        Some(Box::new(persons.filter_map(move |number| Some(bundle(&self.simulation.draw(seed, number)?)))))
    }
}

/// A figure that cannot be used.
pub(crate) fn wrong(program: &str, place: &str, reason: &str) -> SynthError {
    SynthError::Table { table: program.to_owned(), reason: format!("{place} {reason}") }
}
