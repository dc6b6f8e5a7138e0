//! Lines 22 to 29: addresses, who may, what is recorded.

use super::{files, lines, refusal, table};
use crate::app::fixture::{DATASET, FILE_BYTES, GRANTED, TABLE};
use crate::data::Bench;
use mudeung_core::organization::OrganizationState;
use serde_json::json;

async fn url(bench: &Bench, tier: &str) -> String {
    let lines = bench.lines_of(tier, &json!({}), None).await;
    lines[2]["file"]["url"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn sharing_22_and_23_an_address_binds_all_it_says_and_dies_with_its_grant() {
    let bench = Bench::start().await;
    let url = url(&bench, "deidentified").await;
    let (path, query) = url.split_once('?').unwrap();
    assert!(query.split('&').any(|pair| pair == "sp=r"));
    let signature = query.rsplit_once("sig=").unwrap().1;
    assert!(signature.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')));
    // Clients write parameters anew; what counts is what they mean.
    let encoded = query.replace('_', "%5F").replace('r', "%72");
    assert_eq!(bench.fetch(&format!("{path}?{encoded}"), None).await.status(), 200);
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap();
        let changed = match value.strip_suffix('1') {
            Some(rest) => format!("{rest}2"),
            None => format!("{}1", &value[..value.len() - 1]),
        };
        let query = query.replace(pair, &format!("{name}={changed}"));
        assert_eq!(bench.fetch(&format!("{path}?{query}"), None).await.status(), 403, "{name}");
    }
    let other = bench.app.fixture.synthetic_file;
    let elsewhere = url.replace(&bench.app.fixture.deidentified_file.to_string(), &other.to_string());
    assert_eq!(bench.fetch(&elsewhere, None).await.status(), 403);
    for step in ["/v1/files/../../etc/passwd", "/v1/files/%2e%2e%2fetc"] {
        let status = bench.app.get(&format!("{step}?{query}")).send().await.unwrap().status().as_u16();
        assert!(matches!(status, 403 | 404), "{step}: {status}");
    }
    bench.revoke_grant().await;
    bench.app.state().snapshots.refresh().await.unwrap();
    assert_eq!(bench.fetch(&url, None).await.status(), 403);
}

#[tokio::test]
async fn sharing_24_to_26_addresses_need_no_token_set_no_cookie_and_count_what_was_sent() {
    let bench = Bench::start().await;
    let url = url(&bench, "synthetic").await;
    let with_a_wrong_token = bench.app.http.get(&url).bearer_auth("nonsense").send().await.unwrap();
    assert_eq!(with_a_wrong_token.status(), 200);
    assert!(!with_a_wrong_token.headers().contains_key("set-cookie"));
    for (range, status) in [("bytes=0-9", 206), ("bytes=10-", 206), ("bytes=-5", 206), ("bytes=10000-", 416)] {
        let answer = bench
            .app
            .http
            .get(&url)
            .header("range", range)
            .header("accept-encoding", "gzip, zstd")
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), status, "{range}");
        assert!(!answer.headers().contains_key("content-encoding"));
    }
    drop(with_a_wrong_token.bytes().await);
    let outcomes = bench.outcomes("data.read_file", 1).await;
    assert_eq!(outcomes[0].bytes, Some(FILE_BYTES));
}

#[tokio::test]
async fn sharing_27_no_token_is_401_and_a_withdrawn_company_403() {
    let bench = Bench::start().await;
    for request in
        [bench.app.get("/delta-sharing/shares"), bench.app.get("/delta-sharing/shares").bearer_auth("nonsense")]
    {
        let answer = request.send().await.unwrap();
        assert!(answer.headers()["www-authenticate"].to_str().unwrap().starts_with("Bearer"));
        let (status, code, message) = refusal(answer).await;
        assert_eq!((status, code.as_str()), (401, "UNAUTHENTICATED"));
        assert!(!message.is_empty());
    }
    let (company, now) = (bench.app.fixture.company, bench.app.now());
    let suspended = OrganizationState::Active.suspend(now).unwrap();
    bench
        .app
        .change_and_see(move |conn| mudeung_store::organizations::update_organization_state(conn, company, suspended))
        .await;
    for path in ["/delta-sharing/shares".to_owned(), format!("{}/metadata", table("synthetic"))] {
        let answer = bench.ask("GET", &path).send().await.unwrap();
        assert_eq!(refusal(answer).await.1, "PERMISSION_DENIED", "{path}");
    }
}

