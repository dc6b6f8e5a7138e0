//! The signature of a review: findings for all that was flagged, a conclusion, the name, and the password once more.

use super::{Stored, load, show};
use crate::data::view::rfc3339;
use crate::fault::Fault;
use crate::hex::hex;
use crate::portal::brake::Verdict;
use crate::portal::desk::{Admins, Desk, Examiners, Roles};
use crate::portal::fields::{Fields, Submitted};
use crate::portal::texts::ReviewTexts;
use crate::portal::{password, path};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use mudeung_core::clock::Timestamp;
use mudeung_core::id::ReviewId;
use mudeung_core::secret::Secret;
use mudeung_store::reviews::{self, Signed};
use mudeung_wire::ledger::entry::Entry;
use mudeung_wire::ledger::export::encode;
use mudeung_wire::ledger::tree::leaf_hash;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::net::{IpAddr, Ipv4Addr};

/// What can be found about an entry.
pub(super) const VERDICTS: [&str; 3] = ["proper", "explained", "incident"];

/// Signs a review. Afterwards it never changes; the ledger has its hash.
pub(in crate::portal) async fn sign_review(
    desk: Desk<Examiners>,
    id: web::Path<String>,
    form: Submitted,
) -> Result<HttpResponse, Fault> {
    let id: ReviewId = path(&id)?;
    let t = ReviewTexts::of(desk.page.language);
    let stored = load(&desk.app, id).await?;
    let again = |problem| show(&desk, id, Some(problem), StatusCode::UNPROCESSABLE_ENTITY);
    let Some(items) = findings(&desk, &stored, &form.0).await? else { return again(t.bad_findings).await };
    let Some(conclusion) = form.0.paragraph("conclusion", 10..=4_000) else { return again(t.bad_conclusion).await };
    if let Some(problem) = unproven(&desk, t, &form.0).await? {
        return again(problem).await;
    }
    let now = desk.app.clock.now();
    let document = document(&desk, &stored, &items, &conclusion, now)?;
    let sha256: String = hex(&Sha256::digest(&document));
    let intent =
        Entry { detail: Some(format!("{} sha256:{sha256}", stored.review.month)), ..desk.entry("review.sign") };
    let signed = Signed { by: desk.signed_in.member.id, at: now, document, sha256 };
    desk.change("sign review", intent, move |conn| reviews::sign_review(conn, id, &signed)).await?;
    Ok(desk.go(&format!("/reviews/{id}"), "review-signed"))
}

/// A second pair of eyes: an admin who did not sign.
pub(in crate::portal) async fn countersign_review(
    desk: Desk<Admins>,
    id: web::Path<String>,
    form: Submitted,
) -> Result<HttpResponse, Fault> {
    let id: ReviewId = path(&id)?;
    let t = ReviewTexts::of(desk.page.language);
    let stored = load(&desk.app, id).await?;
    let Some(signed) = &stored.review.signed else { return Err(Fault::not_found()) };
    if let Some(problem) = unproven(&desk, t, &form.0).await? {
        return show(&desk, id, Some(problem), StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    let detail = format!("{} sha256:{}", stored.review.month, signed.sha256);
    let intent = Entry { detail: Some(detail), ..desk.entry("review.countersign") };
    let (by, at) = (desk.signed_in.member.id, desk.app.clock.now());
    desk.change("countersign review", intent, move |conn| reviews::countersign_review(conn, id, by, at)).await?;
    Ok(desk.go(&format!("/reviews/{id}"), "review-signed"))
}

/// Why the form does not prove that the member is at the desk: another name, another password, or too many tries.
async fn unproven<R: Roles>(
    desk: &Desk<R>,
    t: &'static ReviewTexts,
    form: &Fields,
) -> Result<Option<&'static str>, Fault> {
    let (member, brake) = (&desk.signed_in.member, &desk.app.portal.brake);
    if form.text("name") != member.name {
        return Ok(Some(t.bad_name));
    }
    // The session is known already; the brake counts tries against the account alone.
    let nowhere = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    match brake.ask(&member.email, nowhere, desk.app.clock.now()) {
        Verdict::Go => {}
        Verdict::Slowly(wait) => tokio::time::sleep(wait).await,
        Verdict::Refused(_) => return Ok(Some(t.braked)),
    }
    let email = member.email.clone();
    let find = move |conn: &mut mudeung_store::Conn| mudeung_store::members::find_member_by_email(conn, &email);
    let hash = desk.app.db.read("find member", find).await?.map(|(_, hash)| hash);
    let typed = Secret::new(form.raw("password").unwrap_or_default().to_owned());
    if password::check(&desk.app, typed, hash).await? {
        brake.succeeded(&member.email, nowhere);
        return Ok(None);
    }
    brake.failed(&member.email, nowhere, desk.app.clock.now());
    Ok(Some(t.bad_password))
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
