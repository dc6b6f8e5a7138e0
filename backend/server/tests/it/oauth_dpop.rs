//! Tokens that are bound to a key (RFC 9449); each test is named after its line in the conformance list.

mod key;

use crate::app::{Client, TestApp};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
pub(crate) use key::{ALGORITHMS, ProofKey};
use mudeung_store::apps;
use reqwest::Response;
use reqwest::header::WWW_AUTHENTICATE;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::time::Duration;

const TOKEN: &str = "/oauth2/token";
const PATH: &str = "/v1/datasets";

/// The claims of a proof, made now for a request.
fn claims(app: &TestApp, method: &str, path: &str, nonce: Option<&str>) -> Value {
    let mut id = [0_u8; 16];
    ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut id).unwrap();
    let mut claims = json!({ "jti": URL_SAFE_NO_PAD.encode(id), "htm": method, "htu": format!("{}{path}", app.url),
        "iat": app.now().seconds() });
    if let Some(nonce) = nonce {
        claims["nonce"] = json!(nonce);
    }
    claims
}

fn nonce_of(answer: &Response) -> String {
    answer.headers()["dpop-nonce"].to_str().unwrap().to_owned()
}

async fn ask(app: &TestApp, client: &Client, proof: Option<String>) -> Response {
    let mut request = app.post(TOKEN).basic_auth(&client.id, Some(&client.secret));
    if let Some(proof) = proof {
        request = request.header("dpop", proof);
    }
    request.form(&[("grant_type", "client_credentials")]).send().await.unwrap()
}

/// The nonce that the server wants now.
async fn nonce(app: &TestApp, key: &ProofKey) -> String {
    let answer = ask(app, &app.fixture.reader, Some(key.proof(&claims(app, "POST", TOKEN, None)))).await;
    assert_eq!(answer.status(), 400);
    let nonce = nonce_of(&answer);
    assert_eq!(answer.json::<Value>().await.unwrap()["error"], "use_dpop_nonce");
    nonce
}

/// Whether a token can be had with a proof in this algorithm.
pub(crate) async fn works(app: &TestApp, algorithm: &'static str) -> bool {
    let nonce = nonce(app, &ProofKey::new("ES256")).await;
    let key = ProofKey::new(algorithm);
    let answer = ask(app, &app.fixture.reader, Some(key.proof(&claims(app, "POST", TOKEN, Some(&nonce))))).await;
    match answer.status().as_u16() {
        200 => true,
        400 => {
            assert_eq!(answer.json::<Value>().await.unwrap()["error"], "invalid_dpop_proof");
            false
        }
        status => panic!("{algorithm}: {status}"),
    }
}

/// A bound token and the nonce for its first use.
async fn bound(app: &TestApp, key: &ProofKey) -> (String, String) {
    let nonce = nonce(app, key).await;
    let answer = ask(app, &app.fixture.reader, Some(key.proof(&claims(app, "POST", TOKEN, Some(&nonce))))).await;
    assert_eq!(answer.status(), 200);
    let next = nonce_of(&answer);
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["token_type"], "DPoP");
    (body["access_token"].as_str().unwrap().to_owned(), next)
}

fn with_token(mut claims: Value, token: &str) -> Value {
    claims["ath"] = json!(URL_SAFE_NO_PAD.encode(Sha256::digest(token)));
    claims
}

async fn read(app: &TestApp, scheme: &str, token: &str, proofs: &[String]) -> Response {
    let mut request = app.get(PATH).header("authorization", format!("{scheme} {token}"));
    for proof in proofs {
        request = request.header("dpop", proof);
    }
    request.send().await.unwrap()
}

fn challenge(answer: &Response) -> &str {
    answer.headers()[WWW_AUTHENTICATE].to_str().unwrap()
}

#[tokio::test]
async fn oauth_60_a_bound_token_is_read_with_a_proof_and_names_its_key() {
    let app = TestApp::start().await;
    let key = ProofKey::new("ES256");
    let (token, nonce) = bound(&app, &key).await;
    let claims_of = |token: &str| -> Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
    };
    assert_eq!(claims_of(&token)["cnf"], json!({ "jkt": key.thumbprint() }));
    for scheme in ["DPoP", "dpop"] {
        let proof = key.proof(&with_token(claims(&app, "GET", PATH, Some(&nonce)), &token));
        let answer = read(&app, scheme, &token, &[proof]).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(nonce_of(&answer), nonce, "the next nonce comes along");
    }
    let form = [("token", token.as_str())];
    let client = &app.fixture.reader;
    let seen = app.post("/oauth2/introspect").basic_auth(&client.id, Some(&client.secret)).form(&form).send().await;
    let seen: Value = seen.unwrap().json().await.unwrap();
    assert_eq!((&seen["token_type"], &seen["cnf"]), (&json!("DPoP"), &json!({ "jkt": key.thumbprint() })));
}

