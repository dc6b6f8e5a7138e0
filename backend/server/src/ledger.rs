//! The ledger for outsiders: checkpoint, tiles and the key to check them with.

pub mod publisher;
pub mod read_checkpoint;
pub mod read_tile;
pub mod read_verifier;
pub mod reconciler;

use crate::route::{Access, Recording, Route};
use actix_web::web;

const PROOF: Recording =
    Recording::Exempt("shows hashes and signatures for checking the ledger, no data and no entries");

/// The routes of this room.
pub static ROUTES: &[Route] = &[
    Route {
        method: "GET",
        path: "/ledger/checkpoint",
        operation: "read_checkpoint",
        access: Access::Public,
        recording: PROOF,
        handler: || web::get().to(read_checkpoint::read_checkpoint),
    },
    Route {
        method: "GET",
        path: "/ledger/tile/{tile:.*}",
        operation: "read_tile",
        access: Access::Public,
        recording: PROOF,
        handler: || web::get().to(read_tile::read_tile),
    },
    Route {
        method: "GET",
        path: "/ledger/verifier",
        operation: "read_verifier",
        access: Access::Public,
        recording: PROOF,
        handler: || web::get().to(read_verifier::read_verifier),
    },
];
