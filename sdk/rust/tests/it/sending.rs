//! Tokens, retries, problems, pages and rows.

use crate::sandbox::{Reply, Sandbox};
use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use arrow::ipc::writer::StreamWriter;
use futures_util::TryStreamExt;
use mudeung_sdk::problem::Code;
use mudeung_sdk::{ApiError, Client};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

fn no_items() -> Reply {
    Reply::json(&json!({ "items": [], "next_cursor": null }))
}

async fn count(client: &Client) -> Result<usize, ApiError> {
    Ok(client.datasets().try_collect::<Vec<_>>().await?.len())
}

#[tokio::test]
async fn one_token_serves_many_calls_at_once() {
    let sandbox = Sandbox::start(|_| no_items()).await;
    let client = sandbox.client();
    let calls = (0..20).map(|_| {
        tokio::spawn({
            let client = client.clone();
            async move { count(&client).await }
        })
    });
    for call in calls.collect::<Vec<_>>() {
        assert_eq!(call.await.unwrap().unwrap(), 0);
    }
    let tokens = sandbox.seen("/oauth2/token");
    assert_eq!(tokens.len(), 1);
    // Basic credentials are `app_1:s3cret`, and they are in the header alone.
    assert_eq!(tokens[0].header("authorization"), "Basic YXBwXzE6czNjcmV0");
    assert_eq!(String::from_utf8_lossy(&tokens[0].body), "grant_type=client_credentials");
    assert!(sandbox.seen("/v1/").iter().all(|seen| seen.header("authorization") == "Bearer token-1"));
}

#[tokio::test]
async fn a_token_that_is_about_to_expire_is_renewed_first() {
    let sandbox = Sandbox::start_raw(|seen| match seen.target.as_str() {
        "/oauth2/token" => Sandbox::token("short", 0),
        "/v1/datasets" => no_items(),
        _ => Reply::problem(404, "not_found"),
    })
    .await;
    let client = sandbox.client();
    count(&client).await.unwrap();
    count(&client).await.unwrap();
    assert_eq!(sandbox.seen("/oauth2/token").len(), 2);
    assert_eq!(sandbox.seen("/.well-known/").len(), 1, "the endpoint is looked up once");
}

#[tokio::test]
async fn the_token_endpoint_is_where_the_metadata_says() {
    let sandbox = Sandbox::start_raw(|seen| match seen.target.as_str() {
        "/.well-known/oauth-authorization-server" => {
            Reply::json(&json!({ "issuer": seen.base(), "token_endpoint": format!("{}/elsewhere", seen.base()) }))
        }
        "/elsewhere" => Sandbox::token("t", 1_200),
        _ => no_items(),
    })
    .await;
    count(&sandbox.client()).await.unwrap();
    assert_eq!(sandbox.seen("/elsewhere").len(), 1);
    assert_eq!(sandbox.seen("/oauth2/token").len(), 0);
}

#[tokio::test]
async fn a_refused_token_is_replaced_once_and_then_believed() {
    let sandbox = Sandbox::start(|seen| match seen.header("authorization") {
        "Bearer token-1" => Reply::problem(401, "unauthenticated"),
        _ => no_items(),
    })
    .await;
    count(&sandbox.client()).await.unwrap();
    assert_eq!(sandbox.seen("/v1/datasets").len(), 2);

    let closed = Sandbox::start(|_| Reply::problem(401, "unauthenticated")).await;
    let error = count(&closed.client()).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::Unauthenticated));
    assert_eq!(closed.seen("/oauth2/token").len(), 2);
}

#[tokio::test]
async fn a_wrong_secret_is_a_refused_sign_in() {
    let sandbox = Sandbox::start_raw(|seen| match seen.target.as_str() {
        "/oauth2/token" => {
            let body = json!({ "error": "invalid_client", "error_description": "unknown client or wrong secret" });
            Reply::new(401, "application/json", body.to_string())
        }
        _ => Reply::problem(404, "not_found"),
    })
    .await;
    let error = count(&sandbox.client()).await.unwrap_err();
    assert!(matches!(&error, ApiError::SignIn { error, .. } if error == "invalid_client"), "{error:?}");
    assert_eq!(error.to_string(), "sign-in refused (invalid_client): unknown client or wrong secret");
    assert_eq!(sandbox.seen("/oauth2/token").len(), 1, "a wrong secret does not get better by asking again");
}

#[tokio::test]
async fn the_server_is_waited_for_as_long_as_it_asks() {
    let calls = AtomicUsize::new(0);
    let sandbox = Sandbox::start(move |_| match calls.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::problem(429, "rate_limited").with("Retry-After", "1"),
        1 => Reply::problem(503, "overloaded"),
        _ => no_items(),
    })
    .await;
    let start = Instant::now();
    count(&sandbox.client()).await.unwrap();
    assert!(start.elapsed() >= Duration::from_secs(1));
    assert_eq!(sandbox.seen("/v1/datasets").len(), 3);
}