#[tokio::test]
async fn oauth_60_a_bound_token_is_worth_nothing_as_bearer_and_without_its_proof() {
    let app = TestApp::start().await;
    let key = ProofKey::new("ES256");
    let (token, nonce) = bound(&app, &key).await;
    let proof = || key.proof(&with_token(claims(&app, "GET", PATH, Some(&nonce)), &token));
    let algorithms = "algs=\"ES256 Ed25519 PS256 RS256\"";
    let bearer = read(&app, "Bearer", &token, &[]).await;
    assert_eq!(bearer.status(), 401);
    assert!(challenge(&bearer).starts_with("DPoP error=\"invalid_token\"") && challenge(&bearer).contains(algorithms));
    assert_eq!(read(&app, "Bearer", &token, &[proof()]).await.status(), 401, "also with a proof");
    for (proofs, expected) in [
        (vec![], "invalid_dpop_proof"),
        (vec![proof(), proof()], "invalid_dpop_proof"),
        (vec![key.proof(&claims(&app, "GET", PATH, Some(&nonce)))], "invalid_dpop_proof"),
    ] {
        let answer = read(&app, "DPoP", &token, &proofs).await;
        assert_eq!(answer.status(), 401);
        assert!(challenge(&answer).starts_with(&format!("DPoP error=\"{expected}\"")), "{}", challenge(&answer));
        assert!(challenge(&answer).contains(&format!("resource_metadata=\"{}/.well-known/", app.url)));
    }
    let unbound = app.token(&app.fixture.reader).await;
    let proof = key.proof(&with_token(claims(&app, "GET", PATH, Some(&nonce)), &unbound));
    let answer = read(&app, "DPoP", &unbound, &[proof]).await;
    assert_eq!(answer.status(), 401, "a token that is not bound is not sent as one");
    assert_eq!(read(&app, "Bearer", &unbound, &[]).await.status(), 200);
}

#[tokio::test]
async fn oauth_61_another_key_address_or_a_second_use_is_refused() {
    let app = TestApp::start().await;
    let (key, thief) = (ProofKey::new("ES256"), ProofKey::new("ES256"));
    let (token, nonce) = bound(&app, &key).await;
    let right = || with_token(claims(&app, "GET", PATH, Some(&nonce)), &token);
    let elsewhere = with_token(claims(&app, "GET", "/v1/usage", Some(&nonce)), &token);
    let other_method = with_token(claims(&app, "POST", PATH, Some(&nonce)), &token);
    let good = key.proof(&right());
    assert_eq!(read(&app, "DPoP", &token, std::slice::from_ref(&good)).await.status(), 200);
    for proof in [thief.proof(&right()), key.proof(&elsewhere), key.proof(&other_method), good] {
        let answer = read(&app, "DPoP", &token, &[proof]).await;
        assert_eq!(answer.status(), 401);
        assert!(challenge(&answer).starts_with("DPoP error=\"invalid_dpop_proof\""), "{}", challenge(&answer));
    }
}

#[tokio::test]
async fn oauth_57_the_address_is_the_configured_one_whatever_the_request_says() {
    let app = TestApp::start().await;
    let key = ProofKey::new("ES256");
    let (token, nonce) = bound(&app, &key).await;
    let evil = |mut claims: Value| {
        claims["htu"] = json!(format!("http://evil.example{PATH}"));
        key.proof(&with_token(claims, &token))
    };
    let request = app.get(PATH).header("authorization", format!("DPoP {token}"));
    let request = request.header("host", "evil.example").header("x-forwarded-host", "evil.example");
    let answer = request.header("dpop", evil(claims(&app, "GET", PATH, Some(&nonce)))).send().await.unwrap();
    assert_eq!(answer.status(), 401);
}

#[tokio::test]
async fn oauth_59_the_server_says_which_nonce_it_wants() {
    let app = TestApp::start().await;
    let key = ProofKey::new("ES256");
    let (token, first) = bound(&app, &key).await;
    let ask = async |nonce: Option<&str>| {
        let proof = key.proof(&with_token(claims(&app, "GET", PATH, nonce), &token));
        read(&app, "DPoP", &token, &[proof]).await
    };
    let missing = ask(None).await;
    assert_eq!(missing.status(), 401);
    assert!(challenge(&missing).starts_with("DPoP error=\"use_dpop_nonce\""), "{}", challenge(&missing));
    assert_eq!(nonce_of(&missing), first);
    app.clock.advance(Duration::from_secs(120));
    let answer = ask(Some(&first)).await;
    assert_eq!(answer.status(), 200, "the nonce before the present one is good still");
    let second = nonce_of(&answer);
    assert_ne!(second, first);
    app.clock.advance(Duration::from_secs(120));
    assert_eq!(nonce_of(&ask(Some(&first)).await), nonce_of(&ask(Some(&second)).await));
    assert_eq!(ask(Some(&first)).await.status(), 401, "over");
    assert_eq!(ask(Some(&second)).await.status(), 200);
}

#[tokio::test]
async fn oauth_62_an_app_that_must_bind_its_tokens_gets_no_others() {
    let app = TestApp::start().await;
    let id = app.fixture.reader_app;
    app.change_and_see(move |conn| {
        let mut rules = apps::find_app(conn, id)?.unwrap().rules;
        rules.dpop_bound = true;
        apps::update_app_rules(conn, id, &rules)
    })
    .await;
    let answer = ask(&app, &app.fixture.reader, None).await;
    assert_eq!(answer.status(), 400);
    assert_eq!(answer.json::<Value>().await.unwrap()["error"], "invalid_dpop_proof");
    let key = ProofKey::new("Ed25519");
    let (token, _) = bound(&app, &key).await;
    assert_eq!(read(&app, "Bearer", &token, &[]).await.status(), 401);
    assert_eq!(ask(&app, &app.fixture.stranger, None).await.status(), 200, "others may");
}
