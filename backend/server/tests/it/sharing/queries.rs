//! Lines 9 to 21: negotiation and queries.

use super::{DELTA, files, lines, refusal, table};
use crate::data::Bench;
use mudeung_core::tier::Tier;
use serde_json::{Value, json};

#[tokio::test]
async fn sharing_09_formats_are_negotiated_and_echoed() {
    let bench = Bench::start().await;
    for (capabilities, format) in [
        (None, "parquet"),
        (Some("responseformat=delta,parquet;readerfeatures=x"), "parquet"),
        (Some("responseformat=parquet"), "parquet"),
        (Some("ResponseFormat=Delta;NewThing=1"), "delta"),
        (Some("newthing=1"), "parquet"),
    ] {
        let answer = bench.shared("synthetic", &json!({}), capabilities).await;
        assert_eq!(answer.headers()["delta-sharing-capabilities"], format!("responseformat={format}").as_str());
        let lines = lines(answer).await;
        assert_eq!(lines[0]["protocol"].get("deltaProtocol").is_some(), format == "delta");
        assert_eq!(lines[2]["file"].get("url").is_some(), format == "parquet");
    }
    assert_eq!(refusal(bench.shared("synthetic", &json!({}), Some("responseformat=avro")).await).await.0, 400);
}

#[tokio::test]
async fn sharing_10_the_end_of_the_stream_is_told_to_who_asked_only() {
    let bench = Bench::start().await;
    for (capabilities, ended) in [(None, false), (Some(DELTA), false), (Some("includeEndStreamAction=TRUE"), true)] {
        let answer = bench.shared("synthetic", &json!({}), capabilities).await;
        let echo =
            answer.headers()["delta-sharing-capabilities"].to_str().unwrap().contains("includeendstreamaction=true");
        let lines = lines(answer).await;
        let last = lines.last().unwrap();
        assert_eq!((last.get("endStreamAction").is_some(), echo), (ended, ended));
        if ended {
            assert!(last["endStreamAction"]["minUrlExpirationTimestamp"].as_i64().unwrap() > 1_772_409_600_000);
        }
        assert_eq!(lines.iter().filter(|line| line.get("endStreamAction").is_some()).count(), usize::from(ended));
    }
}

#[tokio::test]
async fn sharing_11_the_scheme_of_identifiers_is_echoed_or_refused() {
    let bench = Bench::start().await;
    let ask = async |scheme: &str| {
        bench.ask("POST", &format!("{}/query", table("synthetic"))).header("fileidhash", scheme).send().await.unwrap()
    };
    assert_eq!(ask("Parquet").await.headers()["fileidhash"], "parquet");
    assert_eq!(ask("DELTA").await.headers()["fileidhash"], "delta");
    assert_eq!(refusal(ask("md5").await).await.0, 400);
    let plain = bench.shared("synthetic", &json!({}), None).await;
    assert!(!plain.headers().contains_key("fileidhash"));
}

#[tokio::test]
async fn sharing_12_bodies_are_read_with_patience() {
    let bench = Bench::start().await;
    for body in [
        "",
        "  ",
        "{}",
        r#"{"predicateHints":["age > 3","nonsense("],"limitHint":null,"responseFormat":"delta"}"#,
        r#"{"predicateHints":"age > 3","jsonPredicateHints":"{","unknown":{"a":[1]}}"#,
        r#"{"limitHint":"many","jsonPredicateHints":7}"#,
    ] {
        for kind in ["application/json", "application/json; charset=utf-8", "text/plain"] {
            let request = bench.ask("POST", &format!("{}/query", table("synthetic"))).header("content-type", kind);
            assert_eq!(files(&lines(request.body(body).send().await.unwrap()).await).len(), 1, "{body}");
        }
    }
    for body in ["[", "[]", "7", "\"x\""] {
        let request = bench.ask("POST", &format!("{}/query", table("synthetic")));
        assert_eq!(refusal(request.body(body).send().await.unwrap()).await.0, 400, "{body}");
    }
}

