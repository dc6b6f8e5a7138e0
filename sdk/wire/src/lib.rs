//! The public contract of Mudeung: what goes over the wire and what an outsider needs to check it.
//!
//! * [`api`]: request and response types of the REST API.
//! * [`problem`]: the closed table of error codes, RFC 9457.
//! * [`manifest`]: the description that travels with every version of a dataset.
//! * [`invoice`]: the invoice of a month and its verification from entries.
//! * [`ledger`]: entry bytes, tree hashes, tiles, checkpoints and proofs, and their verification.

pub mod api;
pub mod invoice;
pub mod ledger;
pub mod manifest;
pub mod problem;
