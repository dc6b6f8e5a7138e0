//! Usage as an app asks for it: by period, told apart as it wishes, page by page, its own alone.

use super::{Bench, table};
use crate::app::fixture::DATASET;
use crate::portal::Browser;
use mudeung_core::member::Role;
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

#[tokio::test]
async fn an_export_has_the_figures_of_the_pages_in_every_form() {
    let bench = used().await;
    let question = "granularity=hour&group_by=app,dataset,tier,operation,grant";
    let pages = bench.json(&format!("/v1/usage?{question}")).await;
    let items = pages["items"].as_array().unwrap().clone();
    assert!(items.len() >= 4);
    let events: Value = bench.json(&format!("/v1/usage?{question}&format=cloudevents")).await;
    let events = events.as_array().unwrap();
    assert_eq!(events.len(), items.len());
    let mut ids = std::collections::BTreeSet::new();
    for (event, item) in events.iter().zip(&items) {
        let mut data = event["data"].clone();
        assert_eq!(data.as_object_mut().unwrap().remove("granularity"), Some(json!("hour")));
        assert_eq!(&data, item);
        assert_eq!((&event["specversion"], &event["type"]), (&json!("1.0"), &json!("io.mudeung.usage.v1")));
        assert_eq!((&event["subject"], &event["time"]), (&item["app"], &item["period_start"]));
        assert_eq!(event["source"], format!("{}/v1/usage", bench.app.url));
        assert!(ids.insert(event["id"].as_str().unwrap().to_owned()), "each sum has its own identifier");
    }
    let again: Value = bench.json(&format!("/v1/usage?{question}&format=cloudevents")).await;
    assert_eq!(&again, &Value::Array(events.clone()), "the same sums are the same events");
    // The tables, as the engine is given them.
    for (format, accept, media) in [
        ("csv", "text/csv", "text/csv; charset=utf-8"),
        ("parquet", "application/vnd.apache.parquet", "application/vnd.apache.parquet"),
    ] {
        let asked = bench.get(&format!("/v1/usage?{question}&format={format}")).await;
        assert_eq!((asked.status().as_u16(), asked.headers()["content-type"].to_str().unwrap()), (200, media));
        let name = format!("attachment; filename=\"mudeung-usage.{format}\"");
        assert_eq!(asked.headers()["content-disposition"].to_str().unwrap(), name);
        let text = asked.text().await.unwrap();
        for part in ["rows", "bytes", "requests"] {
            let counts: Vec<u64> = items.iter().map(|item| item[part].as_u64().unwrap()).collect();
            assert!(text.contains(&format!("{part}: Counts({counts:?})\n")), "{text}");
        }
        for part in ["app", "dataset", "tier", "operation", "grant"] {
            let texts: Vec<Option<&str>> = items.iter().map(|item| item[part].as_str()).collect();
            assert!(text.contains(&format!("{part}: Texts({texts:?})\n")), "{part}: {text}");
        }
        let path = format!("/v1/usage?{question}");
        let request = bench.app.get(&path).bearer_auth(&bench.token).header("accept", accept);
        assert_eq!(request.send().await.unwrap().text().await.unwrap(), text, "as the header asks");
    }
}

#[tokio::test]
async fn an_export_has_no_pages_and_no_unknown_forms() {
    let bench = used().await;
    for (query, status, code) in [
        ("format=csv&limit=1", 400, "invalid_parameter"),
        ("format=cloudevents&cursor=x", 400, "invalid_parameter"),
        ("format=xml", 400, "invalid_parameter"),
    ] {
        let answer = bench.get(&format!("/v1/usage?{query}")).await;
        assert_eq!(answer.status(), status, "{query}");
        assert_eq!(answer.json::<Value>().await.unwrap()["code"], code, "{query}");
    }
    let request = bench.app.get("/v1/usage").bearer_auth(&bench.token).header("accept", "text/html");
    assert_eq!(request.send().await.unwrap().status(), 406);
}

#[actix_web::test]
async fn the_portal_gives_a_company_its_own_figures_and_the_hospital_all_with_their_organizations() {
    let bench = used().await;
    for (role, of_all) in [(Role::Developer, false), (Role::Admin, true)] {
        let mut browser = Browser::of(&bench.app, role).await;
        let page = browser.get("/ko/usage?by=hour").await;
        assert!(
            page.body.contains("/ko/usage/export?format=parquet&#38;by=hour")
                || page.body.contains("/ko/usage/export?format=parquet&amp;by=hour"),
            "{}",
            page.body
        );
        let shown = browser.get("/en/usage/export?format=cloudevents&group=app").await;
        assert_eq!((shown.status, shown.header("content-type")), (200, "application/cloudevents-batch+json"));
        let events: Value = serde_json::from_str(&shown.body).unwrap();
        let events = events.as_array().unwrap();
        assert!(!events.is_empty());
        assert!(events.iter().all(|event| event["data"]["organization"].is_string() == of_all));
        assert_eq!(browser.get("/en/usage/export?format=xml").await.status, 400);
    }
    let entries = bench.app.entries().await;
    assert_eq!(entries.iter().filter(|entry| entry.operation == "usage.export").count(), 2);
}