#[tokio::test]
async fn waiting_is_bounded_in_time_and_in_number() {
    let sandbox = Sandbox::start(|_| Reply::problem(429, "quota_exhausted").with("Retry-After", "86400")).await;
    let error = count(&sandbox.client()).await.unwrap_err();
    assert!(matches!(&error, ApiError::Later { retry_after, .. } if retry_after.as_secs() == 86_400), "{error:?}");
    assert_eq!(error.code(), Some(Code::QuotaExhausted));
    assert_eq!(sandbox.seen("/v1/datasets").len(), 1);

    let sandbox = Sandbox::start(|_| Reply::problem(503, "ledger_unavailable")).await;
    let error = count(&sandbox.client()).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::LedgerUnavailable));
    assert_eq!(sandbox.seen("/v1/datasets").len(), 4);
}

#[tokio::test]
async fn a_problem_keeps_its_code_and_reads_as_one_line() {
    let sandbox = Sandbox::start(|_| Reply::problem(404, "not_found")).await;
    let client = sandbox.client();
    let error = client.table("a.deidentified.b").unwrap().describe().await.unwrap_err();
    assert_eq!(error.code(), Some(Code::NotFound));
    assert_eq!(error.to_string(), "Title (not_found): What happened here; a: why");
    assert_eq!(sandbox.seen("/v1/")[0].target, "/v1/datasets/a/deidentified/tables/b");
    assert_eq!(sandbox.seen("/v1/").len(), 1);
}

#[tokio::test]
async fn a_list_is_read_to_its_end_and_no_further() {
    let sandbox = Sandbox::start(|seen| match seen.target.as_str() {
        "/v1/datasets/d/t/versions" => Reply::json(&json!({ "items": [version(1), version(2)], "next_cursor": "a&b" })),
        "/v1/datasets/d/t/versions?cursor=a%26b" => Reply::json(&json!({ "items": [version(3)], "next_cursor": null })),
        _ => Reply::json(&json!({ "items": [], "next_cursor": "again" })),
    })
    .await;
    let client = sandbox.client();
    let versions: Vec<_> = client.versions("d", "t").try_collect().await.unwrap();
    assert_eq!(versions.iter().map(|version| version.version).collect::<Vec<_>>(), [1, 2, 3]);
    let error = count(&client).await.unwrap_err();
    assert!(error.to_string().contains("cursor repeats"), "{error}");
}

fn version(number: u32) -> serde_json::Value {
    json!({ "dataset": "d", "tier": "t", "version": number, "published_at": "2026-01-01T00:00:00Z" })
}

fn arrow_stream() -> Vec<u8> {
    let ages: ArrayRef = Arc::new(Int64Array::from(vec![61, 72]));
    let batch = RecordBatch::try_from_iter([("age", ages)]).unwrap();
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
    writer.into_inner().unwrap()
}

#[tokio::test]
async fn rows_carry_their_columns_filter_limit_and_receipt() {
    let sandbox = Sandbox::start(|_| {
        Reply::new(200, "application/vnd.apache.arrow.stream", arrow_stream()).with("Mudeung-Receipt", "42")
    })
    .await;
    let table = sandbox.client().table("d.synthetic.t").unwrap().at_version(3);
    let request = table.rows().columns(["age"]).filter("age >= 60 and sex = 'F'").limit(2);
    let rows = request.send().await.unwrap();
    assert_eq!(rows.receipt(), Some(42));
    assert_eq!(rows.schema().field(0).name(), "age");
    let batches: Vec<_> = rows.try_collect().await.unwrap();
    assert_eq!(batches[0].num_rows(), 2);
    let seen = &sandbox.seen("/v1/datasets/d/synthetic/tables/t/rows")[0];
    assert_eq!(seen.header("accept"), "application/vnd.apache.arrow.stream");
    let query = "version=3&columns=age&filter=age+%3E%3D+60+and+sex+%3D+%27F%27&limit=2";
    assert_eq!(seen.target.split_once('?').unwrap().1, query);
}

