//! The program `brainmap`: volumes of brain regions of the old in a population, scanned every year, in normal ageing,
//! mild cognitive impairment and Alzheimer's disease. `generator.toml` holds every figure with its source.
//!
//! Persons are those of the population: with one seed, number n is the same here as in every other program of it.

mod scan;
mod spec;
mod tables;

#[cfg(test)]
pub(crate) mod tests;

use crate::SynthError;
use crate::program::Simulation;
use crate::program::concept::{Class, Concepts};
use crate::program::table::{Layout, Sink};
use scan::{Life, Model};

/// Its name in `generator.toml`.
const NAME: &str = "brainmap";

/// The program with its figures.
#[derive(Debug)]
pub(crate) struct Brainmap {
    model: Model,
    concepts: Concepts,
}

impl Simulation for Brainmap {
    type Life<'m> = Life;
    type Writer = fn(&Self, &Life, &mut Sink);

    const NAME: &'static str = NAME;

    fn read(text: &str) -> Result<Self, SynthError> {
        let model = Model::bind(spec::parse(text)?)?;
        let mut concepts = Concepts::new(NAME, &[]);
        concepts.add(Class::Condition, tables::IMPAIRMENT, "Mild cognitive impairment")?;
        concepts.add(Class::Condition, tables::ALZHEIMER, "Alzheimer's disease")?;
        Ok(Self { model, concepts })
    }

    fn layouts() -> Vec<&'static Layout<Self>> {
        tables::TABLES.iter().collect()
    }

    fn concepts(&self) -> &Concepts {
        &self.concepts
    }

    fn draw(&self, seed: u64, number: u64) -> Option<Life> {
        scan::draw(&self.model, seed, number)
    }

    fn write(&self, writer: Self::Writer, life: &Life, sink: &mut Sink) {
        writer(self, life, sink);
    }
}
