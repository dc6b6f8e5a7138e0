//! GA4GH Data Repository Service 1.5, read-only: files, tables and versions as objects with checksums.
//!
//! A file is an object; a table of a version is a bundle of its files, and a version a bundle of its tables. What an
//! object is to one caller is what the caller's grant opens: size and checksum are those of the bytes that its address
//! gives. Errors are `{msg, status_code}`.

pub mod access;
pub mod failure;
pub mod info;
pub mod object;

use crate::route::{Access, Recording, Route};
use actix_web::http::Method;
use actix_web::web;
use mudeung_core::scope::Scope;

/// Where the service lives.
pub const PREFIX: &str = "/ga4gh/drs/v1";
/// The most objects that one request may name.
pub const BULK_MAX: usize = 100;

const READ: Access = Access::Token(&[Scope::DataRead, Scope::SyntheticRead]);
const SAME_FOR_ALL: Recording = Recording::Exempt("says the same of every object, whether it exists or not");

/// The routes of the service.
pub static ROUTES: &[Route] = &[
    Route {
        method: "GET",
        path: "/ga4gh/drs/v1/service-info",
        operation: "read_service_info",
        access: Access::Public,
        recording: Recording::Exempt("describes the service"),
        handler: || web::get().to(info::read_service_info),
    },
    Route {
        method: "POST",
        path: "/ga4gh/drs/v1/objects",
        operation: "read_objects",
        access: READ,
        recording: Recording::Entry,
        handler: || web::post().to(object::read_objects),
    },
    Route {
        method: "OPTIONS",
        path: "/ga4gh/drs/v1/objects/{object}",
        operation: "describe_object_authorization",
        access: Access::Public,
        recording: SAME_FOR_ALL,
        handler: || web::method(Method::OPTIONS).to(info::describe_object_authorization),
    },
    Route {
        method: "GET",
        path: "/ga4gh/drs/v1/objects/{object}",
        operation: "read_object",
        access: READ,
        recording: Recording::Entry,
        handler: || web::get().to(object::read_object),
    },
    Route {
        method: "GET",
        path: "/ga4gh/drs/v1/objects/{object}/access/{access}",
        operation: "read_object_access",
        access: READ,
        recording: Recording::Entry,
        handler: || web::get().to(access::read_object_access),
    },
    Route {
        method: "POST",
        path: "/ga4gh/drs/v1/objects/{object}/access/{access}",
        operation: "post_object_access",
        access: READ,
        recording: Recording::Entry,
        handler: || web::post().to(access::post_object_access),
    },
];

/// Whether the clients of a path expect errors of the service.
pub fn speaks_drs(path: &str) -> bool {
    path.strip_prefix(PREFIX).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
