//! `GET /v1/receipts/{index}`: an app's own entry and the hash it has in the ledger's tree, or the proof that it is there.

use crate::auth::scope::ReceiptsRead;
use crate::data::documented::TokenProblems;
use crate::data::params::Params;
use crate::data::visit::Visit;
use crate::fault::Fault;
use crate::ledger::publisher;
use crate::state::App;
use actix_web::http::header::{ACCEPT, CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mudeung_wire::api::ReceiptItem;
use mudeung_wire::ledger::proof::{PROOF_MEDIA_TYPE, TlogProof};
use mudeung_wire::ledger::tree::leaf_hash;

/// An entry that the app made. Anybody else's is answered as one that does not exist.
#[utoipa::path(
    get, path = "/v1/receipts/{index}", operation_id = "read_receipt", tag = "account",
    params(
        ("index" = u64, Path, description = "The entry's index, from `Mudeung-Receipt`"),
        ("format" = Option<String>, Query, description = "`json`, which is the default, or `tlog-proof`, which is what \
         `Accept: application/vnd.c2sp.tlog-proof` asks for as well: a proof to be kept in a file and checked offline"),
    ),
    responses(
        (status = 200, content((ReceiptItem = "application/json"), (String = "application/vnd.c2sp.tlog-proof"))),
        TokenProblems,
    ),
    security(("oauth" = ["receipts.read"])),
)]
pub async fn read_receipt(
    visit: Visit<ReceiptsRead>,
    path: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    let as_proof = wants_proof(&request)?;
    let index: u64 = path.parse().ok().ok_or_else(Fault::not_found)?;
    let own = visit.caller.principal.app.to_string();
    let entry = visit.app.ledger.entry(index).await?.filter(|entry| entry.app.as_ref() == Some(&own));
    let entry = entry.ok_or_else(Fault::not_found)?;
    let bytes = entry.to_bytes().map_err(|error| Fault::internal(error.to_string()))?;
    if as_proof {
        let proof = prove(&visit.app, index, bytes).await?;
        return Ok(visit
            .answer(None)
            .insert_header((CONTENT_TYPE, PROOF_MEDIA_TYPE))
            .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{index}.tlog-proof\"")))
            .body(proof.to_string()));
    }
    let item = ReceiptItem {
        index,
        entry: serde_json::to_value(&entry).map_err(|error| Fault::internal(error.to_string()))?,
        leaf_hash: STANDARD.encode(leaf_hash(&bytes)),
    };
    Ok(visit.show_own(&item))
}

fn wants_proof(request: &HttpRequest) -> Result<bool, Fault> {
    let params = Params::parse(request.query_string(), &["format"])?;
    let accepted = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match params.get("format") {
        None => Ok(accepted.split([',', ';']).any(|part| part.trim() == PROOF_MEDIA_TYPE)),
        Some("json") => Ok(false),
        Some("tlog-proof") => Ok(true),
        Some(_) => Err(Fault::parameter("format", "`json` or `tlog-proof`.", "`json` 또는 `tlog-proof`여야 합니다.")),
    }
}

/// The proof under the last checkpoint that covers the entry, cosigned when there is one; a new one when there is none.
pub(crate) async fn prove(app: &App, index: u64, bytes: Vec<u8>) -> Result<TlogProof, Fault> {
    if app.published.covering(index).is_none() {
        publisher::publish(app).await?;
    }
    let note = app.published.covering(index).ok_or_else(|| Fault::ledger("no checkpoint covers the entry yet"))?;
    let hashes = app.ledger.prove(index, note.size).await?;
    let hashes = hashes.ok_or_else(|| Fault::internal("an entry under a checkpoint cannot be proved"))?;
    Ok(TlogProof { extra: Some(bytes), index, hashes, checkpoint: note.text.clone() })
}
