//! The server from outside: a real one on a free port for each test, with its own databases and a data source made of
//! memory.

mod app;
mod canary;
mod data;
mod ledger;
mod oauth_metadata;
mod oauth_resource;
mod oauth_token;
mod operations;
mod portal;
mod problems;
mod reader;
mod revocation;
mod routes;
mod shutdown;
