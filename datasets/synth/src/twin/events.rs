//! Twins of persons with their events: two tables that resemble real ones, made under differential privacy of a person
//! with everything that is known of that person.
//!
//! Flattening histories into one row loses their course, so they are modelled as what they are: the table of persons,
//! which also knows how many events each has, when the first was and which codes are among them, is a twin by
//! [`Model`](super::Model); the events follow each other as noisy counts say, of code after code, of time between, of
//! values and of values after values. What one person adds to each of these counts has at most an agreed Euclidean
//! length, so one patient with thousands of events does not show either.

mod chain;
mod curator;
mod domain;
mod histories;
mod layout;
mod model;
mod policy;
mod rows;

#[cfg(test)]
mod audit;
#[cfg(test)]
mod tests;

pub use domain::EventsDomain;
pub use histories::{Histories, HistoryEncoder, LeftOut};
pub(crate) use model::EventsFile;
pub use model::EventsModel;
pub use policy::{CodePolicy, EventPolicy, EventsPolicy, PersonPolicy, TimePolicy, ValuePolicy};
pub(crate) use rows::stream;
pub use rows::{DrawnEvents, EventsRows};
