//! The ledger for outsiders: checkpoint, tiles, proofs and the key to check them with; and the comparison with what they
//! hold.

pub mod check_checkpoint;
pub mod cosigning;
pub mod list_years;
pub mod publisher;
pub mod read_checkpoint;
pub mod read_consistency;
pub mod read_tile;
pub mod read_verifier;
pub mod reconciler;
pub mod signer;
pub mod years;

use crate::route::{Access, Recording, Route};
use actix_web::web;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mudeung_wire::ledger::tree::Hash;

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
    Route {
        method: "GET",
        path: "/ledger/years",
        operation: "list_years",
        access: Access::Public,
        recording: PROOF,
        handler: || web::get().to(list_years::list_years),
    },
    Route {
        method: "GET",
        path: "/ledger/proof/consistency",
        operation: "read_consistency",
        access: Access::Public,
        recording: PROOF,
        handler: || web::get().to(read_consistency::read_consistency),
    },
    Route {
        method: "POST",
        path: "/ledger/check",
        operation: "check_checkpoint",
        access: Access::Public,
        recording: Recording::Exempt("compares hashes and signatures; a fork that is found is recorded"),
        handler: || web::post().to(check_checkpoint::check_checkpoint),
    },
];

/// Hashes as they are shown.
fn in_base64(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(|hash| STANDARD.encode(hash)).collect()
}
