//! The monthly review: who may, what must be filled in, and that what is signed stays as it is.

use super::{Browser, Shown};
use crate::app::TestApp;
use crate::app::fixture::PASSWORD;
use mudeung_core::member::Role;
use mudeung_wire::ledger::entry::{Kind, Status};
use sha2::{Digest, Sha256};
use std::time::Duration;

/// A proof of who one is, so old, is none any more.
const LATE: Duration = Duration::from_secs(5 * 60 + 1);

/// A month with a read, a refusal and sign-ins; the clock stands in the next one.
async fn month_over() -> TestApp {
    month_over_at(TestApp::start().await).await
}

pub(super) async fn month_over_at(app: TestApp) -> TestApp {
    let token = app.token(&app.fixture.reader).await;
    for table in ["visits", "nothing"] {
        let rows = format!("/v1/datasets/cohort/deidentified/tables/{table}/rows");
        app.get(&rows).bearer_auth(&token).send().await.unwrap().bytes().await.unwrap();
    }
    app.entries().await;
    app.clock.advance(Duration::from_secs(31 * 86_400));
    app
}

/// Begins the review of March; gives its address.
pub(super) async fn begin(auditor: &mut Browser<'_>) -> String {
    let shown = auditor.submit("/en/reviews", "/en/reviews", &[("month", "2026-03")]).await;
    assert_eq!(shown.status, 303, "{}", shown.body);
    shown.location().split('?').next().unwrap().to_owned()
}

/// The indices of the sample, as the form has them.
fn sample(page: &Shown) -> Vec<String> {
    let parts = page.body.split("name=\"verdict.").skip(1);
    parts.map(|rest| rest.split_once('"').unwrap().0.to_owned()).collect()
}

pub(super) async fn sign(auditor: &mut Browser<'_>, path: &str, change: &[(&str, &str)]) -> Shown {
    let indices = sample(&auditor.get(path).await);
    let mut fields: Vec<(String, String)> = Vec::new();
    for index in &indices {
        fields.push((format!("verdict.{index}"), "proper".to_owned()));
        fields.push((format!("finding.{index}"), "Within the grant's purpose.".to_owned()));
    }
    for (name, value) in [("conclusion", "Nothing out of the ordinary."), ("name", "auditor")] {
        fields.push((name.to_owned(), value.to_owned()));
    }
    for (name, value) in change {
        fields.retain(|(known, _)| known != name);
        fields.push(((*name).to_owned(), (*value).to_owned()));
    }
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    auditor.submit(path, &format!("{path}/sign"), &fields).await
}

#[actix_web::test]
async fn a_review_is_drawn_signed_and_never_changes_and_the_ledger_has_its_hash() {
    let app = month_over().await;
    let mut auditor = Browser::of(&app, Role::Auditor).await;
    assert!(auditor.get("/en/home").await.body.contains("Monthly reviews that are overdue"));
    let path = begin(&mut auditor).await;
    let page = auditor.get(&path).await;
    for needed in ["Refused", "New app", "Large read", "<svg class=\"chart\"", "A study"] {
        assert!(page.body.contains(needed), "{needed}: {}", page.body);
    }
    let signed = sign(&mut auditor, &path, &[]).await;
    assert_eq!(signed.status, 303, "{}", signed.body);
    let shown = auditor.get(&path).await;
    assert!(shown.body.contains("Nothing out of the ordinary.") && !shown.body.contains("<textarea"));
    let document = shown.between("<pre tabindex=\"0\" class=\"wrap\"><code>", "</code>").unwrap();
    let document = document.replace("&#34;", "\"").replace("&#39;", "'").replace("&#43;", "+");
    let hash: String = Sha256::digest(&document).iter().map(|byte| format!("{byte:02x}")).collect();
    let entries = app.entries().await;
    let of = |kind| entries.iter().find(|entry| entry.operation == "review.sign" && entry.kind == kind).unwrap();
    let wanted = format!("2026-03 sha256:{hash}");
    assert_eq!(of(Kind::Intent).detail.as_deref(), Some(wanted.as_str()));
    assert_eq!(of(Kind::Outcome).status, Some(Status::Completed));
    // A second signature, or a second review of the month, is refused.
    let token = auditor.get("/en/reviews").await.form_token();
    let again = auditor.post(&format!("{path}/sign"), &[("form_token", token.as_str())]).await;
    assert_eq!(again.status, 422);
    let twice = auditor.submit("/en/reviews", "/en/reviews", &[("month", "2026-03")]).await;
    assert_eq!(twice.status, 409);
    assert!(!auditor.get("/en/home").await.body.contains("Monthly reviews that are overdue"));
    assert_eq!(auditor.get(&path.replace("/en/", "/ko/")).await.status, 200);
}

#[actix_web::test]
async fn a_review_needs_every_finding_a_conclusion_and_the_name_and_comes_back_as_it_was_written() {
    let app = month_over().await;
    let mut auditor = Browser::of(&app, Role::Auditor).await;
    let path = begin(&mut auditor).await;
    let page = auditor.get(&path).await;
    let required = page.between("\" name=\"finding.", "\" rows=\"2\" maxlength=\"1000\" required").unwrap();
    let required = required.rsplit("finding.").next().unwrap().to_owned();
    for (name, value) in [
        (format!("finding.{required}"), ""),
        (format!("verdict.{required}"), "nice"),
        ("conclusion".to_owned(), "ok"),
        ("name".to_owned(), "admin"),
    ] {
        let shown = sign(&mut auditor, &path, &[(&name, value)]).await;
        assert_eq!(shown.status, 422, "{name}");
        assert!(shown.body.contains("role=\"alert\""), "{name}");
        let (all, kept) =
            (sample(&shown).len(), shown.body.matches(">Within the grant&#39;s purpose.</textarea>").count());
        assert_eq!(kept, if name.starts_with("finding.") { all - 1 } else { all }, "{name}");
        let chosen = shown.body.matches("<option value=\"proper\" selected>").count();
        assert_eq!(chosen, if name.starts_with("verdict.") { all - 1 } else { all }, "{name}");
        assert_eq!(shown.body.contains(">Nothing out of the ordinary.</textarea>"), name != "conclusion", "{name}");
    }
    assert!(app.entries().await.iter().all(|entry| entry.operation != "review.sign"));
}

