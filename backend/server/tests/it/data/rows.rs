//! Rows and queries: what the source is asked for, and in which words it is answered.

use super::probe::ROW;
use super::{Bench, table};
use crate::app::fixture::{GRANTED, ROWS};
use mudeung_core::reader::{ColumnView, Format};
use serde_json::Value;

#[tokio::test]
async fn a_column_grant_asks_the_source_for_its_columns_alone_in_every_format() {
    let bench = Bench::start().await;
    let formats = [
        ("application/json", Format::Json),
        ("application/x-ndjson", Format::JsonLines),
        ("text/csv", Format::Csv),
        ("application/vnd.apache.arrow.stream", Format::ArrowStream),
        ("application/vnd.apache.parquet", Format::Parquet),
    ];
    for (accept, format) in formats {
        let path = format!("{}/rows", table("deidentified"));
        let answer = bench.app.get(&path).bearer_auth(&bench.token).header("accept", accept).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert!(answer.headers()["content-type"].to_str().unwrap().starts_with(accept));
        assert_eq!(answer.bytes().await.unwrap().len(), ROW.len() * usize::try_from(ROWS).unwrap());
        let asked = bench.probe.rows.lock().unwrap().pop().unwrap();
        assert_eq!((asked.columns, asked.format), (GRANTED.map(str::to_owned).to_vec(), format));
        let body = serde_json::json!({ "sql": "select * from cohort.deidentified.visits" });
        let request = bench.app.post("/v1/query").bearer_auth(&bench.token).header("accept", accept).json(&body);
        assert_eq!(request.send().await.unwrap().status(), 200);
        let query = bench.probe.queries.lock().unwrap().pop().unwrap();
        let shown = query.tables.iter().find(|shown| shown.table.tier.as_str() == "deidentified").unwrap();
        assert_eq!(shown.columns, ColumnView::Only(GRANTED.map(str::to_owned).to_vec().into()));
        assert_eq!(query.format, format);
    }
}

#[tokio::test]
async fn columns_that_are_not_open_do_not_exist() {
    let bench = Bench::start().await;
    for part in ["columns=note", "columns=nothing", "columns=", "columns=age,note", "filter=note%20is%20null"] {
        let answer = bench.get(&format!("{}/rows?{part}", table("deidentified"))).await;
        assert_eq!(answer.status(), 400, "{part}");
        assert_eq!(answer.json::<Value>().await.unwrap()["code"], "unknown_column", "{part}");
    }
    assert!(bench.probe.rows.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_row_filter_is_always_added_and_takes_the_files_away() {
    let bench = Bench::start().await;
    bench.with_row_filter("note = 'open'").await;
    let path = format!("{}/rows?columns=age&filter=age%20%3E%3D%2060&limit=5", table("deidentified"));
    assert_eq!(bench.get(&path).await.status(), 200);
    let asked = bench.probe.rows.lock().unwrap().pop().unwrap();
    assert_eq!(asked.filter.unwrap().to_string(), "\"note\" = 'open' and \"age\" >= 60");
    assert_eq!((asked.columns, asked.limit), (vec!["age".to_owned()], 5));
    assert_eq!(bench.query("select * from cohort.deidentified.visits").await.status(), 200);
    let query = bench.probe.queries.lock().unwrap().pop().unwrap();
    assert_eq!(query.tables.iter().filter(|shown| shown.rows.is_some()).count(), 1);
    assert_eq!(bench.get(&format!("{}/files", table("deidentified"))).await.status(), 422);
    let file = bench.app.fixture.deidentified_file;
    assert_eq!(bench.get(&format!("/v1/files/{file}")).await.status(), 404);
    assert!(bench.probe.views.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_query_is_recorded_with_its_tables_before_it_runs() {
    let bench = Bench::start().await;
    let sql = "select * from cohort.deidentified.visits join cohort.synthetic.visits";
    let answer = bench.query(sql).await;
    let receipt: u64 = answer.headers()["mudeung-receipt"].to_str().unwrap().parse().unwrap();
    answer.bytes().await.unwrap();
    let outcome = bench.outcomes("query.run", 1).await.remove(0);
    assert_eq!((outcome.intent, outcome.rows), (Some(receipt), Some(ROWS)));
    let (intents, _) = bench.entries("query.run").await;
    assert_eq!(intents[0].filter.as_deref(), Some(sql));
    let tables = "cohort.synthetic.visits@1 cohort.deidentified.visits@1";
    assert_eq!(intents[0].table.as_deref(), Some(tables));
    assert_eq!(intents[0].grant, Some(bench.app.fixture.grant.to_string()));
    let stranger = bench.app.token(&bench.app.fixture.stranger).await;
    let body = serde_json::json!({ "sql": "select * from cohort.deidentified.visits" });
    let refused = bench.app.post("/v1/query").bearer_auth(stranger).json(&body).send().await.unwrap();
    assert_eq!(refused.json::<Value>().await.unwrap()["code"], "invalid_query");
}

#[tokio::test]
async fn nobody_takes_a_part_for_the_whole() {
    let bench = Bench::start_with(|config| config.limits.rows_per_answer = 50).await;
    let path = format!("{}/rows", table("synthetic"));
    assert!(bench.get(&path).await.bytes().await.is_err(), "100 rows are there, 50 are allowed, all were asked for");
    let outcome = bench.outcomes("data.read_rows", 1).await.remove(0);
    assert_eq!(outcome.detail.as_deref(), Some("limit_reached"));
    assert_eq!(outcome.rows, Some(50));
    assert_eq!(bench.get(&format!("{path}?limit=50")).await.bytes().await.unwrap().len(), 50 * ROW.len());
    assert_eq!(bench.get(&format!("{path}?limit=51")).await.status(), 400);
    assert_eq!(bench.get(&format!("{path}?limit=0")).await.bytes().await.unwrap().len(), 0);
}
