//! Usage as an app asks for it: by period, told apart as it wishes, page by page, its own alone.

use super::{Bench, table};
use crate::app::fixture::DATASET;
use serde_json::{Value, json};
use std::time::Duration;

/// A server in which the reader read rows of both tiers in the first hour, again a day later, and in the next month.
async fn used() -> Bench {
    let bench = Bench::start().await;
    let mut read = 0;
    for (hours, tiers) in [(0, &["synthetic", "deidentified"][..]), (25, &["deidentified"]), (24 * 40, &["synthetic"])]
    {
        bench.app.clock.advance(Duration::from_secs(hours * 3_600));
        let token = bench.app.token(&bench.app.fixture.reader).await;
        for tier in tiers {
            let path = format!("{}/rows?limit=7", table(tier));
            assert_eq!(
                bench.app.get(&path).bearer_auth(&token).send().await.unwrap().text().await.unwrap().len(),
                7 * super::probe::ROW.len()
            );
            read += 1;
            bench.outcomes("data.read_rows", read).await;
        }
    }
    let token = bench.app.token(&bench.app.fixture.reader).await;
    Bench { token, ..bench }
}

fn parts(usage: &Value, fields: &[&str]) -> Vec<Value> {
    let of = |item: &Value| Value::Array(fields.iter().map(|field| item[*field].clone()).collect());
    usage["items"].as_array().unwrap().iter().map(of).collect()
}

#[tokio::test]
async fn usage_is_told_apart_as_asked_and_other_parts_are_null() {
    let bench = used().await;
    let app = bench.app.fixture.reader_app.to_string();
    let usual = bench.json("/v1/usage").await;
    let expected = [
        json!(["2026-03-02T00:00:00Z", app, DATASET, "deidentified", "data.read_rows", null, 1, 7]),
        json!(["2026-03-02T00:00:00Z", app, DATASET, "synthetic", "data.read_rows", null, 1, 7]),
        json!(["2026-03-03T00:00:00Z", app, DATASET, "deidentified", "data.read_rows", null, 1, 7]),
        json!(["2026-04-12T00:00:00Z", app, DATASET, "synthetic", "data.read_rows", null, 1, 7]),
    ];
    let all = ["period_start", "app", "dataset", "tier", "operation", "grant", "requests", "rows"];
    assert_eq!(parts(&usual, &all), expected);
    let by_grant = bench.json("/v1/usage?granularity=month&group_by=grant").await;
    let grant = bench.app.fixture.grant.to_string();
    let expected = [
        json!(["2026-02-28T15:00:00Z", null, "", 1, 7]),
        json!(["2026-02-28T15:00:00Z", null, grant, 2, 14]),
        json!(["2026-03-31T15:00:00Z", null, "", 1, 7]),
    ];
    assert_eq!(parts(&by_grant, &["period_start", "tier", "grant", "requests", "rows"]), expected);
    let hours = bench.json("/v1/usage?granularity=hour&group_by=&to=2026-03-04T00:00:00Z").await;
    let expected = [json!(["2026-03-02T00:00:00Z", null, 2]), json!(["2026-03-03T01:00:00Z", null, 1])];
    assert_eq!(parts(&hours, &["period_start", "operation", "requests"]), expected);
}

#[tokio::test]
async fn usage_is_walked_page_by_page_and_a_cursor_belongs_to_its_question() {
    let bench = used().await;
    let whole = bench.json("/v1/usage?granularity=hour").await;
    let mut walked = Vec::new();
    let mut path = "/v1/usage?granularity=hour&limit=1".to_owned();
    let mut first = None;
    loop {
        let page = bench.json(&path).await;
        assert_eq!(page["items"].as_array().unwrap().len(), 1);
        walked.extend(page["items"].as_array().unwrap().clone());
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/usage?granularity=hour&limit=1&cursor={cursor}");
        first.get_or_insert(cursor.to_owned());
    }
    assert_eq!(Value::Array(walked), whole["items"]);
    let cursor = first.unwrap();
    for other in ["granularity=day", "granularity=hour&group_by=app", "granularity=hour&from=2026-01-01T00:00:00Z"] {
        let answer = bench.get(&format!("/v1/usage?{other}&cursor={cursor}")).await;
        assert_eq!(answer.json::<Value>().await.unwrap()["code"], "invalid_cursor", "{other}");
    }
}

#[tokio::test]
async fn usage_of_others_is_not_shown_and_bad_questions_are_refused() {
    let bench = used().await;
    let stranger = bench.app.token(&bench.app.fixture.stranger).await;
    let answer = bench.app.get("/v1/usage?group_by=grant").bearer_auth(stranger).send().await.unwrap();
    assert_eq!(answer.json::<Value>().await.unwrap()["items"], json!([]));
    for bad in ["granularity=week", "group_by=organization", "group_by=app,app", "from=yesterday", "month=2026-03"] {
        let answer = bench.get(&format!("/v1/usage?{bad}")).await;
        assert_eq!(answer.json::<Value>().await.unwrap()["code"], "invalid_parameter", "{bad}");
    }
}
