//! Every code of the closed table is produced here, or stands in a list that says where.

use crate::app::TestApp;
use crate::app::fixture::{DATASET, TABLE};
use mudeung_wire::problem::{Code, Problem};
use reqwest::Response;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Codes whose answers have no problem body, or that need a state of their own; each with the place of its test.
const ELSEWHERE: &[(Code, &str)] = &[
    (Code::SignatureInvalid, "data addresses answer a bare status; see the tests of signed addresses"),
    (Code::RangeNotSatisfiable, "data addresses answer a bare status; see the tests of ranges"),
    (Code::AgreementSuperseded, "the error_uri of a refused token; see oauth_16"),
    (Code::ExportNotGranted, "what may be looked at inside alone; see exports"),
    (Code::RoleMissing, "a page of the portal; see portal::doors"),
    (Code::Conflict, "changes in the portal alone; see portal::requests"),
    (Code::Unprocessable, "changes in the portal alone; see portal::forms"),
    (Code::Internal, "there is no known way to it from outside"),
    (Code::HttpsRequired, "behind a proxy alone; see networks"),
    (Code::NetworkNotAllowed, "an app bound to networks; see networks"),
    (Code::ServicePaused, "the whole service; see kill_switches"),
    (Code::Overloaded, "a database that does not answer; see the tests of the store"),
];

async fn problem(answer: Response) -> Problem {
    let status = answer.status().as_u16();
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let call = answer.headers()["mudeung-call"].to_str().unwrap().to_owned();
    let problem: Problem = answer.json().await.unwrap();
    assert_eq!(problem.status, status);
    assert_eq!(problem.instance, format!("/calls/{call}"));
    assert_eq!(problem.kind, format!("/docs/problems/{}", problem.code));
    assert!(!problem.detail.is_empty() && !problem.title.is_empty());
    problem
}

#[tokio::test]
async fn every_code_is_produced_here_or_listed_with_its_place() {
    let app = TestApp::start_with(|config| {
        config.limits.body_seconds = 1;
        config.limits.synthetic_rows_per_day = 100;
    })
    .await;
    let token = app.token(&app.fixture.reader).await;
    let hospital = app.token(&app.fixture.hospital_account).await;
    let rows = |query: &str| format!("/v1/datasets/{DATASET}/synthetic/tables/{TABLE}/rows?{query}");
    let query = |sql: &str| app.post("/v1/query").json(&serde_json::json!({ "sql": sql }));
    let long = "x".repeat(9 << 10);
    let mut seen = BTreeSet::new();
    for (code, request) in [
        (Code::BadRequest, app.get(&format!("/v1/datasets?access_token={token}"))),
        (Code::InvalidParameter, app.get("/v1/datasets?limit=many")),
        (Code::InvalidFilter, app.get(&rows("filter=age%20%3E%3D"))),
        (Code::UnknownColumn, app.get(&rows("columns=nothing"))),
        (Code::InvalidQuery, query("select 1")),
        (Code::InvalidCursor, app.get("/v1/datasets?cursor=abc")),
        (Code::NotFound, app.get("/v1/datasets/nothing")),
        (Code::NotFound, app.get("/nowhere")),
        (Code::MethodNotAllowed, app.post("/healthz")),
        (Code::NotAcceptable, app.get(&rows("limit=1")).header("accept", "image/png")),
        (Code::TooLarge, app.post("/v1/query").body("x".repeat(65 << 10))),
        (Code::UriTooLong, app.get(&format!("/v1/datasets?x={long}"))),
        (Code::HeadersTooLarge, app.get("/v1/datasets").header("x-long", "x".repeat(40 << 10))),
        (Code::UnsupportedMediaType, app.post("/v1/query").header("content-type", "text/plain").body("x")),
        (Code::LimitReached, query(&format!("select too_much from {DATASET}.synthetic.{TABLE}"))),
        (Code::QuotaExhausted, app.get(&rows("limit=100"))),
    ] {
        let request = request.bearer_auth(&token);
        if code == Code::QuotaExhausted {
            drop(app.get(&rows("limit=100")).bearer_auth(&token).send().await.unwrap().bytes().await);
            app.state().ledger.flush().await;
        }
        let problem = problem(request.send().await.unwrap()).await;
        assert_eq!(problem.code, code.as_str(), "{}", problem.detail);
        seen.insert(code.as_str());
    }
    for (code, answer) in [
        (Code::Unauthenticated, app.get("/v1/datasets").send().await.unwrap()),
        (Code::InsufficientScope, app.get("/v1/datasets").bearer_auth(&hospital).send().await.unwrap()),
    ] {
        assert_eq!(problem(answer).await.code, code.as_str());
        seen.insert(code.as_str());
    }
    seen.insert(slow_body(&app).await.as_str());
    seen.insert(too_often().await.as_str());
    seen.insert(broken_ledger().await.as_str());
    let listed: BTreeSet<&str> = ELSEWHERE.iter().map(|(code, _)| code.as_str()).collect();
    let all: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert!(seen.is_disjoint(&listed), "produced after all: {:?}", seen.intersection(&listed));
    assert_eq!(seen.union(&listed).copied().collect::<BTreeSet<_>>(), all);
}

