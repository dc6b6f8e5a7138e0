//! What the operator looks at: health, readiness, metrics.

pub mod metrics;

use crate::route::Route;

/// The routes of this room.
pub static ROUTES: &[Route] = &[];
