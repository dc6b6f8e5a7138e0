//! `GET /ledger/verifier`: the public key that checkpoints are checked with.

use crate::data::documented::FrameworkProblems;
use crate::ledger::publisher;
use crate::state::App;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{HttpResponse, web};

/// Read the verifier key of the ledger (C2SP signed-note), and in further lines the former ones. Compare it with the one the hospital gave you in another way.
#[utoipa::path(
    get,
    path = "/ledger/verifier",
    operation_id = "read_verifier",
    tag = "ledger",
    responses((status = 200, description = "A verifier key", body = String, content_type = "text/plain"), FrameworkProblems),
)]
pub async fn read_verifier(app: web::Data<App>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/plain; charset=utf-8"))
        .insert_header((CACHE_CONTROL, "public, max-age=300"))
        .body(publisher::verifiers(&app).iter().map(|verifier| format!("{verifier}\n")).collect::<String>())
}
