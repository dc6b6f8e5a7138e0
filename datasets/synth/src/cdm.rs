//! The program `cdm`: a general population of adults with everything that the Common Data Model 5.4 has a table for,
//! all 39 of them. `generator.toml` holds every figure with its source; the code here holds how they hang together.
//!
//! Persons and adults are those of the program `hypertension`: number n of one seed has one sex, birthday, body,
//! tobacco, diabetes, statin, first check-up and death by other causes in both.

mod columns;
mod course;
mod era;
mod life;
mod model;
mod proposal;
mod spec;
mod tables;
mod values;
mod vocabulary;
mod write;

#[cfg(test)]
pub(crate) mod tests;

use crate::SynthError;
use crate::program::Simulation;
use crate::program::concept::Concepts;
use crate::program::table::{Layout, Sink};
use life::Life;
use vocabulary::Vocabulary;

/// Its name in `generator.toml`.
const NAME: &str = "cdm";

/// The program with its figures.
#[derive(Debug)]
pub(crate) struct Cdm {
    model: model::Model,
    vocabulary: Vocabulary,
}

impl Simulation for Cdm {
    type Life<'m> = Life<'m>;
    type Writer = fn(&Self, &Life<'_>, &mut Sink);

    const NAME: &'static str = NAME;

    fn read(text: &str) -> Result<Self, SynthError> {
        let model = model::Model::bind(spec::parse(text)?)?;
        Ok(Self { vocabulary: vocabulary::bind(&model)?, model })
    }

    fn layouts() -> Vec<&'static Layout<Self>> {
        tables::TABLES.iter().collect()
    }

    fn concepts(&self) -> &Concepts {
        &self.vocabulary.concepts
    }

    fn draw(&self, seed: u64, number: u64) -> Option<Life<'_>> {
        course::draw(&self.model, seed, number)
    }

    fn write(&self, writer: Self::Writer, life: &Life<'_>, sink: &mut Sink) {
        writer(self, life, sink);
    }
}
