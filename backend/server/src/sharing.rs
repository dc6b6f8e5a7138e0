//! The Delta Sharing protocol, which OpenSharing has as its table part: share = dataset, schema = tier, table = table.
//!
//! What clients of it know is here and nowhere else: names in any case, two response formats, pages of files, changes
//! between versions, and errors as `{errorCode, message}`. What may be seen, what is recorded and what addresses of files
//! bind is decided where it is for every other face: one permit for each version, one entry for each call, one kind of
//! signed address. A table that is open in some of its rows only has no files and so is not shared; asking for it by name
//! is answered with where it can be read.

pub mod actions;
pub mod capabilities;
pub mod changes;
pub mod failure;
pub mod hint;
pub mod list;
pub mod metadata;
pub mod paging;
pub mod query;
pub mod schema;
pub mod table;
pub mod version;

use crate::route::{Access, Recording, Route};
use actix_web::web;
use mudeung_core::scope::Scope;

/// Where the protocol lives; the `endpoint` of a profile.
pub const PREFIX: &str = "/delta-sharing";

const READ: Access = Access::Token(&[Scope::DataRead, Scope::SyntheticRead]);

macro_rules! route {
    ($method:ident $name:literal $path:literal, $operation:literal, $handler:path) => {
        Route {
            method: $name,
            path: concat!("/delta-sharing", $path),
            operation: $operation,
            access: READ,
            recording: Recording::Entry,
            handler: || web::$method().to($handler),
        }
    };
}

/// The routes of the protocol.
pub static ROUTES: &[Route] = &[
    route!(get "GET" "/shares", "list_shares", list::list_shares),
    route!(get "GET" "/shares/{share}", "read_share", list::read_share),
    route!(get "GET" "/shares/{share}/schemas", "list_schemas", list::list_schemas),
    route!(get "GET" "/shares/{share}/schemas/{schema}/tables", "list_tables", list::list_tables),
    route!(get "GET" "/shares/{share}/all-tables", "list_all_tables", list::list_all_tables),
    route!(get "GET" "/shares/{share}/schemas/{schema}/tables/{table}", "read_shared_table", list::read_shared_table),
    route!(head "HEAD" "/shares/{share}/schemas/{schema}/tables/{table}", "head_table_version", version::head_table_version),
    route!(get "GET" "/shares/{share}/schemas/{schema}/tables/{table}/version", "read_table_version", version::read_table_version),
    route!(get "GET" "/shares/{share}/schemas/{schema}/tables/{table}/metadata", "read_table_metadata", metadata::read_table_metadata),
    route!(post "POST" "/shares/{share}/schemas/{schema}/tables/{table}/query", "query_shared_table", query::query_shared_table),
    route!(get "GET" "/shares/{share}/schemas/{schema}/tables/{table}/changes", "read_table_changes", changes::read_table_changes),
];

/// Whether the clients of a path expect errors of the sharing protocol.
pub fn speaks_sharing(path: &str) -> bool {
    path.strip_prefix(PREFIX).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
