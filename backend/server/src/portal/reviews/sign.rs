//! The signature of a review: findings for all that was flagged, a conclusion, the name, and a fresh proof of who signs.
//! Until then an auditor keeps what they wrote.

use super::{Stored, draft_name, load, show};
use crate::data::view::rfc3339;
use crate::fault::Fault;
use crate::hex::hex;
use crate::portal::desk::{Desk, Examiners, FreshAdmins, FreshExaminers, Roles};
use crate::portal::fields::{Fields, Submitted};
use crate::portal::texts::ReviewTexts;
use crate::portal::{kept, path};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use mudeung_core::clock::Timestamp;
use mudeung_core::id::ReviewId;
use mudeung_store::reviews::{self, Signed};
use mudeung_store::{StoreError, kept_forms};
use mudeung_wire::ledger::entry::Entry;
use mudeung_wire::ledger::export::encode;
use mudeung_wire::ledger::tree::leaf_hash;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// What can be found about an entry.
pub(super) const VERDICTS: [&str; 3] = ["proper", "explained", "incident"];

/// Signs a review. Afterwards it never changes; the ledger has its hash.
pub(in crate::portal) async fn sign_review(
    desk: Desk<FreshExaminers>,
    id: web::Path<String>,
    form: Submitted,
) -> Result<HttpResponse, Fault> {
    let id: ReviewId = path(&id)?;
    let t = ReviewTexts::of(desk.page.language);
    let stored = load(&desk.app, id).await?;
    let again = |problem| show(&desk, id, Some(problem), StatusCode::UNPROCESSABLE_ENTITY, Some(&form.0));
    let Some(items) = findings(&desk, &stored, &form.0).await? else { return again(t.bad_findings).await };
    let Some(conclusion) = form.0.paragraph("conclusion", 10..=4_000) else { return again(t.bad_conclusion).await };
    if form.0.text("name") != desk.signed_in.member.name {
        return again(t.bad_name).await;
    }
    let now = desk.app.clock.now();
    let document = document(&desk, &stored, &items, &conclusion, now)?;
    let sha256: String = hex(&Sha256::digest(&document));
    let intent =
        Entry { detail: Some(format!("{} sha256:{sha256}", stored.review.month)), ..desk.entry("review.sign") };
    let signed = Signed { by: desk.signed_in.member.id, at: now, document, sha256 };
    desk.change("sign review", intent, move |conn| {
        reviews::sign_review(conn, id, &signed)?;
        kept_forms::delete_kept_forms(conn, &draft_name(id)).map(|_| ())
    })
    .await?;
    Ok(desk.go(&format!("/reviews/{id}"), "review-signed"))
}

/// Keeps what an auditor wrote so far, for them alone.
pub(in crate::portal) async fn save_review(
    desk: Desk<Examiners>,
    id: web::Path<String>,
    form: Submitted,
) -> Result<HttpResponse, Fault> {
    let id: ReviewId = path(&id)?;
    let review = load(&desk.app, id).await?.review;
    let draft = kept::draft(&desk.app, desk.signed_in.member.id, &draft_name(id), &form.0);
    let Some(draft) = draft else {
        let problem = ReviewTexts::of(desk.page.language).bad_draft;
        return show(&desk, id, Some(problem), StatusCode::UNPROCESSABLE_ENTITY, Some(&form.0)).await;
    };
    let intent = Entry { detail: Some(review.month), ..desk.entry("review.save") };
    desk.change("save review", intent, move |conn| {
        let review = reviews::find_review(conn, id)?.ok_or(StoreError::NotFound { what: "review" })?;
        match review.signed {
            Some(_) => Err(StoreError::AlreadyExists { what: "a signature of the review" }),
            None => kept::put(conn, &draft),
        }
    })
    .await?;
    Ok(desk.go(&format!("/reviews/{id}"), "review-saved"))
}

/// A second pair of eyes: an admin who did not sign.
pub(in crate::portal) async fn countersign_review(
    desk: Desk<FreshAdmins>,
    id: web::Path<String>,
    form: Submitted,
) -> Result<HttpResponse, Fault> {
    let id: ReviewId = path(&id)?;
    let t = ReviewTexts::of(desk.page.language);
    let stored = load(&desk.app, id).await?;
    let Some(signed) = &stored.review.signed else { return Err(Fault::not_found()) };
    if form.0.text("name") != desk.signed_in.member.name {
        return show(&desk, id, Some(t.bad_name), StatusCode::UNPROCESSABLE_ENTITY, Some(&form.0)).await;
    }
    let detail = format!("{} sha256:{}", stored.review.month, signed.sha256);
    let intent = Entry { detail: Some(detail), ..desk.entry("review.countersign") };
    let (by, at) = (desk.signed_in.member.id, desk.app.clock.now());
    desk.change("countersign review", intent, move |conn| reviews::countersign_review(conn, id, by, at)).await?;
    Ok(desk.go(&format!("/reviews/{id}"), "review-signed"))
}

/// What was found about each entry of the sample; nothing when one that was flagged has no finding. Entries drawn at
/// random need none.
async fn findings<R: Roles>(desk: &Desk<R>, stored: &Stored, form: &Fields) -> Result<Option<Vec<Value>>, Fault> {
    let mut items = Vec::new();
    for item in &stored.items {
        let verdict = form.text(&format!("verdict.{}", item.index));
        let name = format!("finding.{}", item.index);
        let flagged = item.stratum != "random";
        let given = VERDICTS.contains(&verdict);
        let Some(finding) = form.paragraph(&name, 0..=1_000) else { return Ok(None) };
        let whole = given && !finding.is_empty();
        let nothing = verdict.is_empty() && !flagged;
        if !whole && !nothing && (flagged || !given) {
            return Ok(None);
        }
        let entry = desk.app.ledger.entry(item.index).await?.ok_or_else(|| Fault::ledger("an entry is gone"))?;
        let bytes = entry.to_bytes().map_err(|error| Fault::internal(error.to_string()))?;
        items.push(json!({
            "index": item.index,
            "leaf_hash": encode(&leaf_hash(&bytes)),
            "stratum": item.stratum,
            "verdict": if given { Some(verdict) } else { None },
            "finding": finding,
        }));
    }
    Ok(Some(items))
}

/// What is signed: JSON with sorted keys.
fn document<R: Roles>(
    desk: &Desk<R>,
    stored: &Stored,
    items: &[Value],
    conclusion: &str,
    at: Timestamp,
) -> Result<String, Fault> {
    let member = &desk.signed_in.member;
    let counts: Value =
        serde_json::from_str(&stored.review.counts).map_err(|error| Fault::internal(error.to_string()))?;
    Ok(json!({
        "format": 1,
        "review": stored.review.id.to_string(),
        "month": stored.review.month,
        "checkpoint": stored.review.checkpoint,
        "counts": counts,
        "items": items,
        "conclusion": conclusion,
        "reviewer": { "id": member.id.to_string(), "name": member.name },
        "signed_at": rfc3339(at),
    })
    .to_string())
}
