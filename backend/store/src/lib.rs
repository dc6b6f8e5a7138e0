//! Control and ledger databases of Mudeung, on SQLite and PostgreSQL through one code path.
//!
//! * [`Db`] is the control database: organizations, members, apps, grants, the catalogue. [`Db::tx`] and [`Db::read`]
//!   are the only places where a connection exists; the modules named after nouns hold the functions for inside.
//! * [`Ledger`] is the append-only log, in a database of its own with a connection and thread of its own.
//!
//! Addresses are a path or `sqlite://path` for SQLite and `postgres://…` for PostgreSQL. The PostgreSQL client library
//! is built from its bundled source *without* OpenSSL, so that building needs a C compiler and nothing else: reach a
//! distant server through a local socket, a TLS tunnel or a private network.

pub mod activations;
pub mod agreements;
pub mod apps;
pub mod assertions;
pub mod billing;
pub mod break_glass;
pub mod budgets;
pub mod catalog;
pub mod checkpoints;
pub mod courses;
pub mod credentials;
pub mod device_codes;
pub mod grants;
pub mod idempotency;
pub mod identities;
pub mod incidents;
pub mod invitations;
pub mod kept_forms;
pub mod ledger;
pub mod members;
pub mod notices;
pub mod notifications;
pub mod organizations;
pub mod outbox;
pub mod passkeys;
pub mod personal;
pub mod privacy_budgets;
pub mod query_jobs;
pub mod registrations;
pub mod requests;
pub mod reviews;
pub mod revoked_tokens;
pub mod second_factors;
pub mod service;
pub mod sessions;
pub mod shares;
pub mod signing_keys;
pub mod snapshot;
pub mod stops;
pub mod twin_budgets;
pub mod webhooks;

mod column;
mod connection;
mod db;
mod error;
pub mod exports;
mod generation;
mod migrations;
mod pool;
mod schema;

pub use checkpoints::{CheckpointStore, Signed};
pub use connection::Conn;
pub use db::Db;
pub use error::StoreError;
pub use ledger::{
    EntryFilter, Granularity, Grouping, Ledger, LedgerError, LedgerOptions, Receipt, TreeHead, UsageFilter, UsagePlace,
    UsageRow, UsedBy, VerifyError, VerifyReport,
};