async fn slow_body(app: &TestApp) -> Code {
    let mut stream = tokio::net::TcpStream::connect(app.url.trim_start_matches("http://")).await.unwrap();
    stream.write_all(b"POST /v1/query HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{").await.unwrap();
    let mut answer = vec![0; 4_096];
    let read = tokio::time::timeout(Duration::from_secs(8), stream.read(&mut answer)).await.unwrap().unwrap();
    let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    Code::RequestTimeout
}

async fn too_often() -> Code {
    let app = TestApp::start_with(|config| config.limits.requests_per_minute = 1).await;
    let token = app.token(&app.fixture.reader).await;
    let ask = || app.get("/v1/datasets").bearer_auth(&token).send();
    assert_eq!(ask().await.unwrap().status(), 200);
    let answer = ask().await.unwrap();
    assert!(answer.headers().contains_key("retry-after"));
    let problem = problem(answer).await;
    Code::parse(&problem.code).unwrap()
}

/// A ledger whose file is gone cannot commit: the answer is 503 and not one byte of data.
async fn broken_ledger() -> Code {
    let app = TestApp::start().await;
    let token = app.token(&app.fixture.reader).await;
    let away = crate::ledger::Away::take(&app);
    let path = format!("/v1/datasets/{DATASET}/synthetic/tables/{TABLE}/rows?limit=1");
    let answer = app.get(&path).bearer_auth(&token).send().await.unwrap();
    assert!(answer.headers().contains_key("retry-after"));
    let problem = problem(answer).await;
    drop(away);
    Code::parse(&problem.code).unwrap()
}

#[tokio::test]
async fn a_problem_speaks_the_language_that_is_asked_for() {
    let app = TestApp::start().await;
    for (accepted, language, title) in [
        ("ko-KR,ko;q=0.9", "ko", "찾을 수 없음"),
        ("en", "en", "Not found"),
        ("fr, en;q=0.5", "en", "Not found"),
        ("fr", "en", "Not found"),
    ] {
        let answer = app.get("/nowhere").header("accept-language", accepted).send().await.unwrap();
        assert_eq!(answer.headers()["content-language"], language);
        assert_eq!(problem(answer).await.title, title, "{accepted}");
    }
}

#[tokio::test]
async fn hostile_requests_get_a_clear_answer_and_never_a_failure_of_the_server() {
    let app = TestApp::start().await;
    let token = app.token(&app.fixture.reader).await;
    for path in [
        "/v1/datasets/%00",
        "/v1/datasets/%ff%fe",
        "/v1/datasets/..%2f..%2fetc%2fpasswd",
        "/v1/datasets/cohort/raw",
        "/v1/datasets/cohort/synthetic?version=-1",
        "/v1/datasets/cohort/synthetic?version=99999999999999999999",
        "/v1/files/fil_x",
        "/v1/receipts/18446744073709551616",
        "/ledger/tile/0/1",
        "/ledger/tile/9999/000",
        "/ledger/tile/..%2f..",
        "/%",
        "//",
    ] {
        let status = app.get(path).bearer_auth(&token).send().await.unwrap().status();
        assert!(status.is_client_error(), "{path}: {status}");
    }
    let columns = vec!["a"; 3_000].join(",");
    let path = format!("/v1/datasets/{DATASET}/synthetic/tables/{TABLE}/rows?columns={columns}");
    assert!(app.get(&path).bearer_auth(&token).send().await.unwrap().status().is_client_error());
    for body in ["", "{", "[]", "null", "{\"sql\":1}", "{\"sql\":\"x\",\"sql\":\"y\"}", &"[".repeat(60_000), "\u{0}"] {
        let request = app.post("/v1/query").bearer_auth(&token).header("content-type", "application/json");
        let status = request.body(body.to_owned()).send().await.unwrap().status();
        assert!(status.is_client_error(), "{}: {status}", &body[..body.len().min(30)]);
    }
}