#[tokio::test]
async fn sharing_28_quotas_hold_where_addresses_are_given_and_what_will_not_change_is_4xx() {
    let bench = Bench::start_with(|config| config.limits.requests_per_minute = 6).await;
    bench.with_quota(0, 0).await;
    let (status, code, _) = refusal(bench.shared("deidentified", &json!({}), None).await).await;
    assert_eq!((status, code.as_str()), (429, "RESOURCE_EXHAUSTED"));
    let url = url(&bench, "synthetic").await;
    let mut last = 200;
    for _ in 0..8 {
        let answer = bench.ask("GET", "/delta-sharing/shares").send().await.unwrap();
        last = answer.status().as_u16();
        if last == 429 {
            assert!(answer.headers().contains_key("retry-after"));
        }
    }
    assert_eq!(last, 429);
    for _ in 0..20 {
        assert_eq!(bench.fetch(&url, Some("bytes=0-9")).await.status(), 206, "addresses are never slowed");
    }
}

#[tokio::test]
async fn sharing_29_every_call_and_every_file_has_its_entry_and_they_name_each_other() {
    let bench = Bench::start().await;
    let request = bench.ask("POST", &format!("{}/query", table("deidentified")));
    let request = request.header("user-agent", "Delta-Sharing-Python/1.4.2").json(&json!({
        "limitHint": 5, "jsonPredicateHints": "{\"op\":\"and\"}",
    }));
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let answer = request.header("traceparent", trace).send().await.unwrap();
    let listing: u64 = answer.headers()["mudeung-receipt"].to_str().unwrap().parse().unwrap();
    let lines = lines(answer).await;
    let url = lines[2]["file"]["url"].as_str().unwrap();
    drop(bench.fetch(url, None).await.bytes().await);
    drop(bench.fetch(url, Some("bytes=0-9")).await.bytes().await);
    bench.outcomes("data.read_file", 1).await;
    let (_, queries) = bench.entries("sharing.query").await;
    let query = &queries[0];
    let columns: Vec<String> = GRANTED.map(str::to_owned).to_vec();
    assert_eq!(
        (query.dataset.as_deref(), query.table.as_deref(), query.version),
        (Some(DATASET), Some(TABLE), Some(1))
    );
    assert_eq!((&query.columns, &query.grant), (&Some(columns), &Some(bench.app.fixture.grant.to_string())));
    assert_eq!(query.trace.as_deref(), Some("4bf92f3577b34da6a3ce929d0e0e4736"));
    assert_eq!(query.filter.as_deref(), Some("{\"op\":\"and\"}"));
    let size = lines[2]["file"]["size"].as_u64().unwrap();
    let detail = format!("format=parquet files=1 bytes={size} limit=5 Delta-Sharing-Python/1.4.2");
    assert_eq!(query.detail.as_deref(), Some(detail.as_str()));
    let (reads, _) = bench.entries("data.read_file").await;
    assert_eq!(reads.len(), 2);
    assert!(
        reads
            .iter()
            .all(|read| read.listing == Some(listing) && read.file.as_deref() == Some(files(&lines)[0].1.as_str()))
    );
    let before = bench.app.entry_count().await;
    for path in ["/delta-sharing/shares", "/delta-sharing/shares/nothing"] {
        bench.ask("GET", path).send().await.unwrap();
    }
    assert_eq!(bench.app.entry_count().await, before + 2, "refusals too");
}

#[tokio::test]
async fn a_table_that_is_open_by_rows_is_not_shared_and_says_where_it_can_be_read() {
    let bench = Bench::start().await;
    bench.with_row_filter("age > 60").await;
    let list = bench.ask("GET", &format!("/delta-sharing/shares/{DATASET}/all-tables")).send().await.unwrap();
    assert!(!list.text().await.unwrap().contains("deidentified"));
    for (method, face) in
        [("POST", "query"), ("GET", "metadata"), ("GET", "version"), ("GET", "changes?startingVersion=1")]
    {
        let answer = bench.ask(method, &format!("{}/{face}", table("deidentified"))).send().await.unwrap();
        let (status, _, message) = refusal(answer).await;
        assert_eq!(status, 400, "{face}");
        assert!(message.contains("POST /v1/query"), "{message}");
    }
}
