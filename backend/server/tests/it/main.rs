//! The server from outside: a real one on a free port for each test, with its own databases and a data source made of
//! memory.
//!
//! The modules say `cfg(test)` so that the lints know that they are tests.

#[cfg(test)]
mod app;
#[cfg(test)]
mod audit;
#[cfg(test)]
mod authenticator;
#[cfg(test)]
mod billing;
#[cfg(test)]
mod canary;
#[cfg(test)]
mod carrier;
#[cfg(test)]
mod clock;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod data;
#[cfg(test)]
mod drs;
#[cfg(test)]
mod expiry;
#[cfg(test)]
mod exports;
#[cfg(test)]
mod idempotency;
#[cfg(test)]
mod jobs;
mod kill_switches;
#[cfg(test)]
mod ledger;
#[cfg(test)]
mod ledger_attacks;
#[cfg(test)]
mod networks;
#[cfg(test)]
mod oauth_assertion;
#[cfg(test)]
mod oauth_device;
#[cfg(test)]
mod oauth_dpop;
#[cfg(test)]
mod oauth_dry_run;
#[cfg(test)]
mod oauth_grant;
#[cfg(test)]
mod oauth_metadata;
#[cfg(test)]
mod oauth_register;
#[cfg(test)]
mod oauth_replay;
#[cfg(test)]
mod oauth_resource;
#[cfg(test)]
mod oauth_revocation;
#[cfg(test)]
mod oauth_token;
#[cfg(test)]
mod operations;
#[cfg(test)]
mod personal;
#[cfg(test)]
mod portal;
#[cfg(test)]
mod problems;
#[cfg(test)]
mod provider;
#[cfg(test)]
mod prune;
#[cfg(test)]
mod reader;
#[cfg(test)]
mod revocation;
#[cfg(test)]
mod routes;
#[cfg(test)]
mod sharing;
#[cfg(test)]
mod shutdown;
#[cfg(test)]
mod signing_keys;
#[cfg(test)]
mod statistics;
#[cfg(test)]
mod witness;
#[cfg(test)]
mod years;
