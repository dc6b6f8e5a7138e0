//! The data engine: the only backend crate that knows Arrow, Parquet and DataFusion.
//!
//! It writes versions in the serving layout ([`layout`], [`store`]) and answers everything the server may ask through
//! [`mudeung_core::reader::DatasetReader`] ([`LocalEngine`]).

mod answer;
mod cache;
mod cells;
mod engine;
mod figures;
#[cfg(test)]
mod fixture;
pub mod layout;
mod mapping;
mod number;
mod opened;
mod predicate;
mod query;
mod rows;
mod scan;
pub mod store;
mod stored;
mod view;

pub use engine::{EngineError, EngineOptions, LocalEngine};
