//! The subcommands, one file for each noun.

pub(crate) mod curate;
mod dicom;
pub(crate) mod erase;
pub(crate) mod export;
pub(crate) mod key;
pub(crate) mod ledger;
mod log;
pub(crate) mod prove;
pub(crate) mod prune;
pub(crate) mod serve;
pub(crate) mod service;
pub(crate) mod usage;
pub(crate) mod user;
pub(crate) mod verify;
pub(crate) mod withdraw;
pub(crate) mod witness;
