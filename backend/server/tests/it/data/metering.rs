//! What leaves is what is counted, what is counted never passes the budget, and what is withdrawn stops.

use super::probe::{PIECE, ROW};
use super::{Bench, table};
use crate::app::fixture::{FILE_BYTES, ROWS};
use futures_util::StreamExt;
use mudeung_core::id::TokenId;
use mudeung_server::oauth::tokens::Subject;
use mudeung_wire::ledger::entry::Status;
use serde_json::Value;
use std::time::{Duration, Instant};

async fn used(bench: &Bench, field: &str) -> u64 {
    let usage = bench.json("/v1/usage").await;
    usage["items"].as_array().unwrap().iter().map(|item| item[field].as_u64().unwrap()).sum()
}

#[tokio::test]
async fn usage_and_quota_say_exactly_what_was_received() {
    let bench = Bench::start().await;
    let mut received = 0;
    let url = bench.address("deidentified").await;
    received += bench.fetch(&url, None).await.bytes().await.unwrap().len();
    received += bench.get(&format!("{}/rows?limit=33", table("deidentified"))).await.bytes().await.unwrap().len();
    received += bench.query("select 1 from cohort.deidentified.visits").await.bytes().await.unwrap().len();
    received += bench.fetch(&url, Some("bytes=5-104")).await.bytes().await.unwrap().len();
    bench.app.state().data.leases.close_all();
    bench.outcomes("query.run", 1).await;
    bench.outcomes("data.read_rows", 1).await;
    bench.outcomes("data.read_file", 2).await;
    let received = u64::try_from(received).unwrap();
    assert_eq!(used(&bench, "bytes").await, received);
    // The file is seen as a fifth of itself; a hundred bytes of two thousand are five of its hundred rows.
    assert_eq!(used(&bench, "rows").await, ROWS + 33 + ROWS + 5);
    let quota = bench.json("/v1/quota").await;
    let grant = quota["items"].as_array().unwrap().iter().find(|item| item["policy"] == "grant").unwrap();
    assert_eq!(grant["bytes_limit"].as_u64().unwrap() - grant["bytes_remaining"].as_u64().unwrap(), received);
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_a_true_record() {
    let bench = Bench::start().await;
    bench.probe.be_slow();
    let url = bench.address("synthetic").await;
    let mut stream = bench.fetch(&url, None).await.bytes_stream();
    let mut received = 0;
    while received < 3 * PIECE {
        received += stream.next().await.unwrap().unwrap().len();
    }
    drop(stream);
    let outcome = bench.outcomes("data.read_file", 1).await.remove(0);
    assert_eq!(outcome.status, Some(Status::Aborted));
    let sent = outcome.bytes.unwrap();
    let received = u64::try_from(received).unwrap();
    assert!(sent >= received && sent < FILE_BYTES, "{received} received, {sent} recorded of {FILE_BYTES}");
    assert_eq!(outcome.rows, Some(sent * ROWS / FILE_BYTES));
    assert_eq!(used(&bench, "bytes").await, sent);
}

#[tokio::test]
async fn running_answers_stop_within_a_second_of_a_revocation() {
    let bench = Bench::start().await;
    bench.probe.be_slow();
    for path in [format!("{}/rows?limit=100000", table("deidentified")), String::new()] {
        let answer =
            if path.is_empty() { bench.query("x cohort.synthetic.visits").await } else { bench.get(&path).await };
        let mut stream = answer.bytes_stream();
        stream.next().await.unwrap().unwrap();
        let revoked = Instant::now();
        if path.is_empty() {
            let (app, now) = (bench.app.fixture.reader_app, bench.app.now());
            let suspended = mudeung_core::app::AppState::Suspended { suspended_at: now };
            bench.app.change(move |conn| mudeung_store::apps::update_app_state(conn, app, suspended)).await;
        } else {
            bench.revoke_grant().await;
        }
        let cut = loop {
            match stream.next().await {
                Some(Ok(_)) => {}
                Some(Err(_)) => break true,
                None => break false,
            }
        };
        assert!(cut, "the answer must not look whole");
        assert!(revoked.elapsed() < Duration::from_secs(1), "{:?}", revoked.elapsed());
    }
    for operation in ["data.read_rows", "query.run"] {
        let outcome = bench.outcomes(operation, 1).await.remove(0);
        assert_eq!((outcome.status, outcome.detail.as_deref()), (Some(Status::Aborted), Some("access_ended")));
    }
}

#[tokio::test]
async fn budgets_are_never_passed_by_readers_at_once() {
    let bench = Bench::start().await;
    let row = u64::try_from(ROW.len()).unwrap();
    bench.with_quota(1 << 20, 1_205).await;
    let ask = |_| {
        let request = bench.app.get(&format!("{}/rows", table("deidentified"))).bearer_auth(&bench.token);
        async move {
            let answer = request.send().await.unwrap();
            let status = answer.status().as_u16();
            let mut stream = answer.bytes_stream();
            let mut bytes = 0;
            while let Some(Ok(piece)) = stream.next().await {
                bytes += piece.len();
            }
            (status, if status == 200 { u64::try_from(bytes).unwrap() } else { 0 })
        }
    };
    let answers = futures_util::future::join_all((0..40).map(ask)).await;
    assert!(answers.iter().any(|(status, _)| *status == 429));
    let received: u64 = answers.iter().map(|(_, bytes)| bytes).sum();
    let full = answers.iter().filter(|(status, bytes)| *status == 200 && *bytes == ROWS * row).count();
    bench.outcomes("data.read_rows", full).await;
    let (rows, bytes) = (used(&bench, "rows").await, used(&bench, "bytes").await);
    assert!(rows <= 1_205, "{rows}");
    assert!(bytes >= received && bytes == rows * row, "{bytes} of {received}, {rows} rows");
    let mut last = None;
    for _ in 0..20 {
        let answer = bench.get(&format!("{}/rows", table("deidentified"))).await;
        let status = answer.status();
        last = Some((status, answer.headers().contains_key("retry-after"), answer.bytes().await.ok()));
        if status == 429 {
            break;
        }
    }
    let (status, retry, body) = last.unwrap();
    let problem: Value = serde_json::from_slice(&body.unwrap()).unwrap();
    assert_eq!((status.as_u16(), retry, &problem["violated-policies"]), (429, true, &serde_json::json!(["grant"])));
}

#[tokio::test]
async fn a_file_that_the_budget_cannot_pay_for_does_not_start() {
    let bench = Bench::start().await;
    bench.with_quota(1_500, 1_000).await;
    let url = bench.address("deidentified").await;
    assert_eq!(bench.fetch(&url, None).await.status(), 403, "2,000 bytes");
    let file = bench.app.fixture.deidentified_file;
    let answer = bench.get(&format!("/v1/files/{file}")).await;
    assert_eq!(answer.json::<Value>().await.unwrap()["code"], "quota_exhausted");
    assert_eq!(bench.fetch(&url, Some("bytes=0-1499")).await.bytes().await.unwrap().len(), 1_500);
    assert_eq!(bench.fetch(&url, Some("bytes=0-0")).await.status(), 403);
    assert_eq!(bench.get(&format!("{}/files", table("deidentified"))).await.status(), 429);
}

#[tokio::test]
async fn without_a_ledger_nothing_is_given() {
    let probe = std::sync::Arc::new(super::probe::Probe::default());
    let full = |config: &mut mudeung_server::config::Config| config.ledger.queue_entries_max = 0;
    let app = crate::app::TestApp::start_reading(probe.clone(), full).await;
    let fixture = &app.fixture;
    let subject = Subject {
        app: fixture.reader_app,
        credential: fixture.reader_credential,
        scopes: mudeung_core::scope::ScopeSet::company(),
        ends: None,
    };
    let token = app.state().tokens.issue(&subject, TokenId::from_bytes([1; 16]), app.now()).unwrap().text;
    let rows = format!("{}/rows", table("synthetic"));
    let file = format!("/v1/files/{}", fixture.synthetic_file);
    for path in ["/v1/datasets", &table("synthetic"), &format!("{}/files", table("synthetic")), &rows, &file] {
        for range in [None, Some("bytes=0-9")] {
            let request = app.get(path).bearer_auth(&token);
            let request = if let Some(range) = range { request.header("range", range) } else { request };
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), 503, "{path}");
            assert!(answer.headers().contains_key("retry-after"));
            assert_eq!(answer.json::<Value>().await.unwrap()["code"], "ledger_unavailable");
        }
    }
    assert!(probe.rows.lock().unwrap().is_empty(), "nothing was read");
}

#[tokio::test]
async fn an_app_at_its_rate_is_told_when_to_come_again_and_slows_nobody_else() {
    let bench = Bench::start_with(|config| config.limits.requests_per_minute = 3).await;
    for remaining in [2, 1, 0] {
        let answer = bench.get("/v1/grants").await;
        let shown = answer.headers()["ratelimit"].to_str().unwrap().to_owned();
        assert!(shown.starts_with(&format!("\"requests\";r={remaining};t=")), "{shown}");
    }
    let answer = bench.get("/v1/grants").await;
    assert_eq!((answer.status().as_u16(), &answer.headers()["retry-after"]), (429, &"20".parse().unwrap()));
    assert_eq!(answer.json::<Value>().await.unwrap()["code"], "rate_limited");
    let stranger = bench.app.token(&bench.app.fixture.stranger).await;
    assert_eq!(bench.app.get("/v1/grants").bearer_auth(stranger).send().await.unwrap().status(), 200);
    bench.app.clock.advance(Duration::from_secs(20));
    assert_eq!(bench.get("/v1/grants").await.status(), 200);
}
