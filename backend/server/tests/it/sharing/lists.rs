//! Lines 1 to 8: discovery, versions, metadata.

use super::{DELTA, lines, refusal, table};
use crate::app::fixture::{COLUMNS, DATASET, GRANTED, TABLE};
use crate::data::Bench;
use mudeung_core::name::Name;
use mudeung_core::tier::Tier;
use serde_json::{Value, json};

#[tokio::test]
async fn sharing_01_only_what_is_granted_is_listed_and_the_rest_does_not_exist() {
    let bench = Bench::start().await;
    let answer = bench.ask("GET", "/delta-sharing/shares").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/json; charset=utf-8");
    let text = answer.text().await.unwrap();
    assert!(!text.contains('\n'));
    let shares: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(shares["items"].as_array().unwrap().len(), 1);
    assert_eq!(shares["items"][0]["name"], DATASET);
    let stranger = bench.app.token(&bench.app.fixture.stranger).await;
    for path in
        ["/delta-sharing/shares/nothing", &table("deidentified"), &format!("{}/metadata", table("deidentified"))]
    {
        let answer = bench.app.get(path).bearer_auth(&stranger).send().await.unwrap();
        assert_eq!(refusal(answer).await.1, "RESOURCE_DOES_NOT_EXIST", "{path}");
    }
    let schemas = bench.app.get(&format!("/delta-sharing/shares/{DATASET}/schemas")).bearer_auth(&stranger);
    let schemas: Value = schemas.send().await.unwrap().json().await.unwrap();
    assert_eq!(schemas, json!({ "items": [{ "name": "synthetic", "share": DATASET }] }));
}

#[tokio::test]
async fn sharing_02_pages_have_every_item_once_and_their_tokens_are_sealed() {
    let bench = Bench::start().await;
    let all = format!("/delta-sharing/shares/{DATASET}/all-tables");
    let page = async |token: Option<&str>, max: &str| -> Value {
        let token = token.map(|token| format!("&pageToken={token}")).unwrap_or_default();
        bench.ask("GET", &format!("{all}?maxResults={max}{token}")).send().await.unwrap().json().await.unwrap()
    };
    let first = page(None, "1").await;
    let token = first["nextPageToken"].as_str().unwrap().to_owned();
    let second = page(Some(&token), "1").await;
    assert!(second.get("nextPageToken").is_none());
    let named = |page: &Value| (page["items"][0]["schema"].clone(), page["items"][0]["name"].clone());
    assert_eq!(
        [named(&first), named(&second)],
        [(json!("deidentified"), json!(TABLE)), (json!("synthetic"), json!(TABLE))]
    );
    let none = page(None, "0").await;
    assert_eq!(none["items"], json!([]));
    assert_eq!(named(&page(none["nextPageToken"].as_str(), "1").await), named(&first));
    assert_eq!(page(Some(""), "9").await["items"].as_array().unwrap().len(), 2, "an empty token is none");
    assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')));
    let mut other = token.clone().into_bytes();
    other[0] = if other[0] == b'A' { b'B' } else { b'A' };
    for bad in [String::from_utf8(other).unwrap(), "%2B%2F%3D".to_owned(), "x".repeat(3_000)] {
        let answer = bench.ask("GET", &format!("{all}?pageToken={bad}")).send().await.unwrap();
        assert_eq!(refusal(answer).await.0, 400, "{bad}");
    }
    let elsewhere = bench.ask("GET", &format!("/delta-sharing/shares?pageToken={token}")).send().await.unwrap();
    assert_eq!(refusal(elsewhere).await.0, 400);
}

#[tokio::test]
async fn sharing_03_items_name_their_place_have_stable_ids_and_case_means_nothing() {
    let bench = Bench::start().await;
    let tables = bench.ask("GET", &format!("/delta-sharing/shares/{DATASET}/schemas/synthetic/tables"));
    let tables: Value = tables.send().await.unwrap().json().await.unwrap();
    let item = &tables["items"][0];
    assert_eq!((&item["name"], &item["schema"], &item["share"]), (&json!(TABLE), &json!("synthetic"), &json!(DATASET)));
    let id = item["id"].as_str().unwrap();
    assert!(uuid_like(id) && uuid_like(item["shareId"].as_str().unwrap()), "{item}");
    for path in [table("synthetic"), table("SYNTHETIC").replace(DATASET, "CoHoRt").replace(TABLE, "VISITS")] {
        let shown: Value = bench.ask("GET", &path).send().await.unwrap().json().await.unwrap();
        assert_eq!((&shown["id"], &shown["format"]), (&json!(id), &json!("delta")));
    }
    let share: Value = bench.ask("GET", "/delta-sharing/shares/COHORT").send().await.unwrap().json().await.unwrap();
    assert_eq!((&share["share"]["name"], &share["share"]["id"]), (&json!(DATASET), &item["shareId"]));
    let lines = bench.lines_of("Synthetic", &json!({}), None).await;
    assert_eq!(lines[1]["metaData"]["id"], id);
}

