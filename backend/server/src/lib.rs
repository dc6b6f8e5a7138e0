//! The HTTP faces of Mudeung: OAuth, data plane, ledger, portal. A library; the binary wires it to databases and engine.
//!
//! The way of a request: [`call`] names it and speaks for its errors → [`route`] says who may → [`auth`] finds out who
//! asks → `mudeung_core::policy::decide` → [`record`] makes it durable in the ledger → the handler answers.

pub mod address;
pub mod application;
pub mod audit;
pub mod auth;
pub mod billing;
pub mod call;
pub mod config;
pub mod data;
pub mod drs;
pub mod expiry;
pub mod fault;
#[doc(hidden)]
pub mod fuzz;
mod hex;
mod idempotency;
pub mod intake;
pub mod keys;
pub mod lapses;
pub mod ledger;
pub mod oauth;
pub mod openapi;
pub mod operations;
mod passkey;
mod peer;
pub mod personal;
pub mod portal;
pub mod post;
pub mod record;
pub mod route;
pub mod sharing;
pub mod snapshots;
pub mod sso;
pub mod state;
pub mod witness;

pub use application::{Parts, Running, StartError, start};
