//! The program `chronic`: a general population of adults, type 2 diabetes and chronic kidney disease in it, their
//! laboratory courses, how they are treated, and what comes of it. `generator.toml` holds every figure with its source;
//! the code here holds how they hang together.
//!
//! Persons and adults are those of the program `hypertension`: number n of one seed has one sex, birthday, height,
//! weight, diabetes and death by other causes in both. What is not solved there is solved here: awareness, treatment
//! and control of diabetes, low filtration and albuminuria are those that Korea surveyed.

mod concept;
mod course;
mod exam;
mod kidneys;
mod life;
mod model;
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
const NAME: &str = "chronic";

/// The program with its figures.
#[derive(Debug)]
pub(crate) struct Chronic {
    model: model::Model,
    concepts: Concepts,
}

impl Simulation for Chronic {
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
