//! The data plane: catalogue, files, rows, query, and what an app may ask about its own use.

pub mod lease;
pub mod state;

use crate::route::Route;

/// The routes of the data plane.
pub static ROUTES: &[Route] = &[];
