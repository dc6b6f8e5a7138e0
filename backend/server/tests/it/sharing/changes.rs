//! Line 30: what changed between versions.

use super::{DELTA, lines, refusal, table};
use crate::data::Bench;
use mudeung_core::tier::Tier;
use serde_json::{Value, json};

async fn ask(bench: &Bench, query: &str, capabilities: Option<&str>) -> reqwest::Response {
    let mut request = bench.ask("GET", &format!("{}/changes?{query}", table("synthetic")));
    if let Some(capabilities) = capabilities {
        request = request.header("delta-sharing-capabilities", capabilities);
    }
    request.send().await.unwrap()
}

/// Kind, version and identifier of each file.
fn actions(lines: &[Value]) -> Vec<(String, u64, String)> {
    let plain =
        lines.iter().flat_map(|line| ["add", "remove"].into_iter().filter_map(|kind| Some((kind, line.get(kind)?))));
    let plain = plain.map(|(kind, file)| (kind.to_owned(), file));
    let wrapped = lines.iter().filter_map(|line| line.get("file")).map(|file| {
        let kind = file["deltaSingleAction"].as_object().unwrap().keys().next().unwrap();
        (kind.clone(), file)
    });
    let read = |(kind, file): (String, &Value)| {
        assert!(file["timestamp"].as_i64().unwrap() > 1_772_000_000_000);
        (kind, file["version"].as_u64().unwrap(), file["id"].as_str().unwrap().to_owned())
    };
    plain.chain(wrapped).map(read).collect()
}

#[tokio::test]
async fn sharing_30_without_history_there_is_nothing_to_compare() {
    let bench = Bench::start().await;
    let (status, _, message) = refusal(ask(&bench, "startingVersion=1", None).await).await;
    assert_eq!(status, 400);
    assert!(message.contains("one version only"), "{message}");
    let plain = bench.lines_of("synthetic", &json!({}), Some(DELTA)).await;
    assert_eq!(plain[1]["metaData"]["deltaMetadata"]["configuration"], json!({}));
}

#[tokio::test]
async fn sharing_30_a_version_is_what_went_and_what_came() {
    let bench = Bench::start().await;
    bench.publish(Tier::Synthetic, 2, &[10, 20]).await;
    bench.publish(Tier::Synthetic, 3, &[30]).await;
    let bench = bench.renewed().await;
    for capabilities in [None, Some(DELTA)] {
        let lines = lines(ask(&bench, "startingVersion=1", capabilities).await).await;
        let seen: Vec<(String, u64)> = actions(&lines).into_iter().map(|(kind, version, _)| (kind, version)).collect();
        let expected = [("add", 1), ("remove", 2), ("add", 2), ("add", 2), ("remove", 3), ("remove", 3), ("add", 3)];
        assert_eq!(seen, expected.map(|(kind, version)| (kind.to_owned(), version)));
        if capabilities.is_some() {
            assert_eq!(lines[0]["protocol"]["deltaProtocol"]["minWriterVersion"], 4);
            let configuration = &lines[1]["metaData"]["deltaMetadata"]["configuration"];
            assert_eq!(configuration["delta.enableChangeDataFeed"], "true");
        }
        assert_eq!(lines[1]["metaData"]["version"], 1);
    }
    let some = lines(ask(&bench, "startingVersion=2&endingVersion=2", None).await).await;
    assert_eq!(actions(&some).len(), 3);
    // What went is served from the version it stood in.
    let gone = some.iter().find_map(|line| line.get("remove")).unwrap();
    assert_eq!(bench.fetch(gone["url"].as_str().unwrap(), None).await.status(), 200);
    let streamed = bench.lines_of("synthetic", &json!({ "startingVersion": 2, "endingVersion": 2 }), None).await;
    assert_eq!(actions(&streamed), actions(&some));
}

#[tokio::test]
async fn sharing_30_spans_are_checked() {
    let bench = Bench::start().await;
    let second = bench.publish(Tier::Synthetic, 2, &[10]).await;
    let bench = bench.renewed().await;
    for query in [
        "",
        "startingVersion=0",
        "startingVersion=3",
        "startingVersion=-1",
        "startingVersion=2&endingVersion=1",
        "startingVersion=1&startingTimestamp=2026-01-01T00:00:00Z",
        "startingVersion=1&endingVersion=2&endingTimestamp=2030-01-01T00:00:00Z",
        "startingTimestamp=2030-01-01T00:00:00Z",
        "startingTimestamp=soon",
        "startingVersion=1&pageToken=x",
    ] {
        assert_eq!(refusal(ask(&bench, query, None).await).await.0, 400, "{query}");
    }
    let moment = jiff::Timestamp::from_second(second.seconds()).unwrap();
    let lines = lines(ask(&bench, &format!("startingTimestamp={moment}&endingVersion=99&unknown=1"), None).await).await;
    assert_eq!(actions(&lines).iter().map(|(_, version, _)| *version).collect::<Vec<_>>(), [2, 2]);
}

#[tokio::test]
async fn sharing_30_pages_of_changes_are_the_whole() {
    let bench = Bench::start().await;
    bench.publish(Tier::Synthetic, 2, &[10, 20, 30]).await;
    let bench = bench.renewed().await;
    let whole = actions(&lines(ask(&bench, "startingVersion=1", None).await).await);
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let page = lines(ask(&bench, &format!("startingVersion=1&maxFiles=2&pageToken={token}"), None).await).await;
        assert!(page[0].get("protocol").is_some() && page[1].get("metaData").is_some());
        seen.extend(actions(&page));
        match page.last().unwrap()["endStreamAction"]["nextPageToken"].as_str() {
            Some(next) => next.clone_into(&mut token),
            None => break,
        }
    }
    assert_eq!(seen, whole);
}

#[tokio::test]
async fn sharing_30_a_file_that_stayed_and_a_schema_that_changed_are_told_as_such() {
    let bench = Bench::start().await;
    // The same bytes under another version are no change.
    bench.publish_as(Tier::Synthetic, 2, |_| {}).await;
    bench
        .publish_as(Tier::Synthetic, 3, |manifest| {
            manifest.tables[0].columns.pop();
        })
        .await;
    let bench = bench.renewed().await;
    let same = lines(ask(&bench, "startingVersion=2&endingVersion=2", None).await).await;
    assert!(actions(&same).is_empty());
    let historical = lines(ask(&bench, "startingVersion=1&includeHistoricalMetadata=true", None).await).await;
    let schemas: Vec<(u64, usize)> = historical
        .iter()
        .filter_map(|line| line.get("metaData"))
        .map(|metadata| {
            let schema: Value = serde_json::from_str(metadata["schemaString"].as_str().unwrap()).unwrap();
            (metadata["version"].as_u64().unwrap(), schema["fields"].as_array().unwrap().len())
        })
        .collect();
    assert_eq!(schemas, [(1, 3), (3, 2)]);
    let plain = lines(ask(&bench, "startingVersion=1", None).await).await;
    assert_eq!(plain.iter().filter(|line| line.get("metaData").is_some()).count(), 1);
}
