//! OAuth for apps: tokens, keys to check them, and the documents that describe both.

pub mod secrets;
pub mod tokens;

use crate::route::Route;

/// The routes of this room.
pub static ROUTES: &[Route] = &[];
