//! The data engine: the only backend crate that knows Arrow, Parquet and DataFusion.
//!
//! It writes versions in the serving layout ([`layout`], [`store`]) and answers everything the server may ask through
//! [`mudeung_core::reader::DatasetReader`].

pub mod layout;
pub mod store;
