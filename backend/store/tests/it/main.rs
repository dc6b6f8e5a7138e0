//! The databases from outside: every test of a module named after a thing runs on SQLite and on PostgreSQL.

mod cluster;
mod place;

mod canary;
mod control;
mod ledger_appends;
mod ledger_faults;
mod ledger_model;
mod ledger_reads;
mod ledger_tampering;
mod samples;
mod schemas;
mod snapshot;
