//! Twins of persons with all tables of their events: every table of a release has its twin, and one budget is for all.
//!
//! What happens to a person is one history, whatever tables it was written into: a row that says what it was by a code is
//! one event, and a row of measurements is an event for each that is not null. The [`EventsModel`] of that history is
//! fitted, and what is drawn from it is written back into the tables: events of one moment that do not stand in each
//! other's place are one row.

mod domain;
mod encode;
mod model;
mod policy;
mod rows;

#[cfg(test)]
mod tests;

pub use domain::CohortDomain;
pub use encode::CohortEncoder;
pub(crate) use model::CohortFile;
pub use model::CohortModel;
pub use policy::{CohortPolicy, EventTable, HistoryPolicy};
pub use rows::CohortRows;

#[cfg(doc)]
use super::EventsModel;
