//! Rows that are made on demand: for whom, how many, with what seed, and that they are recorded and metered as reads.

use super::Bench;
use super::probe::ROW;
use crate::app::fixture::{DATASET, TABLE};
use mudeung_core::reader::Format;
use mudeung_wire::ledger::entry::Status;
use reqwest::Response;
use serde_json::Value;

const PATH: &str = "/v1/synthetic/cohort/visits";

async fn make(bench: &Bench, query: &str) -> Response {
    bench.app.post(&format!("{PATH}?{query}")).bearer_auth(&bench.token).send().await.unwrap()
}

#[tokio::test]
async fn rows_are_made_as_they_were_asked_for_recorded_before_and_metered_after() {
    let bench = Bench::start().await;
    let answer = make(&bench, "rows=25&seed=7&columns=age,person&format=jsonl").await;
    assert_eq!((answer.status().as_u16(), &answer.headers()["mudeung-seed"]), (200, &"7".parse().unwrap()));
    let receipt: u64 = answer.headers()["mudeung-receipt"].to_str().unwrap().parse().unwrap();
    assert_eq!(answer.bytes().await.unwrap().len(), 25 * ROW.len());
    let made = bench.probe.made.lock().unwrap().pop().unwrap();
    assert_eq!((made.rows, made.seed, made.format), (25, 7, Format::JsonLines));
    assert_eq!(made.columns, ["age", "person"]);
    assert_eq!((made.table.dataset.as_str(), made.table.tier.as_str(), made.table.version), (DATASET, "synthetic", 1));
    let outcome = bench.outcomes("synthetic.generate", 1).await.pop().unwrap();
    let (intents, _) = bench.entries("synthetic.generate").await;
    assert_eq!(intents[0].detail.as_deref(), Some("25 rows of seed 7"));
    assert_eq!((intents[0].table.as_deref(), intents[0].grant.as_deref()), (Some(TABLE), None));
    assert_eq!(outcome.intent, Some(receipt));
    assert_eq!((outcome.status, outcome.rows, outcome.bytes), (Some(Status::Completed), Some(25), Some(25 * 10)));
    let usage = bench.json("/v1/usage").await;
    let items = usage["items"].as_array().unwrap();
    assert!(items.iter().any(|item| item["operation"] == "synthetic.generate" && item["rows"] == 25), "{usage}");
}

#[tokio::test]
async fn a_seed_that_nobody_gave_is_told_and_another_each_time() {
    let bench = Bench::start().await;
    let mut seeds = std::collections::BTreeSet::new();
    for _ in 0..5 {
        let answer = make(&bench, "rows=1").await;
        let seed: u64 = answer.headers()["mudeung-seed"].to_str().unwrap().parse().unwrap();
        assert_eq!(bench.probe.made.lock().unwrap().pop().unwrap().seed, seed);
        assert!(seed < 1 << 53, "every JSON reader keeps it");
        seeds.insert(seed);
    }
    assert_eq!(seeds.len(), 5);
    assert_eq!(make(&bench, "").await.status(), 200);
    assert_eq!(bench.probe.made.lock().unwrap().pop().unwrap().rows, 1_000);
}

#[tokio::test]
async fn what_cannot_be_made_is_refused_with_the_reason() {
    let bench = Bench::start().await;
    for (query, code) in [
        ("rows=-1", "invalid_parameter"),
        ("rows=10000001", "invalid_parameter"),
        ("rows=1e3", "invalid_parameter"),
        ("seed=9007199254740992", "invalid_parameter"),
        ("seed=x", "invalid_parameter"),
        ("colour=red", "invalid_parameter"),
        ("columns=nothing", "unknown_column"),
        ("columns=age,age", "invalid_parameter"),
        ("format=xml", "invalid_parameter"),
        ("version=99", "not_found"),
    ] {
        let answer = make(&bench, query).await;
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["code"], code, "{query}: {problem}");
    }
    for path in ["/v1/synthetic/nothing/visits", "/v1/synthetic/cohort/nothing"] {
        let answer = bench.app.post(path).bearer_auth(&bench.token).send().await.unwrap();
        assert_eq!(answer.status(), 404, "{path}");
    }
    assert!(bench.probe.made.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_version_without_a_generator_says_so() {
    let bench = Bench::start().await;
    let mut manifest = crate::app::fixture::manifest(mudeung_core::tier::Tier::Synthetic, 1);
    (manifest.version, manifest.generator) = (2, None);
    manifest.tables[0].files[0].id = mudeung_core::id::FileId::from_bytes([9; 16]).to_string();
    let (id, now) = (mudeung_core::id::VersionId::from_bytes([9; 16]), bench.app.now());
    bench
        .app
        .change_and_see(move |conn| {
            let state = mudeung_core::dataset::VersionState::Published { published_at: now };
            mudeung_store::catalog::insert_version(conn, &manifest, id, state, now)
        })
        .await;
    let answer = make(&bench, "rows=1").await;
    let problem: Value = answer.json().await.unwrap();
    assert_eq!((problem["status"].as_u64(), problem["code"].as_str()), (Some(409), Some("conflict")));
    assert!(problem["detail"].as_str().unwrap().contains("without a generator"), "{problem}");
    assert_eq!(make(&bench, "rows=1&version=1").await.status(), 200, "the one before has one");
    assert_eq!(bench.outcomes("synthetic.generate", 2).await[0].status, Some(Status::Denied));
}

#[tokio::test]
async fn a_client_that_goes_away_stops_the_making() {
    let bench = Bench::start().await;
    bench.probe.be_slow();
    let mut answer = make(&bench, "rows=100000&seed=1").await;
    answer.chunk().await.unwrap();
    drop(answer);
    let outcome = bench.outcomes("synthetic.generate", 1).await.pop().unwrap();
    assert_eq!(outcome.status, Some(Status::Aborted));
    assert!(outcome.rows.unwrap() < 1_000, "{outcome:?}");
}
