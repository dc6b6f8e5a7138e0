//! GA4GH DRS 1.5 from outside.

use crate::app::fixture::{DATASET, FILE_BYTES, GRANTED, TABLE};
use crate::data::Bench;
use crate::reader::file_bytes;
use mudeung_core::reader::ColumnView;
use mudeung_core::tier::Tier;
use reqwest::Response;
use serde_json::{Value, json};

const OBJECTS: &str = "/ga4gh/drs/v1/objects";

async fn object(bench: &Bench, id: &str) -> Value {
    bench.json(&format!("{OBJECTS}/{id}")).await
}

async fn refusal(answer: Response) -> u16 {
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["status_code"], status);
    assert!(!body["msg"].as_str().unwrap().is_empty());
    status
}

/// The identifier of the version of a tier.
fn version(bench: &Bench, tier: Tier) -> String {
    bench.app.state().snapshots.present().published(DATASET, tier, None).unwrap().id.to_string()
}

#[tokio::test]
async fn the_service_describes_itself() {
    let bench = Bench::start().await;
    let info: Value = bench.app.get("/ga4gh/drs/v1/service-info").send().await.unwrap().json().await.unwrap();
    assert_eq!(info["type"], json!({ "group": "org.ga4gh", "artifact": "drs", "version": "1.5.0" }));
    assert_eq!((&info["maxBulkRequestLength"], &info["drs"]["maxBulkRequestLength"]), (&json!(100), &json!(100)));
    for field in ["id", "name", "version"] {
        assert!(info[field].is_string(), "{field}");
    }
    for id in [bench.app.fixture.deidentified_file.to_string(), "fil_00000000000000000000000000".to_owned()] {
        let answer = bench.app.request("OPTIONS", &format!("{OBJECTS}/{id}")).send().await.unwrap();
        let shown: Value = answer.json().await.unwrap();
        assert_eq!(shown["supported_types"], json!(["BearerAuth"]));
        assert_eq!(shown["bearer_auth_issuers"], json!([bench.app.url]));
    }
}

#[tokio::test]
async fn a_file_is_what_its_address_gives_to_this_caller() {
    let bench = Bench::start().await;
    let granted = ColumnView::Only(GRANTED.map(str::to_owned).to_vec().into());
    let fixture = &bench.app.fixture;
    for (id, view) in [(fixture.synthetic_file, ColumnView::All), (fixture.deidentified_file, granted)] {
        let shown = object(&bench, &id.to_string()).await;
        let host = bench.app.url.strip_prefix("http://").unwrap();
        assert_eq!(shown["self_uri"], format!("drs://{host}/{id}"));
        assert_eq!(shown["size"], file_bytes(&view).len());
        assert_eq!(shown["checksums"][0]["type"], "sha-256");
        assert_eq!(shown["checksums"][0]["checksum"].as_str().unwrap().len(), 64);
        let access = shown["access_methods"][0]["access_id"].as_str().unwrap();
        for method in ["GET", "POST"] {
            let path = format!("{OBJECTS}/{id}/access/{access}");
            let answer = bench.app.request(method, &path).bearer_auth(&bench.token).send().await.unwrap();
            let address: Value = answer.json().await.unwrap();
            let bytes = bench.fetch(address["url"].as_str().unwrap(), None).await.bytes().await.unwrap();
            assert_eq!(bytes, file_bytes(&view));
        }
    }
}

#[tokio::test]
async fn versions_and_tables_are_bundles() {
    let bench = Bench::start().await;
    let id = version(&bench, Tier::Synthetic);
    let shown = object(&bench, &id).await;
    assert_eq!(shown["size"], FILE_BYTES);
    let table = format!("{id}.{TABLE}");
    assert_eq!((&shown["contents"][0]["name"], &shown["contents"][0]["id"]), (&json!(TABLE), &json!(table)));
    assert!(shown["contents"][0].get("contents").is_none() && shown.get("access_methods").is_none());
    let expanded = bench.json(&format!("{OBJECTS}/{id}?expand=true")).await;
    let file = bench.app.fixture.synthetic_file.to_string();
    assert_eq!(expanded["contents"][0]["contents"][0]["id"], file);
    let shown = object(&bench, &table).await;
    assert_eq!(
        (&shown["contents"][0]["name"], &shown["contents"][0]["id"]),
        (&json!("part-00000.parquet"), &json!(file))
    );
    assert_eq!(refusal(bench.get(&format!("{OBJECTS}/{table}/access/https")).await).await, 404);
}

