//! `GET /ledger/years`: the years that are over, each with the checkpoint that it ends with.

use super::years::{ClosedYear, closed_years};
use crate::data::documented::FrameworkProblems;
use crate::data::params::Params;
use crate::fault::Fault;
use crate::state::App;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse, web};
use mudeung_wire::api::{LedgerYear, Page};
use mudeung_wire::problem::Problem;

/// List the years of the ledger that are over, oldest first. Keep the checkpoint of each: it is all that is needed to check its entries later.
#[utoipa::path(
    get,
    path = "/ledger/years",
    operation_id = "list_years",
    tag = "ledger",
    responses(
        (status = 200, description = "The years, on one page", body = Page<LedgerYear>),
        (status = 400, description = "There are no parameters", body = Problem,
         content_type = "application/problem+json"),
        (status = 503, description = "The ledger does not answer", body = Problem,
         content_type = "application/problem+json"),
        FrameworkProblems,
    ),
)]
pub async fn list_years(app: web::Data<App>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    Params::parse(request.query_string(), &[])?;
    let items = closed_years(&app.ledger).await?.into_iter().filter_map(item).collect();
    let page = Page { items, next_cursor: None };
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "public, max-age=300")).json(page))
}

fn item(closed: ClosedYear) -> Option<LedgerYear> {
    let ClosedYear { entry, from, end } = closed;
    let year = u16::try_from(end.year).ok()?;
    Some(LedgerYear { year, from, until: end.until, entry, checkpoint: end.checkpoint })
}
