//! `POST /ledger/check`: a checkpoint that somebody holds, compared with the ledger. Every holder is a witness that way.

use crate::call::Call;
use crate::data::documented::FrameworkProblems;
use crate::fault::Fault;
use crate::ledger::publisher;
use crate::record;
use crate::state::App;
use actix_web::{HttpResponse, web};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mudeung_wire::api::CheckedCheckpoint;
use mudeung_wire::ledger::checkpoint::{Checkpoint, InvalidCheckpoint};
use mudeung_wire::ledger::entry::Status;
use mudeung_wire::ledger::tree::Hash;
use mudeung_wire::problem::{Code, Problem};
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// The operation under which a fork is recorded.
const FORK: &str = "ledger.fork_found";
/// The most forks that one process records: they need the log's own signature, but one signature can be sent often.
const FORKS_MAX: usize = 256;

/// The forks that were recorded since the start.
#[derive(Debug, Default)]
pub struct Forks(Mutex<BTreeSet<(u64, Hash)>>);

impl Forks {
    /// Whether this one is new and there is room for it.
    fn is_new(&self, size: u64, root: Hash) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.len() < FORKS_MAX && known.insert((size, root))
    }
}

/// Compare a checkpoint you hold with the ledger. A ledger that was rewritten, cut off or shown differently to others
/// cannot answer with a proof.
#[utoipa::path(
    post,
    path = "/ledger/check",
    operation_id = "check_checkpoint",
    tag = "ledger",
    request_body(content = String, content_type = "text/plain", description = "A signed note, as it was received"),
    responses(
        (status = 200, description = "The ledger begins with what you hold; with the proof", body = CheckedCheckpoint),
        (status = 409, description = "A fork: this ledger signed for what you hold, and does not begin with it",
         body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Not a checkpoint that this ledger signed", body = Problem,
         content_type = "application/problem+json"),
        FrameworkProblems,
    ),
)]
pub async fn check_checkpoint(
    app: web::Data<App>,
    call: web::ReqData<Call>,
    body: web::Bytes,
) -> Result<HttpResponse, Fault> {
    let text = std::str::from_utf8(&body).unwrap_or_default();
    let held = Checkpoint::verify_any(text, &publisher::verifiers(&app)).map_err(|error| refused(&error))?;
    if app.published.latest().is_none_or(|note| note.size < held.size) {
        publisher::publish(&app).await?;
    }
    let present = app.published.latest().ok_or_else(|| Fault::ledger("no checkpoint is signed yet"))?;
    let root = app.ledger.root_at(held.size).await?;
    if root != Some(held.root) {
        return Err(fork(&app, &call, &held, root).await);
    }
    let proof = app.ledger.prove_consistency(held.size, present.size).await?.unwrap_or_default();
    Ok(HttpResponse::Ok().json(CheckedCheckpoint {
        size: held.size,
        checkpoint: present.text.clone(),
        hashes: super::in_base64(&proof),
    }))
}

fn refused(error: &InvalidCheckpoint) -> Fault {
    Fault::new(
        Code::Unprocessable,
        format!("This is not a checkpoint of this ledger: {error}."),
        format!("이 원장의 체크포인트가 아닙니다: {error}"),
    )
}

/// Records a fork once, and says so to whoever found it.
async fn fork(app: &App, call: &Call, held: &Checkpoint, root: Option<Hash>) -> Fault {
    let ours = root.map_or_else(|| "no such size".to_owned(), |root| STANDARD.encode(root));
    let detail = format!("size {}, signed root {}, root here {ours}", held.size, STANDARD.encode(held.root));
    tracing::error!(detail, "A FORK OF THE LEDGER: it signed a checkpoint that it does not begin with");
    if app.forks.is_new(held.size, held.root) {
        let mut entry = record::blank(app, call, FORK);
        entry.detail = Some(detail.clone());
        if let Err(fault) = record::note(app, entry, Status::Denied).await {
            return fault;
        }
    }
    Fault::new(
        Code::Conflict,
        format!(
            "A fork: this ledger signed your checkpoint and does not begin with it ({detail}). Keep it as evidence."
        ),
        format!("원장이 갈라졌습니다. 서명된 체크포인트와 현재 원장이 일치하지 않습니다({detail}). 증거로 보관하세요."),
    )
}
