//! `GET /ledger/checkpoint`: size and root of the tree, signed.

use crate::data::documented::FrameworkProblems;
use crate::fault::Fault;
use crate::state::App;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{HttpResponse, web};
use mudeung_wire::problem::Problem;

/// Read the latest checkpoint (C2SP tlog-checkpoint).
#[utoipa::path(
    get,
    path = "/ledger/checkpoint",
    operation_id = "read_checkpoint",
    tag = "ledger",
    responses(
        (status = 200, description = "A signed note", body = String, content_type = "text/plain"),
        (status = 503, description = "No checkpoint could be signed yet", body = Problem,
         content_type = "application/problem+json"),
        FrameworkProblems,
    ),
)]
pub async fn read_checkpoint(app: web::Data<App>) -> Result<HttpResponse, Fault> {
    let note = app.published.latest().ok_or_else(|| Fault::ledger("no checkpoint is signed yet"))?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/plain; charset=utf-8"))
        .insert_header((CACHE_CONTROL, "no-cache"))
        .body(note.text.clone()))
}
