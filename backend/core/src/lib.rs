//! Domain types and rules of Mudeung.
//!
//! This crate says *what* is allowed; it performs no I/O, reads no clock, and knows neither SQL nor HTTP nor Arrow.
//! Everything that touches the world enters through a trait at its edge: [`clock::Clock`], [`clock::Entropy`] and
//! [`reader::DatasetReader`].

pub mod agreement;
pub mod app;
pub mod break_glass;
pub mod budget;
pub mod business_number;
pub mod clock;
pub mod credential;
pub mod dataset;
pub mod duo;
pub mod expiry;
pub mod export;
pub mod figures;
pub mod filter;
pub mod grant;
pub mod id;
pub mod incident;
pub mod member;
pub mod name;
pub mod noise;
pub mod notification;
pub mod organization;
pub mod passkey;
pub mod policy;
pub mod quota;
pub mod rate;
pub mod reader;
pub mod request;
pub mod scope;
pub mod secret;
pub mod service;
pub mod signing_key;
pub mod state;
pub mod stop;
pub mod tier;
