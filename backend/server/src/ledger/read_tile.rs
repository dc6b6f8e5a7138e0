//! `GET /ledger/tile/…`: hashes of the tree in cacheable pieces.

use crate::data::documented::FrameworkProblems;
use crate::fault::Fault;
use crate::state::App;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{HttpResponse, web};
use mudeung_wire::ledger::tile::{TILE_WIDTH, Tile};
use mudeung_wire::problem::Problem;

/// Read a tile of hashes (C2SP tlog-tiles): `<level>/<index>[.p/<width>]`.
#[utoipa::path(
    get,
    path = "/ledger/tile/{tile}",
    operation_id = "read_tile",
    tag = "ledger",
    params(("tile" = String, Path, description = "For instance `0/x001/x234/067` or `0/000.p/8`")),
    responses(
        (status = 200, description = "32 bytes for each hash", body = Vec<u8>,
         content_type = "application/octet-stream"),
        (status = 404, description = "The tree that was last signed has no such tile", body = Problem,
         content_type = "application/problem+json"),
        (status = 503, description = "The ledger does not answer", body = Problem,
         content_type = "application/problem+json"),
        FrameworkProblems,
    ),
)]
pub async fn read_tile(app: web::Data<App>, tile: web::Path<String>) -> Result<HttpResponse, Fault> {
    let tile = Tile::parse(&tile).ok_or_else(Fault::not_found)?;
    let signed = app.published.latest().map_or(0, |note| note.size);
    if !tile.is_in(signed) {
        return Err(Fault::not_found());
    }
    let hashes = app.ledger.tile(tile).await?.ok_or_else(Fault::not_found)?;
    // A full tile never changes; a partial one is soon replaced by a wider one and then of no use.
    let full = u64::from(tile.width) == TILE_WIDTH;
    let caching = if full { "public, max-age=31536000, immutable" } else { "public, max-age=60" };
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/octet-stream"))
        .insert_header((CACHE_CONTROL, caching))
        .body(hashes))
}
