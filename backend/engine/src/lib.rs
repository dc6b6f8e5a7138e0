//! The data engine: the only backend crate that knows Arrow, Parquet and DataFusion.
//!
//! It writes versions in the serving layout ([`layout`], [`store`]) and answers everything the server may ask through
//! [`mudeung_core::reader::DatasetReader`] ([`Engine`]).

mod answer;
mod cache;
mod cells;
mod engine;
mod figures;
#[cfg(test)]
mod fixture;
pub mod layout;
mod number;
mod opened;
mod place;
mod predicate;
mod query;
mod rows;
mod scan;
mod source;
pub mod store;
mod stored;
mod synthesis;
mod view;

pub use engine::{Engine, EngineError, EngineOptions};
pub use place::{Bucket, Location, Place, PlaceError, Sent};
