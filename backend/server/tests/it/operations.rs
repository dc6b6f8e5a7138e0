//! What the operator and every client see beside the data: health, readiness, metrics, headers.

use crate::app::TestApp;
use mudeung_server::config::MetricsReaders;
use serde_json::Value;

#[tokio::test]
async fn a_server_that_can_serve_says_so() {
    let app = TestApp::start().await;
    assert_eq!(app.get("/healthz").send().await.unwrap().text().await.unwrap(), "ok\n");
    let answer = app.get("/readyz").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let ready: Value = answer.json().await.unwrap();
    assert_eq!(ready["ready"], true);
}

#[tokio::test]
async fn a_server_whose_ledger_fails_is_not_ready_and_is_again_when_it_works() {
    let app = TestApp::start().await;
    let away = crate::ledger::Away::take(&app);
    let answer = app.ask_token(&app.fixture.reader, None).await;
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.headers()["retry-after"], "1");
    assert_eq!(answer.json::<Value>().await.unwrap()["error"], "temporarily_unavailable");
    let answer = app.get("/readyz").send().await.unwrap();
    assert_eq!(answer.status(), 503);
    let ready: Value = answer.json().await.unwrap();
    assert_eq!((&ready["ready"], &ready["ledger"]), (&Value::Bool(false), &Value::Bool(false)));
    drop(away);
    app.token(&app.fixture.reader).await;
    assert_eq!(app.get("/readyz").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn metrics_count_by_operation_and_are_for_this_machine_alone() {
    let app = TestApp::start().await;
    app.token(&app.fixture.reader).await;
    app.get("/nowhere").send().await.unwrap();
    let text = app.get("/metrics").send().await.unwrap().text().await.unwrap();
    for line in [
        r#"mudeung_requests_total{operation="issue_token",status="2xx"} 1"#,
        r#"mudeung_requests_total{operation="none",status="4xx"} 1"#,
        r#"mudeung_request_duration_seconds_count{operation="issue_token"} 1"#,
        "mudeung_ledger_healthy 1",
        "mudeung_open_leases 0",
        "mudeung_known_tokens 0",
    ] {
        assert!(text.contains(line), "{line} is missing from {text}");
    }
    let through_proxy = app.get("/metrics").header("x-forwarded-for", "203.0.113.7").send().await.unwrap();
    assert_eq!(through_proxy.status(), 404);
    let app = TestApp::start_with(|config| config.operations.metrics = MetricsReaders::Nobody).await;
    assert_eq!(app.get("/metrics").send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn every_answer_has_a_call_a_trace_and_safe_defaults() {
    let app = TestApp::start().await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let answer = app.get("/healthz").header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"));
    let answer = answer.send().await.unwrap();
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert!(header("mudeung-call").starts_with("cal_"));
    assert!(header("traceparent").starts_with(&format!("00-{trace}-")));
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("cache-control"), "no-store");
    assert!(answer.headers().get("strict-transport-security").is_none(), "plain http on loopback");
    let app = TestApp::start_with(|config| {
        config.http.public_url = "https://data.example.org".to_owned();
        config.http.behind_tls_proxy = true;
    })
    .await;
    let answer = app.get("/healthz").send().await.unwrap();
    assert_eq!(answer.headers()["strict-transport-security"], "max-age=31536000");
}
