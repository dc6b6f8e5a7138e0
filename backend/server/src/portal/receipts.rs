//! Receipts for people: the latest entries of a company's apps with their proofs, and the place where anybody checks one.
//!
//! The checking is done by the browser (`assets/receipts.js`), from the text of the proof and the key alone; the page may
//! ask nobody. A proof that was got elsewhere is put in as a file.

use super::desk::{Anyone, Desk, Visitor};
use super::island::Island;
use super::page::{self, Page, query_value};
use super::session::SignedIn;
use super::texts::ReceiptsTexts;
use super::{moment, path};
use crate::audit::search::{Search, search};
use crate::data::receipts::prove;
use crate::fault::Fault;
use crate::ledger::publisher::verifiers;
use crate::state::App;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use mudeung_core::clock::Timestamp;
use mudeung_core::policy::Snapshot;
use mudeung_store::ledger::EntryFilter;
use mudeung_wire::ledger::entry::Entry;
use mudeung_wire::ledger::proof::{PROOF_MEDIA_TYPE, TlogProof};

/// How many of the latest entries are shown.
const LATEST: usize = 20;

#[derive(Template)]
#[template(path = "receipts.html")]
struct ReceiptsPage {
    page: Page,
    t: &'static ReceiptsTexts,
    /// Whether the member's company has receipts here.
    own: bool,
    latest: Vec<ReceiptLine>,
    asked: String,
    /// The entry whose proof is shown.
    index: Option<u64>,
    proof: String,
    keys: String,
    /// What is checked, in its order: names and words.
    steps: [(&'static str, &'static str); 5],
}

struct ReceiptLine {
    index: u64,
    time: String,
    app: String,
    operation: String,
    what: String,
}

/// Shows the place where receipts are checked; to a member of a company the latest of its apps besides, and the proof of
/// the one that is asked for.
pub(super) async fn show_receipts(visitor: Visitor, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let Visitor { app, mut page, signed_in, .. } = visitor;
    page = page.with(Island::Receipts);
    let t = ReceiptsTexts::of(page.language);
    let company = signed_in.as_ref().filter(|signed_in| signed_in.scope().is_some());
    let snapshot = app.snapshots.present();
    let asked = query_value(request.query_string(), "index").unwrap_or_default().trim().to_owned();
    let (mut status, mut shown) = (StatusCode::OK, None);
    if let Some(signed_in) = company.filter(|_| !asked.is_empty()) {
        shown = own_proof(&app, &snapshot, signed_in, &asked).await?;
        if shown.is_none() {
            page.problem = Some(t.not_yours);
            status = StatusCode::NOT_FOUND;
        }
    }
    let latest = match company {
        Some(signed_in) => latest(&app, &snapshot, signed_in).await?,
        None => Vec::new(),
    };
    let keys: Vec<String> = verifiers(&app).iter().map(ToString::to_string).collect();
    let shown = ReceiptsPage {
        t,
        own: company.is_some(),
        latest,
        index: shown.as_ref().map(|proof| proof.index),
        proof: shown.map(|proof| proof.to_string()).unwrap_or_default(),
        asked: asked.chars().take(20).collect(),
        keys: keys.join("\n"),
        steps: [
            ("shape", t.step_shape),
            ("leaf", t.step_leaf),
            ("path", t.step_path),
            ("origin", t.step_origin),
            ("signature", t.step_signature),
        ],
        page: page.clone(),
    };
    page::show(&page, status, &shown)
}

/// The proof of an entry of the member's company, as the file that is kept.
pub(super) async fn export_receipt(desk: Desk<Anyone>, index: web::Path<String>) -> Result<HttpResponse, Fault> {
    let snapshot = desk.app.snapshots.present();
    let number: u64 = path(&index)?;
    let company = Some(&desk.signed_in).filter(|signed_in| signed_in.scope().is_some()).ok_or_else(Fault::not_found)?;
    let proof = own_proof(&desk.app, &snapshot, company, &number.to_string()).await?.ok_or_else(Fault::not_found)?;
    let mut answer = HttpResponse::Ok();
    page::harden(&mut answer, desk.app.portal.secure);
    answer
        .insert_header((CONTENT_TYPE, PROOF_MEDIA_TYPE))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{number}.tlog-proof\"")));
    Ok(answer.body(proof.to_string()))
}

/// The proof of the entry `index` when an app of the member's organization made it.
async fn own_proof(
    app: &App,
    snapshot: &Snapshot,
    signed_in: &SignedIn,
    index: &str,
) -> Result<Option<TlogProof>, Fault> {
    let Ok(index) = index.parse::<u64>() else { return Ok(None) };
    let entry = app.ledger.entry(index).await?.filter(|entry| is_own(snapshot, signed_in, entry));
    let Some(entry) = entry else { return Ok(None) };
    let bytes = entry.to_bytes().map_err(|error| Fault::internal(error.to_string()))?;
    prove(app, index, bytes).await.map(Some)
}

async fn latest(app: &App, snapshot: &Snapshot, signed_in: &SignedIn) -> Result<Vec<ReceiptLine>, Fault> {
    let organization = Some(signed_in.organization.id.to_string());
    let wanted = Search { filter: EntryFilter { organization, ..EntryFilter::default() }, member: None };
    let found = search(&app.ledger, &wanted, None, LATEST * 5).await?;
    let own = found.entries.into_iter().filter(|(_, entry)| is_own(snapshot, signed_in, entry));
    Ok(own.take(LATEST).map(|(index, entry)| line(snapshot, index, &entry)).collect())
}

/// Whether an app of the member's organization made an entry: as with the interface, where an app reads its own.
fn is_own(snapshot: &Snapshot, signed_in: &SignedIn, entry: &Entry) -> bool {
    let app = entry.app.as_ref().and_then(|id| snapshot.apps.get(&id.parse().ok()?));
    app.is_some_and(|app| app.organization == signed_in.organization.id)
}

fn line(snapshot: &Snapshot, index: u64, entry: &Entry) -> ReceiptLine {
    let app = entry.app.as_ref().and_then(|id| snapshot.apps.get(&id.parse().ok()?));
    let place = [&entry.dataset, &entry.tier, &entry.table];
    let place: Vec<&str> = place.into_iter().filter_map(|part| part.as_deref()).collect();
    ReceiptLine {
        index,
        time: moment::minute(Timestamp::from_micros(entry.time_us)),
        app: app.map(|app| app.name.clone()).unwrap_or_default(),
        operation: entry.operation.clone(),
        what: place.join("."),
    }
}
