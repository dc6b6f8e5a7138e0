//! De-identification of Mudeung, run on the hospital's side alone: definitions and recipes, transforms, risk of
//! re-identification, release gate, and the writing of a version.
//!
//! * [`definition`]: the folder that describes a dataset, read and checked.
//! * [`build()`]: raw tables in, one de-identified version out, or a reason and nothing at all.
//! * [`synthetic`]: the synthetic tier of a definition, with the schema of the de-identified one.
//! * [`twin`]: twins of the released tables, fitted to the raw ones under differential privacy.
//! * [`dicom`]: headers of images, de-identified by the table of the standard.
//! * [`generalise`]: the exact search for the least generalisation that is safe.
//! * [`key`]: the secret without which no pseudonym can be recomputed.
//! * [`report`]: what was done and what risk remains, for people and for machines.
//!
//! Raw values live in [`stage::Identified`], and only [`stage::Deidentified`] reaches the writer.

pub mod build;
pub mod definition;
pub mod dicom;
pub mod error;
pub mod generalise;
pub mod key;
pub mod report;
pub mod risk;
pub mod source;
pub mod stage;
pub mod synthetic;
pub mod transform;
pub mod twin;

mod canary;
mod gate;
mod output;
mod persons;

pub use build::{Build, Built, Progress, build, check};
pub use error::{CurateError, Problem};
pub use key::{DestroyedKey, ReleaseKey, destroy_project};
pub use synthetic::{BuildSynthetic, Bundles, build_synthetic, write_bundles};
pub use twin::{BuildTwins, BuiltTwins, Measure, build_twins};
