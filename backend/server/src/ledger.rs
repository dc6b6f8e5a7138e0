//! The ledger for outsiders: checkpoint, tiles and the key to check them with.

pub mod publisher;

use crate::route::Route;

/// The routes of this room.
pub static ROUTES: &[Route] = &[];
