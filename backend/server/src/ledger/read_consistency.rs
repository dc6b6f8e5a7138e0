//! `GET /ledger/proof/consistency`: that a tree is an earlier one with entries added.

use crate::data::documented::FrameworkProblems;
use crate::data::params::Params;
use crate::fault::Fault;
use crate::state::App;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse, web};
use mudeung_wire::api::ConsistencyProof;
use mudeung_wire::problem::Problem;

/// Read the proof that one tree begins with another (RFC 9162 section 2.1.4).
#[utoipa::path(
    get,
    path = "/ledger/proof/consistency",
    operation_id = "read_consistency",
    tag = "ledger",
    params(
        ("from" = u64, Query, description = "Size of the earlier tree"),
        ("to" = Option<u64>, Query, description = "Size of the later tree; that of the last checkpoint when left out"),
    ),
    responses(
        (status = 200, description = "The hashes of the proof", body = ConsistencyProof),
        (status = 400, description = "Not sizes of trees that were signed", body = Problem,
         content_type = "application/problem+json"),
        (status = 503, description = "The ledger does not answer", body = Problem,
         content_type = "application/problem+json"),
        FrameworkProblems,
    ),
)]
pub async fn read_consistency(app: web::Data<App>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let params = Params::parse(request.query_string(), &["from", "to"])?;
    let signed = app.published.latest().map_or(0, |note| note.size);
    let to = params.number("to", 0, signed)?.unwrap_or(signed);
    let from = params.number("from", 0, to)?;
    let from = from.ok_or_else(|| Fault::parameter("from", "Give the earlier size.", "이전 크기를 지정하세요."))?;
    let proof = app.ledger.prove_consistency(from, to).await?.ok_or_else(Fault::not_found)?;
    // Between two sizes there is one proof for ever.
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "public, max-age=86400")).json(ConsistencyProof {
        from,
        to,
        hashes: super::in_base64(&proof),
    }))
}