#[tokio::test]
async fn rows_that_were_cut_are_an_error_even_at_a_message_border() {
    let whole = arrow_stream();
    let without_end = whole[..whole.len() - 8].to_vec();
    let sandbox =
        Sandbox::start(move |_| Reply::new(200, "application/vnd.apache.arrow.stream", without_end.clone())).await;
    let rows = sandbox.client().query("select 1").limit(5).send().await.unwrap();
    let error = rows.try_collect::<Vec<_>>().await.unwrap_err();
    assert!(matches!(error, ApiError::Rows(_)), "{error:?}");
    let seen = &sandbox.seen("/v1/query")[0];
    assert_eq!(seen.method, "POST");
    assert_eq!(String::from_utf8_lossy(&seen.body), r#"{"sql":"select 1","limit":5}"#);
}

/// The parts of a form.
fn form(body: &[u8]) -> std::collections::HashMap<String, String> {
    let url = reqwest::Url::parse(&format!("http://x/?{}", String::from_utf8_lossy(body))).unwrap();
    url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

fn pem(der: &[u8]) -> String {
    use base64::Engine;
    let body = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n")
}

#[tokio::test]
async fn a_private_key_proves_the_app_and_never_leaves() {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519};
    use ring::signature::{EcdsaKeyPair, Ed25519KeyPair, KeyPair, UnparsedPublicKey, VerificationAlgorithm};
    let random = SystemRandom::new();
    let ed = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
    let ec = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let ed_public = Ed25519KeyPair::from_pkcs8(ed.as_ref()).unwrap().public_key().as_ref().to_vec();
    let ec_pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, ec.as_ref(), &random).unwrap();
    let ec_public = ec_pair.public_key().as_ref().to_vec();
    let verifiers: [&dyn VerificationAlgorithm; 2] = [&ED25519, &ECDSA_P256_SHA256_FIXED];
    let cases = [("Ed25519", ed.as_ref(), ed_public), ("ES256", ec.as_ref(), ec_public)];
    for ((algorithm, der, public), verifier) in cases.into_iter().zip(verifiers) {
        let sandbox = Sandbox::start_raw(|seen| match seen.target.as_str() {
            "/oauth2/token" => Sandbox::token("short", 0),
            "/.well-known/oauth-authorization-server" => Reply::json(&json!({
                "issuer": "https://issuer.example", "token_endpoint": format!("{}/oauth2/token", seen.base()),
            })),
            _ => no_items(),
        })
        .await;
        let key = mudeung_sdk::PrivateKey::from_pem("analysis", &pem(der)).unwrap();
        assert_eq!(key.algorithm(), algorithm);
        let client = Client::builder(&sandbox.base).private_key("app_1", key).build().unwrap();
        count(&client).await.unwrap();
        count(&client).await.unwrap();
        let seen = sandbox.seen("/oauth2/token");
        let mut used = std::collections::HashSet::new();
        for request in &seen {
            assert_eq!(request.header("authorization"), "");
            let form = form(&request.body);
            assert_eq!((form["client_id"].as_str(), form["grant_type"].as_str()), ("app_1", "client_credentials"));
            let assertion = &form["client_assertion"];
            let (signed, signature) = assertion.rsplit_once('.').unwrap();
            let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
            UnparsedPublicKey::new(verifier, &public).verify(signed.as_bytes(), &signature).unwrap();
            let (head, claims) = signed.split_once('.').unwrap();
            let read = |part: &str| -> serde_json::Value {
                serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
            };
            assert_eq!(read(head), json!({ "alg": algorithm, "kid": "analysis", "typ": "JWT" }));
            let claims = read(claims);
            assert_eq!((&claims["iss"], &claims["sub"]), (&json!("app_1"), &json!("app_1")));
            assert_eq!(claims["aud"], "https://issuer.example");
            assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), 60);
            assert!(used.insert(claims["jti"].as_str().unwrap().to_owned()), "each assertion is good for one request");
        }
        assert_eq!(seen.len(), 2);
    }
    for bad in ["", "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----", &pem(b"nonsense")] {
        assert!(matches!(mudeung_sdk::PrivateKey::from_pem("x", bad), Err(ApiError::Configuration(_))), "{bad}");
    }
}

#[test]
fn the_blocking_client_reads_without_a_runtime_and_on_several_threads() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sandbox = runtime.block_on(Sandbox::start(|seen| match seen.target.split('?').next().unwrap() {
        "/v1/datasets/d/synthetic/tables/t/rows" | "/v1/query" => {
            let column: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
            let batch = RecordBatch::try_from_iter([("n", column)]).unwrap();
            let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
            writer.write(&batch).unwrap();
            writer.finish().unwrap();
            let body = writer.into_inner().unwrap();
            Reply::new(200, "application/vnd.apache.arrow.stream", body).with("Mudeung-Receipt", "9")
        }
        "/v1/quota" => no_items(),
        _ => Reply::problem(404, "not_found"),
    }));
    let builder = Client::builder(&sandbox.base).credentials("app_1", "s3cret");
    let client = mudeung_sdk::blocking::Client::new(builder).unwrap();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let client = client.clone();
            std::thread::spawn(move || {
                let rows = client.table("d.synthetic.t").unwrap().rows(|rows| rows.limit(5)).unwrap();
                assert_eq!((rows.receipt(), rows.schema().fields().len()), (Some(9), 1));
                rows.map(|batch| batch.unwrap().num_rows()).sum::<usize>()
            })
        })
        .collect();
    for thread in threads {
        assert_eq!(thread.join().unwrap(), 3);
    }
    assert_eq!(client.query("select 1", |query| query).unwrap().count(), 1);
    assert_eq!(client.quota().count(), 0);
    assert!(matches!(client.dataset("nothing"), Err(ApiError::Problem(_))));
}
