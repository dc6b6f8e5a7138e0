//! Budgets of organizations, apps and datasets, beside those of grants; and who is told when they run out.

use super::{Bench, table};
use mudeung_core::budget::{BudgetRule, BudgetSubject, Period};
use mudeung_core::name::Name;
use mudeung_core::quota::Amount;
use mudeung_server::data::budget::sharing;
use serde_json::Value;
use std::time::Duration;

async fn set(bench: &Bench, subject: BudgetSubject, period: Period, rows: u64) {
    let rule = BudgetRule { subject, period, limit: Amount { bytes: 1 << 30, rows } };
    bench.app.change_and_see(move |conn| mudeung_store::budgets::set_budget(conn, &rule)).await;
}

async fn read(bench: &Bench, rows: u64) -> (u16, Value) {
    let answer = bench.get(&format!("{}/rows?limit={rows}", table("deidentified"))).await;
    let status = answer.status().as_u16();
    (status, if status == 200 { Value::Null } else { answer.json().await.unwrap() })
}

#[tokio::test]
async fn each_of_the_budgets_that_pay_can_stop_a_read_and_says_which_it_was() {
    for (kind, policy) in [("organization", "organization-month"), ("app", "app-month"), ("dataset", "dataset-month")] {
        let bench = Bench::start().await;
        let fixture = &bench.app.fixture;
        let subject = match kind {
            "organization" => BudgetSubject::Organization(fixture.company),
            "app" => BudgetSubject::App(fixture.reader_app),
            _ => BudgetSubject::Dataset(Name::parse("cohort").unwrap()),
        };
        set(&bench, subject.clone(), Period::Month, 50).await;
        assert_eq!(read(&bench, 30).await.0, 200, "{kind}");
        bench.outcomes("data.read_rows", 1).await;
        let answer = bench.get(&format!("{}/files", table("deidentified"))).await;
        assert_eq!(answer.status(), 200);
        let quota = bench.json("/v1/quota").await;
        let item = quota["items"].as_array().unwrap().iter().find(|item| item["policy"] == policy);
        if kind != "dataset" {
            assert_eq!(item.unwrap()["rows_remaining"], 20, "{quota}");
        }
        assert_eq!(read(&bench, 20).await.0, 200, "{kind}");
        let (status, problem) = read(&bench, 1).await;
        assert_eq!((status, &problem["violated-policies"][0]), (429, &Value::from(policy)));
        // A larger one lets it go on at once.
        set(&bench, subject, Period::Month, 500).await;
        assert_eq!(read(&bench, 30).await.0, 200, "{kind}");
    }
}

#[tokio::test]
async fn what_an_app_read_counts_for_its_organization_and_a_new_month_starts_anew() {
    let bench = Bench::start().await;
    set(&bench, BudgetSubject::Organization(bench.app.fixture.company), Period::Month, 40).await;
    assert_eq!(read(&bench, 40).await.0, 200);
    assert_eq!(read(&bench, 1).await.0, 429);
    bench.app.clock.advance(Duration::from_secs(31 * 86_400));
    let token = bench.app.token(&bench.app.fixture.reader).await;
    let later = Bench { token, ..bench };
    let (status, problem) = read(&later, 40).await;
    assert_eq!(status, 200, "{problem}");
}

#[tokio::test]
async fn people_are_told_once_at_eighty_and_once_at_ninety_percent() {
    let bench = Bench::start().await;
    set(&bench, BudgetSubject::App(bench.app.fixture.reader_app), Period::Total, 100).await;
    let alerts = || async { bench.entries("budget.alert").await.1 };
    for (rows, expected) in [(79, 0), (1, 1), (5, 1), (5, 2), (10, 2)] {
        let before = bench.entries("data.read_rows").await.1.len();
        assert_eq!(read(&bench, rows).await.0, 200);
        bench.outcomes("data.read_rows", before + 1).await;
        sharing::round(bench.app.state()).await.unwrap();
        bench.app.state().ledger.flush().await;
        assert_eq!(alerts().await.len(), expected, "after {rows} more");
    }
    let first = alerts().await.remove(0);
    assert!(first.detail.unwrap().starts_with("app-total: 80 percent used"));
    assert_eq!(first.app, Some(bench.app.fixture.reader_app.to_string()));
}

#[tokio::test]
async fn what_a_lease_sent_is_not_booked_before_its_outcome() {
    let bench = Bench::start().await;
    bench.with_quota(2_000, 1_000).await;
    let url = bench.address("deidentified").await;
    assert_eq!(bench.fetch(&url, Some("bytes=0-999")).await.bytes().await.unwrap().len(), 1_000);
    let remaining = |quota: Value| {
        let items = quota["items"].as_array().unwrap().clone();
        items.iter().find(|item| item["policy"] == "grant").unwrap()["bytes_remaining"].as_u64().unwrap()
    };
    for _ in 0..2 {
        // A round books what is settled; the lease is open still, so nothing may be counted twice or not at all.
        sharing::round(bench.app.state()).await.unwrap();
        assert_eq!(remaining(bench.json("/v1/quota").await), 1_000);
    }
    bench.app.state().data.leases.close_all();
    bench.outcomes("data.read_file", 1).await;
    sharing::round(bench.app.state()).await.unwrap();
    assert_eq!(remaining(bench.json("/v1/quota").await), 1_000);
}
