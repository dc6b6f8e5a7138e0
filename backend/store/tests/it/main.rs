//! The databases from outside: the tests of a module run on SQLite and on PostgreSQL, where both have the thing.
//!
//! The modules say `cfg(test)` so that the lints know that they are tests.

#[cfg(test)]
mod assertions;
#[cfg(test)]
mod canary;
#[cfg(test)]
mod checkpoints;
#[cfg(test)]
mod cluster;
#[cfg(test)]
mod control;
#[cfg(test)]
mod courses;
#[cfg(test)]
mod exports;
#[cfg(test)]
mod idempotency;
#[cfg(test)]
mod incidents;
#[cfg(test)]
mod kept_forms;
#[cfg(test)]
mod ledger_appends;
#[cfg(test)]
mod ledger_crashes;
#[cfg(test)]
mod ledger_faults;
#[cfg(test)]
mod ledger_model;
#[cfg(test)]
mod ledger_nodes;
#[cfg(test)]
mod ledger_proofs;
#[cfg(test)]
mod ledger_pruning;
#[cfg(test)]
mod ledger_reads;
#[cfg(test)]
mod ledger_tampering;
#[cfg(test)]
mod ledger_usage;
#[cfg(test)]
mod outbox;
#[cfg(test)]
mod passkeys;
#[cfg(test)]
mod personal;
#[cfg(test)]
mod place;
#[cfg(test)]
mod privacy;
#[cfg(test)]
mod query_jobs;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod schemas;
#[cfg(test)]
mod shares;
#[cfg(test)]
mod snapshot;
#[cfg(test)]
mod twins;
