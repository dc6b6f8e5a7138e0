//! The ledger for those who examine it: search for the hospital's own programs, and exports that prove themselves.

pub mod erase;
pub mod export;
pub mod list_entries;
pub mod prune;
pub mod review;
pub mod search;

use crate::route::{Access, Recording, Route};
use actix_web::web;
use mudeung_core::scope::Scope;

/// The routes of this room.
pub static ROUTES: &[Route] = &[Route {
    method: "GET",
    path: "/admin/v1/ledger/entries",
    operation: "list_entries",
    access: Access::Token(&[Scope::AdminLedger]),
    recording: Recording::Entry,
    handler: || web::get().to(list_entries::list_entries),
}];