#[actix_web::test]
async fn only_auditors_sign_and_only_another_admin_countersigns() {
    let app = month_over().await;
    let mut auditor = Browser::of(&app, Role::Auditor).await;
    let mut admin = Browser::of(&app, Role::Admin).await;
    let mut reviewer = Browser::of(&app, Role::Reviewer).await;
    let mut developer = Browser::of(&app, Role::Developer).await;
    for browser in [&mut reviewer, &mut developer] {
        assert_eq!(browser.get("/en/reviews").await.status, 403);
        assert_eq!(browser.submit("/en/home", "/en/reviews", &[("month", "2026-03")]).await.status, 403);
    }
    assert_eq!(admin.submit("/en/reviews", "/en/reviews", &[("month", "2026-03")]).await.status, 403);
    let path = begin(&mut auditor).await;
    let counter = format!("{path}/countersign");
    let proof = [("name", "admin")];
    assert_eq!(admin.submit(&path, &counter, &proof).await.status, 404, "nothing is signed yet");
    assert_eq!(sign(&mut auditor, &path, &[]).await.status, 303);
    assert_eq!(auditor.submit("/en/reviews", &counter, &[("name", "auditor")]).await.status, 403);
    assert_eq!(admin.submit(&path, &counter, &[("name", "auditor")]).await.status, 422);
    app.clock.advance(LATE);
    assert!(admin.submit(&path, &counter, &proof).await.location().starts_with("/en/step-up"));
    admin.submit("/en/step-up", "/en/step-up", &[("password", PASSWORD)]).await;
    assert_eq!(admin.submit(&path, &counter, &proof).await.status, 303);
    assert_eq!(admin.submit(&path, &counter, &proof).await.status, 409);
}

#[actix_web::test]
async fn only_months_that_are_over_are_reviewed() {
    let app = month_over().await;
    let mut auditor = Browser::of(&app, Role::Auditor).await;
    for month in ["2026-04", "2027-01", "2026-3", "", "x"] {
        assert_eq!(auditor.submit("/en/reviews", "/en/reviews", &[("month", month)]).await.status, 404, "{month}");
    }
}

#[actix_web::test]
async fn a_review_is_signed_after_a_fresh_proof_and_what_was_written_waits_for_it() {
    let app = month_over().await;
    let mut auditor = Browser::of(&app, Role::Auditor).await;
    let path = begin(&mut auditor).await;
    assert!(!auditor.get(&path).await.body.contains("type=\"password\""), "one proof for everything grave");
    app.clock.advance(LATE);
    let sent = sign(&mut auditor, &path, &[]).await;
    assert!(sent.location().starts_with("/en/step-up?next=%2Fen%2Funsent"), "{} {}", sent.status, sent.location());
    assert!(app.entries().await.iter().all(|entry| entry.operation != "review.sign"));
    let back = super::kept::prove(&mut auditor, &sent).await;
    assert!(
        back.body.contains("Nothing out of the ordinary.") && back.body.contains("Sign the review"),
        "{}",
        back.body
    );
    let done = super::kept::press(&mut auditor, &back).await;
    assert!(done.location().ends_with("done=review-signed"), "{} {}", done.status, done.body);
    assert!(auditor.get(&path).await.body.contains("Nothing out of the ordinary."));
}

#[actix_web::test]
async fn a_review_is_saved_half_done_for_its_auditor_alone_until_it_is_signed() {
    let app = month_over().await;
    let mut auditor = Browser::of(&app, Role::Auditor).await;
    let path = begin(&mut auditor).await;
    let index = sample(&auditor.get(&path).await).remove(0);
    let half = [(format!("verdict.{index}"), "explained"), (format!("finding.{index}"), "A <drill>, they say")];
    let half: Vec<(&str, &str)> = half.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let saved = auditor.submit(&path, &format!("{path}/save"), &half).await;
    assert!(saved.location().ends_with("done=review-saved"), "{} {}", saved.status, saved.body);
    app.clock.advance(Duration::from_secs(3 * 86_400));
    let mut auditor = Browser::of(&app, Role::Auditor).await;
    let shown = auditor.get(&path).await.body;
    assert!(shown.contains(">A &#60;drill&#62;, they say</textarea>"), "{shown}");
    assert_eq!(shown.matches("<option value=\"explained\" selected>").count(), 1);
    let email = super::board::add_member(&app, "second", vec![Role::Auditor]).await;
    let mut second = Browser::with(&app, &email).await;
    assert!(!second.get(&path).await.body.contains("they say"), "what one auditor thinks of is not the other's");
    let mut admin = Browser::of(&app, Role::Admin).await;
    assert_eq!(admin.submit("/en/reviews", &format!("{path}/save"), &half).await.status, 403);
    let entries = app.entries().await;
    assert!(entries.iter().any(|entry| entry.operation == "review.save" && entry.status == Some(Status::Completed)));
    assert_eq!(sign(&mut auditor, &path, &[]).await.status, 303);
    assert_eq!(auditor.submit("/en/reviews", &format!("{path}/save"), &half).await.status, 409, "it is signed");
    assert!(!auditor.get(&path).await.body.contains("they say"));
}
