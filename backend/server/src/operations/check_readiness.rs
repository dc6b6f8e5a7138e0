//! `GET /readyz`: whether requests should be sent here.

use crate::call::OwnDialect;
use crate::data::documented::FrameworkProblems;
use crate::state::App;
use actix_web::{HttpResponse, web};
use serde::Serialize;
use std::time::Duration;

/// A snapshot older than this stands for a control database that does not answer: revocations would not be seen.
const SNAPSHOT_AGE_MAX: Duration = Duration::from_secs(5);

/// Whether requests should be sent here, and what each part says.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Readiness {
    /// All of it together.
    pub ready: bool,
    /// Whether the control database answered within the last seconds.
    pub database: bool,
    /// Whether the last commit to the ledger went well. When it did not, nothing is served.
    pub ledger: bool,
    /// Whether a checkpoint of the ledger is signed.
    pub checkpoint: bool,
}

/// Say whether requests should be sent here.
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "check_readiness",
    tag = "operations",
    responses(
        (status = 200, description = "They should", body = Readiness),
        (status = 503, description = "They should not, because of what is false", body = Readiness),
        FrameworkProblems,
    ),
)]
pub async fn check_readiness(app: web::Data<App>) -> HttpResponse {
    let database = app.snapshots.age() <= SNAPSHOT_AGE_MAX;
    let ledger = app.ledger.is_healthy();
    let checkpoint = app.published.latest().is_some();
    let ready = database && ledger && checkpoint;
    let readiness = Readiness { ready, database, ledger, checkpoint };
    let mut answer = if ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    let mut answer = answer.json(readiness);
    answer.extensions_mut().insert(OwnDialect);
    answer
}
