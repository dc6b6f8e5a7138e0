//! `GET /metrics`: the numbers, for Prometheus.

use super::metrics::Levels;
use crate::config::MetricsReaders;
use crate::data::documented::FrameworkProblems;
use crate::fault::Fault;
use crate::state::App;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpRequest, HttpResponse, web};
use mudeung_wire::problem::Problem;

/// Read the metrics. Without other configuration only programs on the same machine may.
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "read_metrics",
    tag = "operations",
    responses(
        (status = 200, description = "OpenMetrics text", body = String,
         content_type = "application/openmetrics-text"),
        (status = 404, description = "Not for the caller", body = Problem, content_type = "application/problem+json"),
        FrameworkProblems,
    ),
)]
pub async fn read_metrics(request: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, Fault> {
    if !may_read(&request, app.config.operations.metrics) {
        return Err(Fault::not_found());
    }
    let levels = Levels {
        ledger_queue: app.ledger.queue_len(),
        ledger_healthy: app.ledger.is_healthy(),
        ledger_entries: app.published.latest().map_or(0, |note| note.size),
        leases: app.data.leases.len(),
        known_tokens: app.tokens.known(),
        snapshot_age: app.snapshots.age(),
    };
    let text = app.metrics.text(&levels).map_err(|error| Fault::internal(error.to_string()))?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8"))
        .body(text))
}

/// A proxy on this machine comes from loopback too, but it says for whom.
fn may_read(request: &HttpRequest, readers: MetricsReaders) -> bool {
    let headers = request.headers();
    let forwarded = ["forwarded", "x-forwarded-for", "x-real-ip", "via"].iter().any(|name| headers.contains_key(*name));
    match readers {
        MetricsReaders::Anyone => true,
        MetricsReaders::Nobody => false,
        MetricsReaders::Loopback => !forwarded && request.peer_addr().is_some_and(|peer| peer.ip().is_loopback()),
    }
}
