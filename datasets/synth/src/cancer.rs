//! The program `cancer5`: patients with colorectal, lung, breast, prostate and liver cancer as the Korean registry
//! knows them. `generator.toml` holds every figure with its source; the code here holds how they hang together.
//!
//! A patient is drawn once, from seed and number alone, and then written as library tables, OMOP tables or a FHIR
//! bundle, which therefore agree. Survival is the excess hazard of the cancer beside the mortality of the population,
//! its level solved when the figures are read.

mod calendar;
mod calibrate;
mod concept;
mod course;
mod events;
mod fhir;
mod library;
mod lives;
mod model;
mod omop;
mod patient;
mod person;
mod sequence;
mod sheets;
mod spec;
mod stage;
mod tables;

#[cfg(test)]
mod tests;

use crate::{Amount, SynthError};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

/// Its name in `generator.toml`.
pub(crate) const NAME: &str = "cancer5";

/// The program with its figures, bound to the tables it shall make.
#[derive(Debug)]
pub(crate) struct Program {
    model: model::Model,
    concepts: concept::Concepts,
    tables: Vec<tables::Table>,
}

impl Program {
    pub(crate) fn parse(text: &str, schemas: &[(String, SchemaRef)]) -> Result<Self, SynthError> {
        let model = model::Model::bind(spec::parse(text)?)?;
        Ok(Self { concepts: concept::Concepts::bind(&model)?, model, tables: tables::bind(schemas)? })
    }

    pub(crate) fn tables(&self) -> impl Iterator<Item = (&str, &SchemaRef)> {
        self.tables.iter().map(|table| (table.name.as_str(), &table.schema))
    }

    pub(crate) fn generate(
        &self,
        table: &str,
        amount: Amount,
        seed: u64,
    ) -> Option<impl Iterator<Item = Result<RecordBatch, SynthError>> + use<'_>> {
        let table = self.tables.iter().find(|known| known.name == table)?;
        Some(tables::Rows::new(&self.model, &self.concepts, table, amount, seed))
    }

    /// One bundle for each person, each a line of JSON.
    pub(crate) fn bundles(&self, persons: std::ops::Range<u64>, seed: u64) -> impl Iterator<Item = String> + use<'_> {
        persons.filter_map(move |number| Some(fhir::bundle(&person::draw(&self.model, seed, number)?).to_string()))
    }
}
