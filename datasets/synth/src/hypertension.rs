//! The program `hypertension`: a general population of adults, their blood pressure in the office and at home, its
//! treatment, and what comes of it. `generator.toml` holds every figure with its source; the code here holds how they
//! hang together.
//!
//! The levels of pressure, awareness, treatment and dose are solved when the figures are read, so that the population
//! is found to have the prevalence, awareness, treatment and control that Korea surveyed. A person is drawn once, from
//! seed and number alone, and then written as OMOP tables and as a table of home readings, which therefore agree.

mod concept;
mod course;
mod events;
mod exam;
mod home;
mod life;
mod lives;
mod model;
mod prevent;
mod spec;
mod tables;
mod traits;

#[cfg(test)]
pub(crate) mod tests;

use crate::SynthError;
use crate::program::Simulation;
use crate::program::concept::Concepts;
use crate::program::table::{Layout, Sink};
use life::Life;

/// Its name in `generator.toml`.
const NAME: &str = "hypertension";

/// The program with its figures.
#[derive(Debug)]
pub(crate) struct Hypertension {
    model: model::Model,
    concepts: Concepts,
}

impl Simulation for Hypertension {
    type Life<'m> = Life;
    type Writer = fn(&Self, &Life, &mut Sink);

    const NAME: &'static str = NAME;

    fn read(text: &str) -> Result<Self, SynthError> {
        let model = model::Model::bind(spec::parse(text)?)?;
        Ok(Self { concepts: concept::bind(&model)?, model })
    }

    fn layouts() -> Vec<&'static Layout<Self>> {
        tables::TABLES.iter().collect()
    }

    fn concepts(&self) -> &Concepts {
        &self.concepts
    }

    fn draw(&self, seed: u64, number: u64) -> Option<Life> {
        course::draw(&self.model, seed, number)
    }

    fn write(&self, writer: Self::Writer, life: &Life, sink: &mut Sink) {
        writer(self, life, sink);
    }
}
