//! The program `cancer5`: patients with colorectal, lung, breast, prostate and liver cancer as the Korean registry
//! knows them. `generator.toml` holds every figure with its source; the code here holds how they hang together.
//!
//! A patient is drawn once, from seed and number alone, and then written as library tables, OMOP tables or a FHIR
//! bundle, which therefore agree. Survival is the excess hazard of the cancer beside the mortality of the population,
//! its level solved when the figures are read.

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
mod sheets;
mod spec;
mod stage;

#[cfg(test)]
pub(crate) mod tests;

use crate::SynthError;
use crate::program::concept::Concepts;
use crate::program::table::{Layout, Sink};
use crate::program::{Bundle, Simulation};
use patient::Patient;

/// Its name in `generator.toml`.
const NAME: &str = "cancer5";

/// The program with its figures.
#[derive(Debug)]
pub(crate) struct Cancer5 {
    model: model::Model,
    concepts: Concepts,
}

impl Simulation for Cancer5 {
    type Life<'m> = Patient<'m>;
    type Writer = fn(&Self, &Patient<'_>, &mut Sink);

    const NAME: &'static str = NAME;

    const BUNDLE: Option<Bundle<Self>> = Some(|patient| fhir::bundle(patient).to_string());

    fn read(text: &str) -> Result<Self, SynthError> {
        let model = model::Model::bind(spec::parse(text)?)?;
        Ok(Self { concepts: concept::bind(&model)?, model })
    }

    fn layouts() -> Vec<&'static Layout<Self>> {
        library::TABLES.iter().chain(sheets::TABLES).chain(omop::TABLES).collect()
    }

    fn concepts(&self) -> &Concepts {
        &self.concepts
    }

    fn draw(&self, seed: u64, number: u64) -> Option<Patient<'_>> {
        person::draw(&self.model, seed, number)
    }

    fn write(&self, writer: Self::Writer, patient: &Patient<'_>, sink: &mut Sink) {
        writer(self, patient, sink);
    }
}
