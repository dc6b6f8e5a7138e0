//! What the operator looks at: health, readiness, metrics.

pub mod check_health;
pub mod check_readiness;
pub mod metrics;
pub mod read_metrics;

use crate::route::{Access, Recording, Route};
use actix_web::web;

const NO_DATA: Recording = Recording::Exempt("tells the operator how the server is, no data");

/// The routes of this room.
pub static ROUTES: &[Route] = &[
    Route {
        method: "GET",
        path: "/healthz",
        operation: "check_health",
        access: Access::Public,
        recording: NO_DATA,
        handler: || web::get().to(check_health::check_health),
    },
    Route {
        method: "GET",
        path: "/readyz",
        operation: "check_readiness",
        access: Access::Public,
        recording: NO_DATA,
        handler: || web::get().to(check_readiness::check_readiness),
    },
    Route {
        method: "GET",
        path: "/metrics",
        operation: "read_metrics",
        access: Access::Public,
        recording: NO_DATA,
        handler: || web::get().to(read_metrics::read_metrics),
    },
];
