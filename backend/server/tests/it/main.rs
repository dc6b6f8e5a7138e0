//! The server from outside: a real one on a free port for each test, with its own databases and a data source made of
//! memory.

mod app;
//X mod canary;
//X mod ledger;
//X mod oauth_metadata;
//X mod oauth_resource;
mod oauth_token;
//X mod operations;
mod portal;
//X mod problems;
mod reader;
//X mod revocation;
//X mod routes;
//X mod shutdown;
