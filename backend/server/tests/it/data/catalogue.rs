//! What there is to see, for whom, and in which words.

use super::{Bench, table};
use crate::app::fixture::{COLUMNS, DATASET, GRANTED, ROWS};
use reqwest::Response;
use serde_json::Value;

/// Everything of an answer that a caller could learn from, without the identifiers of the call.
async fn visible(answer: Response) -> (u16, Vec<(String, String)>, Value) {
    let status = answer.status().as_u16();
    let own = ["date", "mudeung-call", "traceparent", "ratelimit"];
    let headers = answer.headers().iter().filter(|(name, _)| !own.contains(&name.as_str()));
    let mut headers: Vec<_> =
        headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    headers.sort();
    let mut body: Value = answer.json().await.unwrap();
    body["instance"] = Value::Null;
    (status, headers, body)
}

#[tokio::test]
async fn what_is_not_granted_looks_exactly_like_what_does_not_exist() {
    let bench = Bench::start().await;
    let stranger = bench.app.token(&bench.app.fixture.stranger).await;
    let file = bench.app.fixture.deidentified_file.to_string();
    let pairs = [
        ("/v1/datasets/cohort/deidentified".to_owned(), "/v1/datasets/nothing/deidentified".to_owned()),
        ("/v1/datasets/cohort/deidentified/versions".to_owned(), "/v1/datasets/cohort/secret/versions".to_owned()),
        (table("deidentified"), "/v1/datasets/cohort/deidentified/tables/nothing".to_owned()),
        (table("deidentified"), "/v1/datasets/cohort/deidentified/tables/visits?version=99".to_owned()),
        (format!("{}/files", table("deidentified")), "/v1/datasets/x/deidentified/tables/visits/files".to_owned()),
        (format!("{}/rows", table("deidentified")), "/v1/datasets/x/deidentified/tables/visits/rows".to_owned()),
        (format!("/v1/files/{file}"), "/v1/files/fil_00000000000000000000000000".to_owned()),
    ];
    for (hidden, absent) in pairs {
        let ask = |path: String| bench.app.get(&path).bearer_auth(&stranger).send();
        let (hidden_answer, absent_answer) = (ask(hidden.clone()).await.unwrap(), ask(absent).await.unwrap());
        assert_eq!(hidden_answer.status(), 404, "{hidden}");
        assert_eq!(visible(hidden_answer).await, visible(absent_answer).await, "{hidden}");
    }
}

#[tokio::test]
async fn the_catalogue_shows_what_is_open_and_what_could_be() {
    let bench = Bench::start().await;
    let of = async |token: &str, path: &str| {
        bench.app.get(path).bearer_auth(token).send().await.unwrap().json::<Value>().await.unwrap()
    };
    let stranger = bench.app.token(&bench.app.fixture.stranger).await;
    let own = of(&bench.token, "/v1/datasets").await;
    assert_eq!(own["next_cursor"], Value::Null);
    assert_eq!(own["items"][0]["id"], DATASET);
    assert_eq!(own["items"][0]["tiers"], serde_json::json!(["synthetic", "deidentified"]));
    let others = of(&stranger, "/v1/datasets/cohort").await;
    assert_eq!(others["tiers"], serde_json::json!(["synthetic"]));
    assert_eq!(others["tiers_published"], serde_json::json!(["synthetic", "deidentified"]));
    let hospital = bench.app.token(&bench.app.fixture.hospital_account).await;
    assert_eq!(bench.app.get("/v1/datasets").bearer_auth(hospital).send().await.unwrap().status(), 403);
    assert_eq!(bench.app.get("/v1/datasets").send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn a_column_grant_shows_exactly_its_columns_everywhere() {
    let bench = Bench::start().await;
    let tier = bench.json("/v1/datasets/cohort/deidentified").await;
    assert_eq!(tier["tables"][0]["columns"], serde_json::json!(GRANTED));
    assert_eq!((tier["version"].as_u64(), tier["simulated"].as_bool()), (Some(1), Some(false)));
    let schema = bench.json(&table("deidentified")).await;
    let names: Vec<_> = schema["columns"].as_array().unwrap().iter().map(|column| column["name"].clone()).collect();
    assert_eq!(names, GRANTED);
    assert_eq!(schema["rows"], ROWS);
    let whole = bench.json(&table("synthetic")).await;
    assert_eq!(whole["columns"].as_array().unwrap().len(), COLUMNS.len());
    assert_eq!(whole["simulated"], true);
    assert!(!schema.to_string().contains("note"));
}

#[tokio::test]
async fn answers_are_in_the_callers_language_and_carry_a_receipt() {
    let bench = Bench::start().await;
    for (accepted, given) in [("ko-KR,en;q=0.5", "ko"), ("en", "en"), ("fr", "en")] {
        let request = bench.app.get("/v1/datasets").bearer_auth(&bench.token).header("accept-language", accepted);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.headers()["content-language"], given);
        assert_eq!(answer.headers()["ratelimit-policy"], "\"requests\";q=6000;w=60");
        let index = answer.headers()["mudeung-receipt"].to_str().unwrap().to_owned();
        let receipt = bench.json(&format!("/v1/receipts/{index}")).await;
        assert_eq!(receipt["entry"]["operation"], "catalog.list_datasets");
        assert_eq!(receipt["entry"]["app"], bench.app.fixture.reader.id);
        let stranger = bench.app.token(&bench.app.fixture.stranger).await;
        let other = bench.app.get(&format!("/v1/receipts/{index}")).bearer_auth(stranger).send().await.unwrap();
        assert_eq!(other.status(), 404);
    }
}

#[tokio::test]
async fn lists_are_walked_page_by_page_and_foreign_cursors_are_refused() {
    let bench = Bench::start().await;
    bench.get(&format!("{}/rows?limit=1", table("synthetic"))).await.bytes().await.unwrap();
    bench.get(&format!("{}/rows?limit=1", table("deidentified"))).await.bytes().await.unwrap();
    bench.outcomes("data.read_rows", 2).await;
    let first = bench.json("/v1/usage?limit=1").await;
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = bench.json(&format!("/v1/usage?limit=1&cursor={cursor}")).await;
    assert_eq!(second["next_cursor"], Value::Null);
    assert_ne!(first["items"][0]["tier"], second["items"][0]["tier"]);
    for path in [format!("/v1/quota?cursor={cursor}"), format!("/v1/usage?granularity=hour&cursor={cursor}")] {
        let problem: Value = bench.get(&path).await.json().await.unwrap();
        assert_eq!(problem["code"], "invalid_cursor", "{path}");
    }
    let grants = bench.json("/v1/grants").await;
    assert_eq!(grants["items"][0]["tables"][0]["columns"], serde_json::json!(["age", "person"]));
}

#[tokio::test]
async fn a_token_without_the_scope_is_turned_away_and_that_is_recorded() {
    let bench = Bench::start().await;
    let token = bench.app.token_with(&bench.app.fixture.reader, Some("usage.read")).await;
    let file = format!("/v1/files/{}", bench.app.fixture.synthetic_file);
    for (path, operation) in [("/v1/datasets", "access.list_datasets"), (&file, "access.read_file")] {
        let answer = bench.app.get(path).bearer_auth(&token).send().await.unwrap();
        assert_eq!(answer.status(), 403);
        let (_, refusals) = bench.entries(operation).await;
        assert_eq!(refusals[0].detail.as_deref(), Some("insufficient_scope"), "{path}");
        assert_eq!(refusals[0].app.as_ref(), Some(&bench.app.fixture.reader.id));
    }
}
