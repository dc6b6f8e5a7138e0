//! Queries that run without their caller: one job for one request, and a result that is as well guarded as an answer.

use crate::app::fixture::{DATASET, ROWS, TABLE};
use crate::data::Bench;
use crate::data::probe::ROW;
use mudeung_wire::ledger::entry::Status;
use reqwest::Response;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Duration;

pub(crate) fn sql(tier: &str) -> String {
    format!("SELECT * FROM {DATASET}.{tier}.{TABLE}")
}

pub(crate) async fn submit(bench: &Bench, body: &Value, headers: &[(&str, &str)]) -> Response {
    let request = bench.app.post("/v1/query?format=jsonl").bearer_auth(&bench.token).json(body);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.send().await.unwrap()
}

pub(crate) async fn submitted(bench: &Bench, tier: &str) -> String {
    let answer = submit(bench, &json!({ "sql": sql(tier) }), &[("prefer", "respond-async, wait=10")]).await;
    assert_eq!(answer.status(), 202, "{}", answer.text().await.unwrap());
    assert_eq!(answer.headers()["preference-applied"], "respond-async");
    let job: Value = answer.json().await.unwrap();
    job["id"].as_str().unwrap().to_owned()
}

/// The job once it runs no more.
pub(crate) async fn ended(bench: &Bench, id: &str) -> Value {
    for _ in 0..300 {
        let job = bench.json(&format!("/v1/query/jobs/{id}")).await;
        if job["state"] != "running" {
            return job;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{id} never ended");
}

pub(crate) async fn result(bench: &Bench, id: &str) -> Response {
    bench.get(&format!("/v1/query/jobs/{id}/result")).await
}

pub(crate) async fn delete(bench: &Bench, id: &str) -> u16 {
    let address = format!("{}/v1/query/jobs/{id}", bench.app.url);
    bench.app.http.delete(address).bearer_auth(&bench.token).send().await.unwrap().status().as_u16()
}

pub(crate) async fn problem(answer: Response) -> (u16, String) {
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    (status, body["code"].as_str().unwrap().to_owned())
}

fn files(bench: &Bench) -> Vec<PathBuf> {
    let folder = bench.app.state().config.jobs_folder();
    std::fs::read_dir(folder).map_or_else(|_| Vec::new(), |files| files.map(|file| file.unwrap().path()).collect())
}

#[tokio::test]
async fn a_query_runs_without_its_caller_and_each_fetch_is_a_metered_read() {
    let bench = Bench::start().await;
    let id = submitted(&bench, "deidentified").await;
    let job = ended(&bench, &id).await;
    let size = u64::try_from(ROW.len()).unwrap() * ROWS;
    assert_eq!((&job["state"], &job["rows"], &job["size_bytes"]), (&json!("succeeded"), &json!(ROWS), &json!(size)));
    assert_eq!(job["result"], format!("{}/v1/query/jobs/{id}/result", bench.app.url));
    assert!(bench.probe.queries.lock().unwrap()[0].in_background);
    let (intents, outcomes) = bench.entries("query.submit").await;
    assert_eq!((intents.len(), outcomes[0].rows, outcomes[0].bytes), (1, Some(0), Some(0)), "nothing was given yet");
    assert_eq!(outcomes[0].detail.as_deref(), Some(id.as_str()));
    for fetched in 1..=2 {
        let answer = result(&bench, &id).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "application/x-ndjson");
        assert_eq!(answer.bytes().await.unwrap(), ROW.repeat(usize::try_from(ROWS).unwrap()));
        let outcomes = bench.outcomes("query.read_result", fetched).await;
        let last = &outcomes[fetched - 1];
        assert_eq!((last.status, last.rows, last.bytes), (Some(Status::Completed), Some(ROWS), Some(size)));
        assert!(last.grant.is_some());
    }
    let (intents, _) = bench.entries("query.read_result").await;
    assert_eq!((intents[0].filter.as_deref(), intents[0].detail.as_deref()), (Some(&*sql("deidentified")), Some(&*id)));
    assert!(intents[0].listing.is_some(), "the entry of the submission");
    let list = bench.json("/v1/query/jobs").await;
    assert_eq!((list["items"].as_array().unwrap().len(), &list["items"][0]["id"]), (1, &json!(id)));
    assert_eq!(bench.probe.queries.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn the_same_key_gives_the_same_job_and_the_same_answer() {
    let bench = Bench::start().await;
    let headers = [("prefer", "respond-async"), ("idempotency-key", "\"3c1f\"")];
    let body = json!({ "sql": sql("synthetic"), "limit": 5 });
    let first = submit(&bench, &body, &headers).await.text().await.unwrap();
    let id = serde_json::from_str::<Value>(&first).unwrap()["id"].as_str().unwrap().to_owned();
    ended(&bench, &id).await;
    let bare = [("prefer", "respond-async"), ("idempotency-key", "3c1f")];
    for headers in [headers, bare] {
        let again = submit(&bench, &body, &headers).await;
        assert_eq!((again.status().as_u16(), again.text().await.unwrap()), (202, first.clone()));
    }
    assert_eq!(bench.probe.queries.lock().unwrap().len(), 1, "it ran once");
    let other = json!({ "sql": sql("synthetic"), "limit": 6 });
    assert_eq!(problem(submit(&bench, &other, &headers).await).await, (422, "unprocessable".to_owned()));
    let bad = [("prefer", "respond-async"), ("idempotency-key", "")];
    assert_eq!(problem(submit(&bench, &body, &bad).await).await, (400, "invalid_parameter".to_owned()));
}

#[tokio::test]
async fn many_at_once_with_one_key_are_one_job() {
    let bench = Bench::start().await;
    let body = json!({ "sql": sql("synthetic") });
    let headers = [("prefer", "respond-async"), ("idempotency-key", "k")];
    let answers = futures_util::future::join_all((0..8).map(|_| submit(&bench, &body, &headers))).await;
    let mut texts = std::collections::BTreeSet::new();
    for answer in answers {
        assert_eq!(answer.status(), 202);
        texts.insert(answer.text().await.unwrap());
    }
    assert_eq!(texts.len(), 1);
}

#[tokio::test]
async fn a_result_is_not_given_when_the_grant_ended_or_changed() {
    let bench = Bench::start().await;
    let id = submitted(&bench, "deidentified").await;
    ended(&bench, &id).await;
    bench.with_row_filter("age > 60").await;
    assert_eq!(problem(result(&bench, &id).await).await, (409, "conflict".to_owned()));
    let id = submitted(&bench, "deidentified").await;
    ended(&bench, &id).await;
    assert_eq!(result(&bench, &id).await.status(), 200);

    let bench = Bench::start().await;
    let id = submitted(&bench, "deidentified").await;
    ended(&bench, &id).await;
    bench.revoke_grant().await;
    for _ in 0..100 {
        if result(&bench, &id).await.status() == 404 {
            let (_, outcomes) = bench.entries("query.read_result").await;
            assert_eq!(outcomes.last().unwrap().status, Some(Status::Denied));
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the result is still given");
}

#[tokio::test]
async fn another_app_has_no_such_job() {
    let bench = Bench::start().await;
    let id = submitted(&bench, "synthetic").await;
    ended(&bench, &id).await;
    let stranger = bench.app.token(&bench.app.fixture.stranger).await;
    for path in ["", "/result"] {
        let answer = bench.app.get(&format!("/v1/query/jobs/{id}{path}")).bearer_auth(&stranger).send().await.unwrap();
        assert_eq!(answer.status(), 404);
    }
    let address = format!("{}/v1/query/jobs/{id}", bench.app.url);
    assert_eq!(bench.app.http.delete(address).bearer_auth(&stranger).send().await.unwrap().status(), 404);
    for odd in ["job_x", "..", "%2e%2e%2fkeys", "job_00000000000000000000000000"] {
        assert!([400, 404].contains(&result(&bench, odd).await.status().as_u16()), "{odd}");
    }
    assert_eq!(result(&bench, &id).await.status(), 200);
}

#[tokio::test]
async fn a_job_that_is_deleted_stops_and_leaves_nothing() {
    let bench = Bench::start().await;
    let done = submitted(&bench, "synthetic").await;
    ended(&bench, &done).await;
    assert_eq!((files(&bench).len(), delete(&bench, &done).await), (1, 204));
    assert_eq!((files(&bench), delete(&bench, &done).await), (vec![], 404));
    assert_eq!(result(&bench, &done).await.status(), 404);

    bench.probe.be_slow();
    let running = submitted(&bench, "synthetic").await;
    assert_eq!(problem(result(&bench, &running).await).await, (409, "conflict".to_owned()));
    assert_eq!(delete(&bench, &running).await, 204);
    for _ in 0..250 {
        if files(&bench).is_empty() {
            let (_, outcomes) = bench.entries("query.delete").await;
            let done = outcomes.iter().filter(|entry| entry.status == Some(Status::Completed));
            assert_eq!(done.count(), 2);
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it runs on: {:?}", files(&bench));
}

#[tokio::test]
async fn a_result_that_cannot_be_deleted_is_known_of_until_it_is() {
    let bench = Bench::start().await;
    let ids = [submitted(&bench, "synthetic").await, submitted(&bench, "synthetic").await];
    for id in &ids {
        ended(&bench, id).await;
    }
    let file = bench.app.state().config.jobs_folder().join(format!("{}.result", ids[0]));
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    let over = || {
        let now = bench.app.now();
        bench.app.state().db.read("over", move |conn| mudeung_store::query_jobs::list_query_jobs_over(conn, now))
    };
    assert_eq!(delete(&bench, &ids[0]).await, 204);
    assert_eq!(result(&bench, &ids[0]).await.status(), 404, "it is gone for its app");
    assert_eq!(over().await.unwrap().iter().map(ToString::to_string).collect::<Vec<_>>(), ids[..1]);
    std::fs::remove_dir(&file).unwrap();
    assert_eq!(delete(&bench, &ids[1]).await, 204);
    assert_eq!((over().await.unwrap(), files(&bench)), (vec![], vec![]));
}

#[tokio::test]
async fn an_app_has_a_few_jobs_and_their_time_ends() {
    let bench = Bench::start_with(|config| config.jobs.jobs_per_app = 2).await;
    let ids = [submitted(&bench, "synthetic").await, submitted(&bench, "synthetic").await];
    let body = json!({ "sql": sql("synthetic") });
    let full = submit(&bench, &body, &[("prefer", "respond-async")]).await;
    assert_eq!(problem(full).await, (422, "limit_reached".to_owned()));
    for id in &ids {
        ended(&bench, id).await;
    }
    bench.app.clock.advance(Duration::from_secs(24 * 3_600));
    let token = bench.app.token(&bench.app.fixture.reader).await;
    let bench = Bench { token, ..bench };
    assert_eq!(result(&bench, &ids[0]).await.status(), 404);
    assert_eq!(bench.json("/v1/query/jobs").await["items"], json!([]));
    submitted(&bench, "synthetic").await;
}

#[tokio::test]
async fn a_result_beyond_the_limits_fails_and_says_so() {
    let bench = Bench::start_with(|config| config.jobs.result_bytes = 50).await;
    let id = submitted(&bench, "synthetic").await;
    let job = ended(&bench, &id).await;
    assert_eq!((&job["state"], &job["problem"]["code"]), (&json!("failed"), &json!("limit_reached")));
    assert!(job["problem"]["detail"].as_str().unwrap().contains("50 bytes") && job["result"].is_null());
    assert_eq!(problem(result(&bench, &id).await).await, (409, "conflict".to_owned()));
    assert_eq!(files(&bench), Vec::<PathBuf>::new());
    // A query that is refused at once makes no job.
    let refused = submit(&bench, &json!({ "sql": "SELECT * FROM nothing" }), &[("prefer", "respond-async")]).await;
    assert_eq!(refused.status(), 400);
    assert_eq!(bench.json("/v1/query/jobs").await["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_job_whose_server_is_gone_is_over() {
    let bench = Bench::start().await;
    bench.probe.be_slow();
    let id = submitted(&bench, "synthetic").await;
    bench.app.clock.advance(Duration::from_secs(31));
    let job = bench.json(&format!("/v1/query/jobs/{id}")).await;
    assert_eq!(job["state"], "failed");
    assert!(job["problem"]["detail"].as_str().unwrap().contains("Submit it again"), "{job}");
    // It is heard of again: it ran all the time.
    tokio::time::sleep(Duration::from_millis(3_500)).await;
    assert_eq!(bench.json(&format!("/v1/query/jobs/{id}")).await["state"], "running");
}

#[tokio::test]
async fn an_unknown_preference_is_ignored() {
    let bench = Bench::start().await;
    for preference in ["return=minimal", "", "respond-asynchronously", "wait=10; respond-async"] {
        let answer = submit(&bench, &json!({ "sql": sql("synthetic") }), &[("prefer", preference)]).await;
        assert_eq!(answer.status(), 200, "{preference}");
        assert!(answer.headers().get("preference-applied").is_none());
    }
}
