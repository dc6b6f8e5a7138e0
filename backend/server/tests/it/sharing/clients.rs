//! What clients that cannot run here send, request by request: Spark's connector and DuckDB's extension, as far as their
//! sources say.

use super::{files, lines, table};
use crate::app::fixture::{DATASET, TABLE};
use crate::data::Bench;
use mudeung_core::tier::Tier;
use serde_json::{Value, json};

/// `delta-sharing-spark` 3 and later: metadata, a snapshot with a refresh token, files by range only, a renewal.
#[tokio::test]
async fn spark_reads_a_table_and_renews_its_addresses() {
    let bench = Bench::start().await;
    bench.publish(Tier::Synthetic, 2, &[10, 20]).await;
    let bench = bench.renewed().await;
    let features = "readerfeatures=deletionvectors,columnmapping,timestampntz,v2checkpoint,vacuumprotocolcheck";
    let capabilities = format!("responseformat=parquet,delta;{features};includeendstreamaction=true");
    let spark = |method: &str, path: &str| {
        let request =
            bench.ask(method, path).header("user-agent", "Delta-Sharing-Spark/3.3.0 Spark/3.5.5 Java/17 Scala/2.12");
        request.header("delta-sharing-capabilities", &capabilities)
    };
    let version = spark("GET", &format!("{}/version", table("synthetic"))).send().await.unwrap();
    assert_eq!(version.headers()["delta-table-version"], "2");
    let metadata = lines(spark("GET", &format!("{}/metadata", table("synthetic"))).send().await.unwrap()).await;
    assert_eq!(metadata.len(), 2, "exactly two lines, or the client fails");
    let query = spark("POST", &format!("{}/query", table("synthetic"))).json(&json!({
        "predicateHints": [], "jsonPredicateHints": null, "limitHint": null, "version": null, "timestamp": null,
        "startingVersion": null, "endingVersion": null, "maxFiles": null, "pageToken": null,
        "includeRefreshToken": true, "refreshToken": null,
    }));
    let answer = query.send().await.unwrap();
    assert_eq!(answer.headers()["delta-sharing-capabilities"], "responseformat=parquet;includeendstreamaction=true");
    assert_eq!(answer.headers()["delta-table-version"], "2");
    let shown = lines(answer).await;
    let end = &shown.last().unwrap()["endStreamAction"];
    let expires = end["minUrlExpirationTimestamp"].as_i64().unwrap();
    let file = &shown[2]["file"];
    assert!(file["expirationTimestamp"].as_i64().unwrap() >= expires);
    let part = bench.fetch(file["url"].as_str().unwrap(), Some("bytes=9990-9999")).await;
    assert_eq!(part.status(), 206, "an answer with 200 fails the client");
    let renewal = spark("POST", &format!("{}/query", table("synthetic"))).json(&json!({
        "predicateHints": [], "includeRefreshToken": true, "refreshToken": end["refreshToken"],
    }));
    let renewed = lines(renewal.send().await.unwrap()).await;
    assert_eq!(files(&renewed), files(&shown));
    assert!(renewed.last().unwrap()["endStreamAction"]["refreshToken"].is_string());
}

/// `delta-sharing-spark` in pages, as it asks by default: `maxFiles` with each query.
#[tokio::test]
async fn spark_streams_changes_in_pages() {
    let bench = Bench::start().await;
    bench.publish(Tier::Synthetic, 2, &[10, 20]).await;
    let bench = bench.renewed().await;
    let (mut token, mut adds) = (Value::Null, 0);
    for _ in 0..10 {
        let body = json!({
            "predicateHints": [], "startingVersion": 1, "endingVersion": 2, "maxFiles": 1, "pageToken": token,
            "includeHistoricalProtocol": true,
        });
        let capabilities = "responseformat=delta;readerfeatures=deletionvectors;includeendstreamaction=true";
        let shown = bench.lines_of("synthetic", &body, Some(capabilities)).await;
        let added = |line: &&Value| line["file"]["deltaSingleAction"].get("add").is_some();
        adds += shown.iter().filter(added).count();
        token = shown.last().unwrap()["endStreamAction"]["nextPageToken"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!(adds, 3);
}

/// DuckDB's community extension: lists, the version by `HEAD`, and a query whose body has keys of its own.
#[tokio::test]
async fn duckdb_lists_asks_the_version_by_head_and_queries() {
    let bench = Bench::start().await;
    let duck = |method: &str, path: &str| bench.ask(method, path).header("user-agent", "delta-sharing-spark/3.1.0");
    for path in [
        "/shares".to_owned(),
        format!("/shares/{DATASET}/schemas"),
        format!("/shares/{DATASET}/schemas/synthetic/tables"),
    ] {
        let list: Value = duck("GET", &format!("/delta-sharing{path}")).send().await.unwrap().json().await.unwrap();
        assert!(!list["items"].as_array().unwrap().is_empty(), "{path}");
    }
    let head = duck("HEAD", &table("synthetic").replace(TABLE, &TABLE.to_uppercase())).send().await.unwrap();
    assert_eq!((head.status().as_u16(), &head.headers()["delta-table-version"]), (200, &"1".parse().unwrap()));
    let hint = json!({ "op": "and", "children": [
        { "op": "greaterThanOrEqual", "children": [
            { "op": "column", "name": "age", "valueType": "int" }, { "op": "literal", "value": "40", "valueType": "int" },
        ] },
        { "op": "equal", "children": [
            { "op": "column", "name": "person", "valueType": "string" }, { "op": "literal", "value": "x", "valueType": "string" },
        ] },
    ] });
    let body =
        json!({ "responseFormat": "delta", "predicateHints": ["age >= 40"], "jsonPredicateHints": hint.to_string() });
    let query = duck("POST", &format!("{}/query", table("synthetic"))).json(&body);
    let query = query.header(
        "delta-sharing-capabilities",
        "responseformat=delta;readerfeatures=deletionvectors,varianttype,varianttype-preview",
    );
    let shown = lines(query.send().await.unwrap()).await;
    let url = shown[2]["file"]["deltaSingleAction"]["add"]["path"].as_str().unwrap();
    let head = bench.app.http.head(url).send().await.unwrap();
    assert_eq!(head.headers()["accept-ranges"], "bytes");
    assert_eq!(bench.fetch(url, Some("bytes=0-3")).await.status(), 206);
}