#[tokio::test]
async fn sharing_13_a_query_is_about_one_moment() {
    let bench = Bench::start().await;
    bench.publish(Tier::Synthetic, 2, &[10]).await;
    let bench = bench.renewed().await;
    for body in [
        json!({ "version": 1, "timestamp": "2026-03-02T00:00:00Z" }),
        json!({ "version": 1, "startingVersion": 1 }),
        json!({ "timestamp": "2026-03-02T00:00:00Z", "startingVersion": 1 }),
        json!({ "version": -1 }),
        json!({ "version": 1.5 }),
        json!({ "version": 3 }),
        json!({ "version": 0 }),
        json!({ "timestamp": "2020-01-01T00:00:00Z" }),
        json!({ "timestamp": "now" }),
    ] {
        let (status, code, message) = refusal(bench.shared("synthetic", &body, None).await).await;
        assert_eq!((status, code.as_str()), (400, "INVALID_PARAMETER_VALUE"), "{body}");
        assert!(message.len() > 20, "{message}");
    }
}

#[tokio::test]
async fn sharing_14_a_limit_lists_no_more_files_than_it_takes() {
    let bench = Bench::start().await;
    bench.publish(Tier::Synthetic, 2, &[10, 20, 30, 40]).await;
    let bench = bench.renewed().await;
    for (limit, count) in [(0, 0), (1, 1), (10, 1), (11, 2), (30, 2), (31, 3), (60, 3), (61, 4), (1_000, 4)] {
        let listed = files(&bench.lines_of("synthetic", &json!({ "limitHint": limit }), Some(DELTA)).await);
        assert_eq!(listed.len(), count, "limit {limit}");
        let rows: u64 = listed.iter().map(|(rows, _)| rows).sum();
        assert!(rows >= limit.min(100));
    }
}

#[tokio::test]
async fn sharing_15_hints_leave_out_files_that_hold_nothing_and_only_those() {
    let bench = Bench::start().await;
    bench.publish(Tier::Synthetic, 2, &[10, 20]).await;
    let bench = bench.renewed().await;
    let hint = |op: &str, value: &str| {
        let tree = json!({ "op": op, "children": [
            { "op": "column", "name": "age", "valueType": "int" },
            { "op": "literal", "value": value, "valueType": "int" },
        ] });
        json!({ "jsonPredicateHints": tree.to_string() })
    };
    let count = async |body: Value| files(&bench.lines_of("synthetic", &body, None).await).len();
    assert_eq!(count(hint("greaterThan", "99")).await, 0, "nobody in the data is older");
    assert_eq!(count(hint("greaterThan", "98")).await, 2);
    assert_eq!(count(hint("resembles", "99")).await, 2, "what cannot be read means all");
    assert_eq!(count(json!({ "jsonPredicateHints": "{\"op\":" })).await, 2);
    // The column is there, but not for this caller: it is not looked at.
    let note = json!({ "op": "equal", "children": [
        { "op": "column", "name": "note", "valueType": "string" }, { "op": "literal", "value": "x", "valueType": "string" },
    ] });
    let lines = bench.lines_of("deidentified", &json!({ "jsonPredicateHints": note.to_string() }), None).await;
    assert_eq!(files(&lines).len(), 1);
}