fn uuid_like(text: &str) -> bool {
    let parts: Vec<usize> = text.split('-').map(str::len).collect();
    parts == [8, 4, 4, 4, 12] && text.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
}

#[test]
fn sharing_04_names_that_clients_cannot_use_are_refused_when_things_are_made() {
    for bad in ["a.b", "a b", "a/b", "A", "", "가", "a\u{7f}", &"x".repeat(65)] {
        assert!(Name::parse(bad).is_err(), "{bad}");
    }
}

#[tokio::test]
async fn sharing_05_every_answer_about_a_table_has_its_version() {
    let bench = Bench::start().await;
    bench.publish(Tier::Synthetic, 2, &[10]).await;
    bench.publish(Tier::Synthetic, 3, &[20]).await;
    let bench = bench.renewed().await;
    for (method, path) in [
        ("GET", format!("{}/version", table("synthetic"))),
        ("HEAD", table("synthetic")),
        ("GET", format!("{}/metadata", table("synthetic"))),
        ("POST", format!("{}/query", table("synthetic"))),
    ] {
        let answer = bench.ask(method, &path).send().await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["delta-table-version"]),
            (200, &"3".parse().unwrap()),
            "{path}"
        );
    }
    let changes = bench.ask("GET", &format!("{}/changes?startingVersion=2", table("synthetic"))).send().await.unwrap();
    assert_eq!(changes.headers()["delta-table-version"], "2");
}

#[tokio::test]
async fn sharing_06_the_version_is_a_header_without_a_body() {
    let bench = Bench::start().await;
    let second = bench.publish(Tier::Synthetic, 2, &[10]).await;
    let third = bench.publish(Tier::Synthetic, 3, &[10]).await;
    let bench = bench.renewed().await;
    let ask = async |moment: &str| {
        let path = format!("{}/version?startingTimestamp={moment}", table("synthetic"));
        bench.ask("GET", &path).send().await.unwrap()
    };
    let text = |seconds: i64| jiff::Timestamp::from_second(seconds).unwrap().to_string();
    for (moment, version) in
        [(0, "1"), (second.seconds() - 1, "2"), (second.seconds(), "2"), (second.seconds() + 1, "3")]
    {
        let answer = ask(&text(moment)).await;
        assert_eq!(answer.headers()["delta-table-version"], version);
        assert!(answer.bytes().await.unwrap().is_empty());
    }
    assert_eq!(refusal(ask(&text(third.seconds() + 1)).await).await.0, 400);
    assert_eq!(refusal(ask("yesterday").await).await.0, 400);
    let head = bench.ask("HEAD", &table("synthetic")).send().await.unwrap();
    assert_eq!(head.headers()["delta-table-version"], "3");
}

#[tokio::test]
async fn sharing_07_and_08_metadata_is_two_lines_of_what_is_granted() {
    let bench = Bench::start().await;
    for (tier, names) in [("synthetic", COLUMNS.map(|(name, _)| name).to_vec()), ("deidentified", GRANTED.to_vec())] {
        for capabilities in ["responseformat=parquet", DELTA] {
            let request = bench.ask("GET", &format!("{}/metadata", table(tier)));
            let answer = request.header("delta-sharing-capabilities", capabilities).send().await.unwrap();
            let lines = lines(answer).await;
            assert_eq!(lines.len(), 2);
            let metadata = &lines[1]["metaData"];
            assert_eq!(metadata["accessModes"], json!(["url"]));
            let inner = metadata.get("deltaMetadata").unwrap_or(metadata);
            assert_eq!(inner["partitionColumns"], json!([]));
            let schema: Value = serde_json::from_str(inner["schemaString"].as_str().unwrap()).unwrap();
            let fields = schema["fields"].as_array().unwrap();
            let shown: Vec<&str> = fields.iter().map(|field| field["name"].as_str().unwrap()).collect();
            assert_eq!(shown, names);
            assert!(fields.iter().all(|field| matches!(field["type"].as_str(), Some("string" | "integer"))));
        }
    }
    for (query, status) in
        [("version=1", 200), ("version=2", 400), ("version=-1", 400), ("version=1&timestamp=x", 400), ("more=1", 200)]
    {
        let answer = bench.ask("GET", &format!("{}/metadata?{query}", table("synthetic"))).send().await.unwrap();
        assert_eq!(answer.status(), status, "{query}");
    }
}
