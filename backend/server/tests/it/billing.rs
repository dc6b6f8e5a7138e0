//! Invoices from real requests: what was received is what is billed, and what is billed verifies with nothing but the bundle.

use crate::data::{Bench, table};
use mudeung_core::id::PlanId;
use mudeung_server::billing::{BillingError, Office};
use mudeung_store::billing::{self, Plan, StoredInvoice, Subscription};
use mudeung_store::{Conn, StoreError};
use mudeung_wire::invoice::{
    BundleEntry, Claim, Included, Invoice, Month, OperationClass, PlanTerms, Price, Report, verify,
};
use std::time::Duration;

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

fn plan(version: u32) -> Plan {
    let price = Price {
        class: OperationClass::Rows,
        gib_micro_krw: 0,
        million_rows_micro_krw: 1_000_000_000_000,
        request_micro_krw: 250_000_000,
        tier: "deidentified".to_owned(),
    };
    Plan {
        id: PlanId::from_bytes([u8::try_from(version).unwrap(); 16]),
        terms: PlanTerms {
            base_fee_krw: 100_000,
            included: Included { rows: 3, ..Included::default() },
            name: "basic".to_owned(),
            prices: vec![price],
            version,
        },
        valid_from: month("2026-01"),
        created_at: crate::app::BEGIN,
    }
}

fn office(bench: &Bench) -> Office<'_> {
    let app = bench.app.state();
    let origin = &app.config.ledger.origin;
    Office { db: &app.db, ledger: &app.ledger, key: app.keys.ledger(), origin, now: bench.app.now() }
}

/// Reads in March, waits until the entries are signed for, and moves to April.
async fn used() -> Bench {
    let bench = Bench::start().await;
    for tier in ["deidentified", "deidentified", "synthetic"] {
        bench.get(&format!("{}/rows?limit=8", table(tier))).await.bytes().await.unwrap();
    }
    bench.outcomes("data.read_rows", 3).await;
    mudeung_server::ledger::publisher::publish(bench.app.state()).await.unwrap();
    bench.app.clock.advance(Duration::from_secs(31 * 86_400));
    bench
}

async fn subscribe(bench: &Bench, version: u32, from: &str) -> Result<(), StoreError> {
    let company = bench.app.fixture.company;
    let (plan, from) = (plan(version), month(from));
    let given = Subscription { organization: company, from, plan: plan.id, created_at: bench.app.now() };
    let work = move |conn: &mut Conn| {
        billing::insert_plan(conn, &plan)?;
        billing::insert_subscription(conn, &given)
    };
    bench.app.state().db.tx("plan", work).await
}

async fn bundle(office: Office<'_>, stored: &StoredInvoice) -> Vec<BundleEntry> {
    let invoice: Invoice = serde_json::from_str(&stored.document).unwrap();
    let size = invoice.checkpoint.lines().nth(1).unwrap().parse().unwrap();
    let mut entries = Vec::new();
    for index in office.entries_of(&invoice).await.unwrap() {
        entries.push(office.proved(index, size).await.unwrap());
    }
    entries
}

fn judge(office: Office<'_>, stored: &StoredInvoice, entries: Vec<BundleEntry>) -> Result<Report, String> {
    let claim = Claim { invoice: stored.document.as_bytes(), note: &stored.note };
    verify(claim, entries, &office.verifier()).map_err(|fault| fault.to_string())
}

#[tokio::test]
async fn an_invoice_bills_what_was_received_and_verifies_from_its_bundle() {
    let bench = used().await;
    subscribe(&bench, 1, "2026-03").await.unwrap();
    let office = office(&bench);
    let stored = office.prepare(bench.app.fixture.company, month("2026-03")).await.unwrap();
    let entries = bundle(office, &stored).await;
    let report = judge(office, &stored, entries.clone()).unwrap();
    // Two requests at 250 won, thirteen of sixteen rows at a won each, and the fee; synthetic rows are free.
    let totals = report.invoice.totals;
    assert_eq!(
        (totals.lines_krw, totals.subtotal_krw, totals.vat_krw, totals.total_krw),
        (513, 100_513, 10_051, 110_564)
    );
    let usage = bench.app.state().ledger.usage(mudeung_store::UsageFilter::default(), None, 100).await.unwrap();
    let sum = |part: fn(&mudeung_store::UsageRow) -> u64| usage.iter().map(part).sum::<u64>();
    let billed = |part: fn(&mudeung_wire::invoice::Line) -> u64| report.invoice.lines.iter().map(part).sum::<u64>();
    assert_eq!(billed(|line| line.bytes), sum(|row| row.bytes));
    assert_eq!(billed(|line| line.rows), sum(|row| row.rows));
    assert_eq!(billed(|line| line.requests), sum(|row| row.requests));
    for missing in 0..entries.len() {
        let mut fewer = entries.clone();
        fewer.remove(missing);
        assert!(judge(office, &stored, fewer).is_err(), "{missing}");
    }
    let other = StoredInvoice { document: stored.document.replace("100513", "100512"), ..stored.clone() };
    assert!(judge(office, &other, entries).unwrap_err().contains("changed"));
}

#[tokio::test]
async fn without_a_plan_a_month_is_free_and_no_month_is_billed_before_it_is_over() {
    let bench = used().await;
    let company = bench.app.fixture.company;
    let stored = office(&bench).prepare(company, month("2026-03")).await.unwrap();
    let invoice: Invoice = serde_json::from_str(&stored.document).unwrap();
    assert_eq!((invoice.plan.name.as_str(), invoice.totals.total_krw), ("sandbox", 0));
    assert!(!invoice.lines.is_empty());
    let early = office(&bench).prepare(company, month("2026-04")).await;
    assert!(matches!(early, Err(BillingError::NotOver(_))));
}

#[tokio::test]
async fn invoices_are_issued_once_and_plans_do_not_reach_back_over_them() {
    let bench = used().await;
    subscribe(&bench, 1, "2026-03").await.unwrap();
    let again = subscribe(&bench, 1, "2026-04").await;
    assert!(matches!(again, Err(StoreError::AlreadyExists { .. })), "a version never changes: {again:?}");
    let stored = office(&bench).prepare(bench.app.fixture.company, month("2026-03")).await.unwrap();
    let keep =
        |stored: StoredInvoice| bench.app.state().db.tx("keep", move |conn| billing::insert_invoice(conn, &stored));
    keep(stored.clone()).await.unwrap();
    assert!(matches!(keep(stored.clone()).await, Err(StoreError::AlreadyExists { .. })));
    assert!(matches!(subscribe(&bench, 2, "2026-02").await, Err(StoreError::Invalid(_))));
    subscribe(&bench, 2, "2026-04").await.unwrap();
    let company = bench.app.fixture.company;
    let found = bench.app.state().db.read("find", move |conn| {
        let version = |conn: &mut Conn, text| billing::find_plan_in(conn, company, month(text));
        Ok((
            version(conn, "2026-02")?,
            version(conn, "2026-03")?,
            version(conn, "2026-05")?,
            billing::find_invoice(conn, company, month("2026-03"))?,
        ))
    });
    let (before, march, may, kept) = found.await.unwrap();
    assert_eq!((before, march, may), (None, Some(plan(1)), Some(plan(2))));
    assert_eq!(kept, Some(stored));
}
