//! Files by both doors: ranges, conditions, headers, and what the addresses bind.

use super::{Bench, table};
use crate::app::fixture::{COLUMNS, FILE_BYTES, GRANTED};
use crate::reader::file_bytes;
use mudeung_core::reader::ColumnView;
use serde_json::Value;
use std::time::Duration;

fn granted() -> ColumnView {
    ColumnView::Only(GRANTED.map(str::to_owned).to_vec().into())
}

#[tokio::test]
async fn a_file_is_listed_as_it_is_served() {
    let bench = Bench::start().await;
    for (tier, view) in [("synthetic", ColumnView::All), ("deidentified", granted())] {
        let item = bench.json(&format!("{}/files", table(tier))).await["items"][0].clone();
        let url = item["url"].as_str().unwrap();
        assert!(url.starts_with(&bench.app.url) && url.contains("sp=r"), "{url}");
        let answer = bench.fetch(url, None).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["accept-ranges"], "bytes");
        assert_eq!(answer.headers()["content-type"], "application/vnd.apache.parquet");
        assert!(!answer.headers().contains_key("content-encoding"));
        let bytes = answer.bytes().await.unwrap();
        assert_eq!(bytes, file_bytes(&view));
        assert_eq!(item["size_bytes"], bytes.len());
    }
    assert!(bench.probe.views.lock().unwrap().iter().any(|view| view.columns == granted()));
}

#[tokio::test]
async fn ranges_and_conditions_work_by_both_doors() {
    let bench = Bench::start().await;
    let whole = file_bytes(&ColumnView::All);
    let url = bench.address("synthetic").await;
    let path = format!("{}/v1/files/{}", bench.app.url, bench.app.fixture.synthetic_file);
    for (url, bearer) in [(&url, false), (&path, true)] {
        let ask = async |headers: &[(&str, &str)]| {
            let mut request = bench.app.http.get(url);
            if bearer {
                request = request.bearer_auth(&bench.token);
            }
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            request.send().await.unwrap()
        };
        let tag = ask(&[]).await.headers()["etag"].to_str().unwrap().to_owned();
        for (range, expected) in [("bytes=0-9", 0..10), ("bytes=9990-", 9990..10_000), ("bytes=-7", 9993..10_000)] {
            let answer = ask(&[("range", range)]).await;
            assert_eq!(answer.status(), 206);
            let shown = format!("bytes {}-{}/{FILE_BYTES}", expected.start, expected.end - 1);
            assert_eq!(answer.headers()["content-range"], shown.as_str());
            assert!(answer.headers().contains_key("mudeung-receipt"));
            assert_eq!(answer.bytes().await.unwrap(), whole.slice(expected));
        }
        let answer = ask(&[("range", "bytes=10000-")]).await;
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["content-range"]),
            (416, &"bytes */10000".parse().unwrap())
        );
        assert_eq!(ask(&[("range", "bytes=0-1,4-5")]).await.bytes().await.unwrap(), whole);
        assert_eq!(ask(&[("if-none-match", &tag)]).await.status(), 304);
        assert_eq!(ask(&[("range", "bytes=0-1"), ("if-range", &tag)]).await.status(), 206);
        assert_eq!(ask(&[("range", "bytes=0-1"), ("if-range", "\"old\"")]).await.status(), 200);
    }
}

#[tokio::test]
async fn head_answers_what_get_would_and_sends_nothing() {
    let bench = Bench::start().await;
    let url = bench.address("deidentified").await;
    let (get, head) = (bench.fetch(&url, None).await, bench.app.http.head(&url).send().await.unwrap());
    for name in ["content-length", "content-type", "etag", "accept-ranges", "cache-control"] {
        assert_eq!(get.headers()[name], head.headers()[name], "{name}");
    }
    assert_eq!(head.status(), 200);
    assert!(head.bytes().await.unwrap().is_empty());
    get.bytes().await.unwrap();
    let outcomes = bench.outcomes("data.read_file", 1).await;
    assert_eq!(outcomes.len(), 1, "HEAD reads nothing");
}

#[tokio::test]
async fn failed_checks_on_an_address_are_bare_403s() {
    let bench = Bench::start().await;
    let url = bench.address("deidentified").await;
    let bare = async |url: &str| {
        let answer = bench.fetch(url, None).await;
        assert_eq!(answer.status(), 403, "{url}");
        assert!(answer.bytes().await.unwrap().is_empty());
    };
    bare(&url.replace("exp=1", "exp=2")).await;
    bare(&format!("{url}&more=1")).await;
    bare(&url[..url.len() - 4]).await;
    let synthetic = bench.app.fixture.synthetic_file.to_string();
    bare(&url.replace(&bench.app.fixture.deidentified_file.to_string(), &synthetic)).await;
    let encoded = url.replace("grant=grt_", "grant=grt%5F");
    assert_eq!(bench.fetch(&encoded, None).await.status(), 200, "clients re-encode");
    let with_token = bench.app.http.get(&url).bearer_auth("nonsense").send().await.unwrap();
    assert_eq!(with_token.status(), 200, "a token beside a signature is ignored");
    assert_eq!(bench.app.get("/v1/files/nonsense").bearer_auth(&bench.token).send().await.unwrap().status(), 404);
    bench.app.clock.advance(Duration::from_secs(3_600));
    bare(&url).await;
}

#[tokio::test]
async fn an_address_dies_with_its_grant_and_with_its_credential() {
    let bench = Bench::start().await;
    let (deidentified, synthetic) = (bench.address("deidentified").await, bench.address("synthetic").await);
    assert_eq!(bench.fetch(&deidentified, None).await.status(), 200);
    bench.revoke_grant().await;
    bench.app.state().snapshots.refresh().await.unwrap();
    assert_eq!(bench.fetch(&deidentified, None).await.status(), 403);
    assert_eq!(bench.fetch(&synthetic, None).await.status(), 200);
    let (credential, now) = (bench.app.fixture.reader_credential, bench.app.now());
    bench
        .app
        .change_and_see(move |conn| {
            let revoked = mudeung_core::credential::CredentialState::Revoked { revoked_at: now };
            mudeung_store::credentials::update_credential_state(conn, credential, revoked)
        })
        .await;
    assert_eq!(bench.fetch(&synthetic, None).await.status(), 403);
    let item: Value = bench.get(&format!("{}/files", table("synthetic"))).await.json().await.unwrap();
    assert_eq!(item["code"], "unauthenticated");
    assert_eq!(COLUMNS.len(), 3);
}
