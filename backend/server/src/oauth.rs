//! OAuth for apps: tokens, keys to check them, and the documents that describe both.

pub(crate) mod assertion;
pub mod books;
mod brakes;
pub(crate) mod client;
pub mod device;
mod documented;
pub mod dpop;
mod form;
pub mod introspect_token;
pub mod issue_token;
pub(crate) mod json;
pub(crate) mod jwk;
pub mod key_set;
pub mod metadata;
mod refresh;
pub(crate) mod refusal;
pub mod register;
mod replay;
pub mod revoke_token;
pub mod secrets;
pub mod state;
mod terms;
pub mod tokens;
pub mod validate_assertion;

use crate::route::{Access, Recording, Route};
use actix_web::web;

const DESCRIBES: Recording = Recording::Exempt("describes the server itself");

/// The routes of this room.
pub static ROUTES: &[Route] = &[
    Route {
        method: "POST",
        path: "/oauth2/token",
        operation: "issue_token",
        access: Access::Client,
        recording: Recording::Entry,
        handler: || web::post().to(issue_token::issue_token),
    },
    Route {
        method: "POST",
        path: "/oauth2/device_authorization",
        operation: "authorize_device",
        access: Access::Public,
        recording: Recording::Exempt("a code that opens nothing until a member confirms it, which is recorded"),
        handler: || web::post().to(device::authorize_device),
    },
    Route {
        method: "POST",
        path: "/oauth2/revoke",
        operation: "revoke_token",
        access: Access::Client,
        recording: Recording::Entry,
        handler: || web::post().to(revoke_token::revoke_token),
    },
    Route {
        method: "POST",
        path: "/oauth2/introspect",
        operation: "introspect_token",
        access: Access::Client,
        recording: Recording::Entry,
        handler: || web::post().to(introspect_token::introspect_token),
    },
    Route {
        method: "POST",
        path: "/oauth2/validate-assertion",
        operation: "validate_assertion",
        access: Access::Client,
        recording: Recording::Exempt("a dry run: issues nothing and uses nothing up"),
        handler: || web::post().to(validate_assertion::validate_assertion),
    },
    Route {
        method: "POST",
        path: "/oauth2/register",
        operation: "register_client",
        access: Access::Client,
        recording: Recording::Entry,
        handler: || web::post().to(register::register_client),
    },
    Route {
        method: "GET",
        path: "/oauth2/register/{client_id}",
        operation: "read_client",
        access: Access::Client,
        recording: Recording::Entry,
        handler: || web::get().to(register::manage::read_client),
    },
    Route {
        method: "PUT",
        path: "/oauth2/register/{client_id}",
        operation: "update_client",
        access: Access::Client,
        recording: Recording::Entry,
        handler: || web::put().to(register::manage::update_client),
    },
    Route {
        method: "DELETE",
        path: "/oauth2/register/{client_id}",
        operation: "delete_client",
        access: Access::Client,
        recording: Recording::Entry,
        handler: || web::delete().to(register::manage::delete_client),
    },
    Route {
        method: "GET",
        path: "/.well-known/jwks.json",
        operation: "read_key_set",
        access: Access::Public,
        recording: DESCRIBES,
        handler: || web::get().to(key_set::read_key_set),
    },
    Route {
        method: "GET",
        path: "/.well-known/oauth-authorization-server",
        operation: "describe_authorization_server",
        access: Access::Public,
        recording: DESCRIBES,
        handler: || web::get().to(metadata::describe_authorization_server),
    },
    Route {
        method: "GET",
        path: "/.well-known/oauth-protected-resource",
        operation: "describe_protected_resource",
        access: Access::Public,
        recording: DESCRIBES,
        handler: || web::get().to(metadata::describe_protected_resource),
    },
    Route {
        method: "GET",
        path: "/.well-known/oauth-protected-resource/v1/datasets/{dataset}",
        operation: "describe_protected_dataset",
        access: Access::Public,
        recording: DESCRIBES,
        handler: || web::get().to(metadata::describe_protected_dataset),
    },
];