#[tokio::test]
async fn what_is_not_granted_is_what_does_not_exist() {
    let bench = Bench::start().await;
    let stranger = bench.app.token(&bench.app.fixture.stranger).await;
    let hidden = version(&bench, Tier::Deidentified);
    for id in [
        bench.app.fixture.deidentified_file.to_string(),
        hidden.clone(),
        format!("{hidden}.{TABLE}"),
        "fil_00000000000000000000000000".to_owned(),
        "ver_00000000000000000000000000".to_owned(),
        format!("{hidden}.nothing"),
        "nonsense".to_owned(),
    ] {
        for path in [format!("{OBJECTS}/{id}"), format!("{OBJECTS}/{id}/access/https")] {
            let answer = bench.app.get(&path).bearer_auth(&stranger).send().await.unwrap();
            assert_eq!(refusal(answer).await, 404, "{path}");
        }
    }
    assert_eq!(refusal(bench.app.get(&format!("{OBJECTS}/nonsense")).send().await.unwrap()).await, 401);
    let wrong = format!("{OBJECTS}/{}/access/ftp", bench.app.fixture.synthetic_file);
    assert_eq!(refusal(bench.get(&wrong).await).await, 404);
    bench.with_row_filter("age > 60").await;
    let by_rows = format!("{OBJECTS}/{}", bench.app.fixture.deidentified_file);
    assert_eq!(refusal(bench.get(&by_rows).await).await, 404, "a table open by rows has no files");
}

#[tokio::test]
async fn several_objects_are_asked_for_at_once_up_to_a_limit() {
    let bench = Bench::start().await;
    let ask = |body: Value| bench.app.post(OBJECTS).bearer_auth(&bench.token).json(&body).send();
    let known = bench.app.fixture.synthetic_file.to_string();
    let answer: Value = ask(json!({ "bulk_object_ids": [known, "nothing"] })).await.unwrap().json().await.unwrap();
    assert_eq!(answer["summary"], json!({ "requested": 2, "resolved": 1, "unresolved": 1 }));
    assert_eq!(answer["resolved_drs_object"][0]["id"], known);
    assert_eq!(answer["unresolved_drs_objects"], json!([{ "error_code": 404, "object_ids": ["nothing"] }]));
    assert_eq!(refusal(ask(json!({ "bulk_object_ids": vec!["x"; 101] })).await.unwrap()).await, 413);
    assert_eq!(refusal(ask(json!({ "ids": [] })).await.unwrap()).await, 400);
}

#[tokio::test]
async fn every_object_and_every_address_is_in_the_ledger_and_quotas_hold() {
    let bench = Bench::start().await;
    let id = bench.app.fixture.deidentified_file.to_string();
    object(&bench, &id).await;
    let answer = bench.get(&format!("{OBJECTS}/{id}/access/https")).await;
    let listing: u64 = answer.headers()["mudeung-receipt"].to_str().unwrap().parse().unwrap();
    let address: Value = answer.json().await.unwrap();
    drop(bench.fetch(address["url"].as_str().unwrap(), None).await.bytes().await);
    let outcome = &bench.outcomes("data.read_file", 1).await[0];
    assert_eq!(outcome.grant, Some(bench.app.fixture.grant.to_string()));
    let (reads, _) = bench.entries("data.read_file").await;
    assert_eq!(reads[0].listing, Some(listing));
    for operation in ["drs.read_object", "drs.access_object"] {
        let (_, shown) = bench.entries(operation).await;
        assert_eq!((shown.len(), shown[0].file.as_deref()), (1, Some(id.as_str())), "{operation}");
    }
    bench.with_quota(0, 0).await;
    assert_eq!(refusal(bench.get(&format!("{OBJECTS}/{id}/access/https")).await).await, 429);
}
