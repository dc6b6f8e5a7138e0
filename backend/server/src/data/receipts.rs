//! `GET /v1/receipts/{index}`: an app's own entry and the hash it has in the ledger's tree.

use crate::auth::scope::ReceiptsRead;
use crate::data::documented::TokenProblems;
use crate::data::params::Params;
use crate::data::visit::Visit;
use crate::fault::Fault;
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mudeung_wire::api::ReceiptItem;
use mudeung_wire::ledger::tree::leaf_hash;

/// An entry that the app made. Anybody else's is answered as one that does not exist.
#[utoipa::path(
    get, path = "/v1/receipts/{index}", operation_id = "read_receipt", tag = "account",
    params(("index" = u64, Path, description = "The entry's index, from `Mudeung-Receipt`")),
    responses((status = 200, body = ReceiptItem), TokenProblems), security(("oauth" = ["receipts.read"])),
)]
pub async fn read_receipt(
    visit: Visit<ReceiptsRead>,
    path: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    Params::parse(request.query_string(), &[])?;
    let index: u64 = path.parse().ok().ok_or_else(Fault::not_found)?;
    let own = visit.caller.principal.app.to_string();
    let entry = visit.app.ledger.entry(index).await?.filter(|entry| entry.app.as_ref() == Some(&own));
    let entry = entry.ok_or_else(Fault::not_found)?;
    let bytes = entry.to_bytes().map_err(|error| Fault::internal(error.to_string()))?;
    let item = ReceiptItem {
        index,
        entry: serde_json::to_value(&entry).map_err(|error| Fault::internal(error.to_string()))?,
        leaf_hash: STANDARD.encode(leaf_hash(&bytes)),
    };
    Ok(visit.show_own(&item))
}
