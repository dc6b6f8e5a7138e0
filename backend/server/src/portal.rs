//! The portal: pages for people, rendered on the server, in Korean and English.

use crate::route::Route;

pub mod state;

/// The portal's part of the route table.
pub static ROUTES: &[Route] = &[];
