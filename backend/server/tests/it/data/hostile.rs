//! Input that nobody well-meaning sends.

use super::{Bench, table};
use serde_json::Value;

#[tokio::test]
async fn hostile_addresses_are_problems_and_never_faults_of_ours() {
    let bench = Bench::start().await;
    let rows = format!("{}/rows", table("synthetic"));
    let many = (0..10_000).map(|number| format!("c{number}")).collect::<Vec<_>>().join(",");
    let same = vec!["age"; 3_000].join(",");
    let long = "x".repeat(9_000);
    let addresses = [
        format!("{rows}?columns={}", &many[..20_000]),
        format!("{rows}?columns={same}"),
        format!("{rows}?filter=age%20%3D%20%27{long}%27"),
        format!("{rows}?filter=age%20%3D"),
        format!("{rows}?filter=%00"),
        format!("{rows}?filter=%ff%fe"),
        format!("{rows}?filter=%zz"),
        format!("{rows}?limit=-1"),
        format!("{rows}?limit=99999999999999999999"),
        format!("{rows}?limit=1&limit=2"),
        format!("{rows}?nonsense=1"),
        format!("{rows}?version=0"),
        format!("{rows}?version=-1"),
        format!("{rows}?format=xml"),
        "/v1/datasets?cursor=AAAA".to_owned(),
        format!("/v1/datasets?cursor={long}"),
        "/v1/datasets?cursor=%00".to_owned(),
        "/v1/datasets?limit=0".to_owned(),
        "/v1/usage?from=yesterday".to_owned(),
        "/v1/usage?granularity=second".to_owned(),
    ];
    for address in addresses {
        let answer = bench.get(&address).await;
        let shown: String = address.chars().take(120).collect();
        assert!(matches!(answer.status().as_u16(), 400 | 414), "{shown}: {}", answer.status());
        let problem: Value = answer.json().await.unwrap();
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.len() < 2_000), "{shown}");
    }
    for address in [
        "/v1/datasets/%2e%2e%2fetc",
        "/v1/datasets/cohort%00/synthetic",
        "/v1/datasets/%ff/synthetic",
        "/v1/datasets/COHORT",
        "/v1/datasets/cohort/Synthetic",
        "/v1/files/fil_../../etc/passwd",
        "/v1/receipts/18446744073709551615",
        "/v1/receipts/-1",
        "/v1/receipts/99999999999999999999999",
    ] {
        let status = bench.get(address).await.status().as_u16();
        assert!(matches!(status, 400 | 404), "{address}: {status}");
    }
    assert!(bench.probe.rows.lock().unwrap().is_empty());
}

#[tokio::test]
async fn hostile_queries_are_problems() {
    let bench = Bench::start().await;
    for sql in ["", "  ", "select '\u{0}' from cohort.synthetic.visits", &"x".repeat(20_000), "select 1"] {
        let answer = bench.query(sql).await;
        assert_eq!(answer.status(), 400, "{:?}", sql.get(..20));
    }
    let post = |kind: &'static str, body: Vec<u8>| {
        bench.app.post("/v1/query").bearer_auth(&bench.token).header("content-type", kind).body(body).send()
    };
    let bodies: [(&str, Vec<u8>, u16); 6] = [
        ("application/json", b"{".to_vec(), 400),
        ("application/json", b"{\"sql\": 1}".to_vec(), 400),
        ("application/json", b"{\"sql\": \"\xff\"}".to_vec(), 400),
        ("application/json", "[".repeat(60_000).into_bytes(), 400),
        ("application/json", vec![b' '; 100_000], 413),
        ("text/plain", b"{\"sql\": \"select 1\"}".to_vec(), 415),
    ];
    for (kind, body, status) in bodies {
        let start = String::from_utf8_lossy(&body[..10.min(body.len())]).into_owned();
        let answer = post(kind, body).await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{start}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
    }
    assert!(bench.probe.queries.lock().unwrap().is_empty());
}
