//! Plans and invoices in the portal: defined, given, estimated, issued, and proved from what is downloaded.

use super::Browser;
use super::isolation::outsider;
use crate::data::{Bench, table};
use mudeung_core::member::Role;
use mudeung_wire::invoice::{BundleEntry, Claim, verify};
use mudeung_wire::ledger::checkpoint::LogVerifier;
use mudeung_wire::ledger::entry::Kind;
use std::path::Path;
use std::time::Duration;

const PLAN: &[(&str, &str)] = &[
    ("name", "연구 요금제"),
    ("valid_from", "2026-01"),
    ("fee", "100000"),
    ("included_rows", "3"),
    ("rows.deidentified.rows", "1000000"),
    ("rows.deidentified.request", "0.25"),
];

async fn define(admin: &mut Browser<'_>, change: Option<(&str, &str)>) -> u16 {
    let mut fields: Vec<(&str, &str)> =
        PLAN.iter().filter(|(name, _)| change.is_none_or(|c| c.0 != *name)).copied().collect();
    fields.extend(change);
    admin.submit("/en/plans", "/en/plans", &fields).await.status
}

/// The identifier of the plan whose name and version stand in the choice.
async fn plan_id(admin: &mut Browser<'_>, name: &str) -> String {
    let page = admin.get("/en/plans").await.body;
    let (before, _) = page.split_once(&format!("\">{name}</option>")).unwrap_or_else(|| panic!("{name}: {page}"));
    before.rsplit_once("<option value=\"").unwrap().1.to_owned()
}

async fn give(admin: &mut Browser<'_>, organization: &str, plan: &str, from: &str) -> u16 {
    let fields = [("organization", organization), ("plan", plan), ("from", from)];
    admin.submit("/ko/plans", "/ko/plans/give", &fields).await.status
}

#[actix_web::test]
async fn a_plan_is_defined_in_versions_and_given_from_a_month_on() {
    let bench = Bench::start().await;
    let (app, company) = (&bench.app, bench.app.fixture.company.to_string());
    let mut admin = Browser::of(app, Role::Admin).await;
    assert!(admin.get("/ko/plans").await.body.contains("아직 요금제가 없습니다"));
    for (wrong, value) in [
        ("name", ""),
        ("valid_from", "2026"),
        ("fee", "-1"),
        ("included_gib", "99999999999999"),
        ("rows.deidentified.rows", "1.2345678"),
        ("file.synthetic.gib", "10000000000000"),
    ] {
        assert_eq!(define(&mut admin, Some((wrong, value))).await, 422, "{wrong}={value}");
    }
    assert_eq!(define(&mut admin, None).await, 303);
    assert_eq!(define(&mut admin, Some(("fee", "200000"))).await, 303);
    let (first, second) = (plan_id(&mut admin, "연구 요금제 1").await, plan_id(&mut admin, "연구 요금제 2").await);
    let page = admin.get("/en/plans").await.body;
    assert!(page.contains("₩100,000") && page.contains("₩200,000") && page.contains("0.25"), "{page}");

    assert_eq!(give(&mut admin, &company, &first, "2026-03").await, 303);
    for (organization, plan, from) in [
        (company.as_str(), second.as_str(), "2025-12"),
        (&company, &first, "2026-03"),
        (&company, "pln_x", "2026-04"),
        ("org_x", &first, "2026-04"),
        (&bench.app.fixture.hospital.to_string(), &first, "2026-04"),
        (&company, &first, "April"),
    ] {
        assert_eq!(give(&mut admin, organization, plan, from).await, 422, "{organization} {plan} {from}");
    }
    assert_eq!(give(&mut admin, &company, &second, "2026-05").await, 303);
    let entries = app.entries().await;
    let done = |operation: &str| entries.iter().filter(|e| e.operation == operation && e.kind == Kind::Intent).count();
    assert_eq!((done("plan.define"), done("plan.give")), (2, 4), "what reaches the database is recorded");
}

