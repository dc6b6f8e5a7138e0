//! Read leases: many ranges, one INTENT, one OUTCOME, and the same sum.

use super::Bench;
use crate::app::fixture::{FILE_BYTES, ROWS};
use mudeung_wire::ledger::entry::Status;
use std::time::Duration;

#[tokio::test]
async fn a_hundred_ranges_are_one_intent_and_one_outcome() {
    let bench = Bench::start().await;
    let url = bench.address("synthetic").await;
    let mut receipts = Vec::new();
    for number in 0..100 {
        let range = format!("bytes={}-{}", number * 100, number * 100 + 99);
        let answer = bench.fetch(&url, Some(&range)).await;
        assert_eq!(answer.status(), 206);
        receipts.push(answer.headers()["mudeung-receipt"].clone());
        assert_eq!(answer.bytes().await.unwrap().len(), 100);
    }
    receipts.dedup();
    assert_eq!(receipts.len(), 1);
    bench.app.clock.advance(Duration::from_secs(61));
    let outcomes = bench.outcomes("data.read_file", 1).await;
    let (intents, _) = bench.entries("data.read_file").await;
    assert_eq!((intents.len(), outcomes.len()), (1, 1));
    assert_eq!(intents[0].bytes, Some(FILE_BYTES), "the INTENT names a ceiling");
    let outcome = &outcomes[0];
    assert_eq!((outcome.ranges, outcome.bytes, outcome.rows), (Some(100), Some(FILE_BYTES), Some(ROWS)));
    assert_eq!(outcome.status, Some(Status::Completed));
    let usage = bench.json("/v1/usage").await;
    let read = usage["items"].as_array().unwrap().iter().find(|item| item["operation"] == "data.read_file").unwrap();
    assert_eq!((read["requests"].as_u64(), read["bytes"].as_u64()), (Some(100), Some(FILE_BYTES)));
}

#[tokio::test]
async fn ranges_that_arrive_together_share_a_lease_and_a_full_one_is_followed_by_another() {
    let bench = Bench::start().await;
    let url = bench.address("synthetic").await;
    let ask = |number: u64| {
        let range = format!("bytes={}-{}", (number % 10) * 1_000, (number % 10) * 1_000 + 999);
        let request = bench.app.http.get(&url).header("range", range);
        async move { request.send().await.unwrap().bytes().await.unwrap().len() }
    };
    let lengths = futures_util::future::join_all((0..25).map(ask)).await;
    assert_eq!(lengths, [1_000; 25]);
    bench.app.state().data.leases.close_all();
    let outcomes = bench.outcomes("data.read_file", 3).await;
    let sum = |of: fn(&mudeung_wire::ledger::entry::Entry) -> Option<u64>| outcomes.iter().filter_map(of).sum::<u64>();
    assert_eq!((sum(|entry| entry.bytes), sum(|entry| entry.ranges)), (25_000, 25));
    assert!(outcomes.iter().all(|outcome| outcome.bytes <= Some(FILE_BYTES)));
}

#[tokio::test]
async fn without_leases_each_range_has_a_record_of_its_own() {
    let bench = Bench::start_with(|config| config.ledger.lease_seconds = 0).await;
    let url = bench.address("deidentified").await;
    for number in 0..5 {
        let answer = bench.fetch(&url, Some(&format!("bytes={}-{}", number * 10, number * 10 + 9))).await;
        assert_eq!(answer.bytes().await.unwrap().len(), 10);
    }
    let outcomes = bench.outcomes("data.read_file", 5).await;
    let (intents, _) = bench.entries("data.read_file").await;
    assert_eq!((intents.len(), outcomes.len()), (5, 5));
    assert!(outcomes.iter().all(|outcome| outcome.bytes == Some(10) && outcome.ranges.is_none()));
}

#[tokio::test]
async fn a_lease_ends_with_the_grant_it_stands_on() {
    let bench = Bench::start().await;
    let url = bench.address("deidentified").await;
    assert_eq!(bench.fetch(&url, Some("bytes=0-9")).await.status(), 206);
    bench.revoke_grant().await;
    bench.app.state().snapshots.refresh().await.unwrap();
    assert_eq!(bench.fetch(&url, Some("bytes=10-19")).await.status(), 403);
    let (_, outcomes) = (bench.outcomes("data.read_file", 2).await, bench.entries("data.read_file").await.1);
    let lease = outcomes.iter().find(|outcome| outcome.ranges.is_some()).unwrap();
    assert_eq!((lease.ranges, lease.bytes), (Some(1), Some(10)));
}

#[tokio::test]
async fn stopping_the_server_closes_its_leases() {
    let bench = Bench::start().await;
    let url = bench.address("synthetic").await;
    bench.fetch(&url, Some("bytes=0-9")).await.bytes().await.unwrap();
    let Bench { app, .. } = bench;
    let app = app.restart().await;
    let entries = app.entries().await;
    let outcome = entries.iter().find(|entry| entry.ranges == Some(1)).unwrap();
    assert_eq!((outcome.status, outcome.bytes), (Some(Status::Completed), Some(10)), "closed, not unknown");
}