#[tokio::test]
async fn sharing_16_pages_repeat_their_head_and_stay_with_their_version() {
    let bench = Bench::start().await;
    bench.publish(Tier::Synthetic, 2, &[1, 2, 3, 4, 5]).await;
    let bench = bench.renewed().await;
    let whole = files(&bench.lines_of("synthetic", &json!({}), None).await);
    let (mut seen, mut heads, mut token) = (Vec::new(), Vec::new(), None::<String>);
    loop {
        let mut body = json!({ "maxFiles": 2 });
        if let Some(token) = &token {
            body["pageToken"] = json!(token);
        }
        let lines = bench.lines_of("synthetic", &body, None).await;
        heads.push(lines[..2].to_vec());
        seen.extend(files(&lines));
        if seen.len() == 2 {
            bench.publish(Tier::Synthetic, 3, &[7]).await;
        }
        token = lines.last().unwrap()["endStreamAction"]["nextPageToken"].as_str().map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    assert_eq!(seen, whole);
    assert_eq!(heads.len(), 3);
    assert!(heads.iter().all(|head| head[0] == heads[0][0] && head[1]["metaData"]["version"] == 2));
    let first = bench.lines_of("synthetic", &json!({ "maxFiles": 2, "version": 2 }), None).await;
    let token = first.last().unwrap()["endStreamAction"]["nextPageToken"].as_str().unwrap().to_owned();
    for other in
        [json!({ "maxFiles": 2, "limitHint": 3, "pageToken": token }), json!({ "pageToken": format!("{token}A") })]
    {
        assert_eq!(refusal(bench.shared("synthetic", &other, None).await).await.0, 400);
    }
}

#[tokio::test]
async fn sharing_17_a_file_keeps_its_id_and_says_its_length() {
    let bench = Bench::start().await;
    for tier in ["synthetic", "deidentified"] {
        let one = bench.lines_of(tier, &json!({}), None).await;
        let other = bench.lines_of(tier, &json!({}), Some(DELTA)).await;
        assert_eq!(files(&one), files(&other));
        let file = &one[2]["file"];
        let answer = bench.fetch(file["url"].as_str().unwrap(), None).await;
        assert_eq!(answer.headers()["content-length"], file["size"].to_string().as_str());
        let add = &other[2]["file"]["deltaSingleAction"]["add"];
        assert_eq!(add["size"], file["size"]);
        assert_eq!(bench.fetch(add["path"].as_str().unwrap(), None).await.status(), 200);
    }
}

#[tokio::test]
async fn sharing_18_an_old_version_is_the_same_after_a_new_one() {
    let bench = Bench::start().await;
    let before = bench.lines_of("synthetic", &json!({}), None).await;
    let second = bench.publish(Tier::Synthetic, 2, &[10, 20]).await;
    let bench = bench.renewed().await;
    assert_eq!(files(&bench.lines_of("synthetic", &json!({}), None).await).len(), 2);
    let earlier = jiff::Timestamp::from_second(second.seconds() - 1).unwrap().to_string();
    for body in [json!({ "version": 1 }), json!({ "timestamp": earlier })] {
        let lines = bench.lines_of("synthetic", &body, None).await;
        assert_eq!(files(&lines), files(&before));
        let bytes = async |lines: &[Value]| {
            bench.fetch(lines[2]["file"]["url"].as_str().unwrap(), None).await.bytes().await.unwrap()
        };
        assert_eq!(bytes(&lines).await, crate::reader::file_bytes(&mudeung_core::reader::ColumnView::All));
    }
}

#[tokio::test]
async fn sharing_19_to_21_delta_lines_have_what_kernels_need_and_no_statistics() {
    let bench = Bench::start().await;
    let answer = bench.shared("deidentified", &json!({}), Some(DELTA)).await;
    let text = answer.text().await.unwrap();
    for leak in ["minValues", "maxValues", "nullCount", "note"] {
        assert!(!text.contains(leak), "{leak}");
    }
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["protocol"]["deltaProtocol"]["minWriterVersion"], 2);
    assert_eq!(lines[1]["metaData"]["deltaMetadata"]["format"], json!({ "provider": "parquet", "options": {} }));
    let add = &lines[2]["file"]["deltaSingleAction"]["add"];
    assert_eq!(add["dataChange"], true);
    assert!(add["modificationTime"].as_i64().unwrap() > 0);
    assert_eq!(add["stats"], json!({ "numRecords": 100 }).to_string());
}

#[tokio::test]
async fn addresses_are_renewed_for_the_version_they_were_given_for() {
    let bench = Bench::start().await;
    let lines =
        bench.lines_of("synthetic", &json!({ "includeRefreshToken": true }), Some("includeendstreamaction=true")).await;
    let token = lines.last().unwrap()["endStreamAction"]["refreshToken"].as_str().unwrap().to_owned();
    bench.publish(Tier::Synthetic, 2, &[10, 20]).await;
    let bench = bench.renewed().await;
    let again = bench.lines_of("synthetic", &json!({ "refreshToken": token }), None).await;
    assert_eq!(files(&again), files(&lines));
    assert_ne!(again[2]["file"]["url"], lines[2]["file"]["url"]);
    let foreign = bench.shared("deidentified", &json!({ "refreshToken": token }), None).await;
    assert_eq!(refusal(foreign).await.0, 400);
}