/// Unpacks a bundle and checks it as a company does, with nothing else.
fn check(archive: &[u8], verifier: &LogVerifier) -> u64 {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.tar"), archive).unwrap();
    let status = std::process::Command::new("tar").args(["-xf", "a.tar"]).current_dir(folder.path()).status();
    assert!(status.unwrap().success());
    let read = |name: &str| std::fs::read_to_string(Path::join(folder.path(), "invoice-2026-03").join(name)).unwrap();
    let entries: Vec<_> = read("entries.jsonl").lines().map(|line| BundleEntry::parse(line).unwrap()).collect();
    let (invoice, note) = (read("invoice.json"), read("invoice.note"));
    let claim = Claim { invoice: invoice.as_bytes(), note: &note };
    verify(claim, entries, verifier).unwrap().invoice.totals.total_krw
}

#[actix_web::test]
async fn an_invoice_is_estimated_issued_once_and_proved_from_its_download() {
    let bench = Bench::start().await;
    let (app, company) = (&bench.app, bench.app.fixture.company.to_string());
    let mut admin = Browser::of(app, Role::Admin).await;
    assert_eq!(define(&mut admin, None).await, 303);
    let plan = plan_id(&mut admin, "연구 요금제 1").await;
    assert_eq!(give(&mut admin, &company, &plan, "2026-03").await, 303);
    bench.get(&format!("{}/rows?limit=8", table("deidentified"))).await.bytes().await.unwrap();
    bench.outcomes("data.read_rows", 1).await;
    mudeung_server::ledger::publisher::publish(app.state()).await.unwrap();
    // Five of eight rows at a won each, the request at a quarter, and the fee, with VAT.
    let mut developer = Browser::of(app, Role::Developer).await;
    let page = developer.get("/en/invoices").await.body;
    assert!(page.contains("An estimate") && page.contains("₩100,005") && page.contains("₩110,005"), "{page}");
    assert!(page.contains("No invoice was issued"));

    let issue = async |admin: &mut Browser<'_>, month: &str| {
        let fields = [("organization", company.as_str()), ("month", month)];
        admin.submit("/en/invoices", "/en/invoices", &fields).await.status
    };
    assert_eq!(issue(&mut admin, "2026-03").await, 422, "the month is not over");
    app.clock.advance(Duration::from_secs(31 * 86_400));
    let mut admin = Browser::of(app, Role::Admin).await;
    assert_eq!(issue(&mut admin, "March").await, 422);
    assert_eq!(issue(&mut admin, "2026-03").await, 303);
    assert_eq!(issue(&mut admin, "2026-03").await, 422, "once");
    assert_eq!(give(&mut admin, &company, &plan, "2026-02").await, 422, "not behind an invoice");

    let mut developer = Browser::of(app, Role::Developer).await;
    let page = developer.get("/ko/invoices").await.body;
    assert!(page.contains("₩110,005") && page.contains("mudeung usage verify"), "{page}");
    let path = format!("/en/invoices/{company}/2026-03");
    let request = developer.request(app.get(&path));
    let archive = request.send().await.unwrap().bytes().await.unwrap();
    let verifier = mudeung_server::ledger::publisher::verifier(app.state());
    assert_eq!(check(&archive, &verifier), 110_005);
    assert_eq!(developer.get(&format!("/en/invoices/{company}/2026-04")).await.status, 404);
    let stranger = outsider(app, vec![Role::Developer]).await;
    let mut stranger = Browser::with(app, &stranger).await;
    assert_eq!(stranger.get(&path).await.status, 404);
    assert!(!stranger.get("/en/invoices").await.body.contains("₩110,005"));
    let shown = developer.submit("/en/invoices", "/en/invoices", &[("month", "2026-03")]).await;
    assert_eq!(shown.status, 403, "companies do not invoice themselves");
    let entries = app.entries().await;
    assert!(entries.iter().any(|e| e.operation == "invoice.export" && e.member.is_some()));
    let issued = entries.iter().filter(|e| e.operation == "invoice.issue" && e.kind == Kind::Intent);
    assert!(issued.clone().all(|e| e.detail.as_ref().unwrap().contains("sha256")) && issued.count() == 2);
}
