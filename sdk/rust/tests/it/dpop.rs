//! Tokens that are bound to a key: what is sent, and what is answered.

use crate::sandbox::{Reply, Sandbox, Seen};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::TryStreamExt;
use mudeung_sdk::{ApiError, Client, RefreshTokens};
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::sync::{Arc, Mutex};

/// A server that takes a token only with a fresh proof by the key it was asked for with, and with its nonce.
#[derive(Default)]
struct Bound {
    nonce: Mutex<String>,
    used: Mutex<HashSet<String>>,
    keys: Mutex<HashSet<String>>,
}

impl Bound {
    /// Checks a proof. Answers whether it has the nonce.
    fn is_fresh(&self, seen: &Seen, token: Option<&str>) -> bool {
        let (message, signature) = seen.header("dpop").rsplit_once('.').unwrap();
        let read = |part: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
        let (head, claims) = message.split_once('.').map(|(head, claims)| (read(head), read(claims))).unwrap();
        assert_eq!((&head["typ"], &head["alg"]), (&json!("dpop+jwt"), &json!("ES256")));
        assert_eq!(head["jwk"].as_object().unwrap().len(), 4, "and nothing private: {head}");
        let coordinate = |name: &str| URL_SAFE_NO_PAD.decode(head["jwk"][name].as_str().unwrap()).unwrap();
        let point = [vec![4], coordinate("x"), coordinate("y")].concat();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &point).verify(message.as_bytes(), &signature).unwrap();
        self.keys.lock().unwrap().insert(head["jwk"]["x"].to_string());
        let path = seen.target.split('?').next().unwrap();
        assert_eq!((&claims["htm"], &claims["htu"]), (&json!(seen.method), &json!(format!("{}{path}", seen.base()))));
        let hash = token.map(|token| json!(URL_SAFE_NO_PAD.encode(Sha256::digest(token))));
        assert_eq!(claims.get("ath"), hash.as_ref());
        assert!(claims["iat"].as_u64().is_some());
        let fresh = self.used.lock().unwrap().insert(claims["jti"].as_str().unwrap().to_owned());
        assert!(fresh, "each proof is good for one request");
        claims.get("nonce").and_then(Value::as_str) == Some(self.nonce.lock().unwrap().as_str())
    }

    fn answer(&self, seen: &Seen) -> Reply {
        let nonce = self.nonce.lock().unwrap().clone();
        match seen.target.as_str() {
            "/oauth2/token" if self.is_fresh(seen, None) => Reply::json(&json!({
                "access_token": "bound", "token_type": "DPoP", "expires_in": 1_200, "scope": "catalog.read",
            })),
            "/oauth2/token" => {
                let refusal = json!({ "error": "use_dpop_nonce" }).to_string();
                Reply::new(400, "application/json", refusal).with("DPoP-Nonce", nonce)
            }
            "/v1/datasets?cursor=2" | "/v1/datasets" => {
                assert_eq!(seen.header("authorization"), "DPoP bound");
                if !self.is_fresh(seen, Some("bound")) {
                    let challenge = "DPoP error=\"use_dpop_nonce\", algs=\"ES256\"";
                    let refusal = Reply::problem(401, "unauthenticated").with("WWW-Authenticate", challenge);
                    return refusal.with("DPoP-Nonce", nonce);
                }
                let next = (!seen.target.contains("cursor")).then_some("2");
                Reply::json(&json!({ "items": [], "next_cursor": next }))
            }
            _ => Reply::problem(404, "not_found"),
        }
    }
}

async fn serve() -> (Sandbox, Arc<Bound>) {
    let bound = Arc::new(Bound { nonce: Mutex::new("n-1".to_owned()), ..Bound::default() });
    let shared = Arc::clone(&bound);
    (Sandbox::start_raw(move |seen| shared.answer(seen)).await, bound)
}

async fn read(client: &Client) -> Result<(), ApiError> {
    client.datasets().try_collect::<Vec<_>>().await.map(drop)
}

#[tokio::test]
async fn every_request_carries_a_fresh_proof_and_the_nonce_that_was_asked_for() {
    let (sandbox, bound) = serve().await;
    let client = Client::builder(&sandbox.base).credentials("app_1", "s3cret").dpop().build().unwrap();
    read(&client).await.unwrap();
    assert_eq!(sandbox.seen("/oauth2/token").len(), 2, "the first proof had no nonce yet");
    assert_eq!(sandbox.seen("/v1/datasets").len(), 2, "and the next ones had it");
    *bound.nonce.lock().unwrap() = "n-2".to_owned();
    read(&client).await.unwrap();
    assert_eq!(sandbox.seen("/oauth2/token").len(), 2, "another nonce is no reason for another token");
    assert_eq!(sandbox.seen("/v1/datasets").len(), 5);
    assert_eq!(bound.keys.lock().unwrap().len(), 1);
    let other = Client::builder(&sandbox.base).credentials("app_1", "s3cret").dpop().build().unwrap();
    read(&other).await.unwrap();
    assert_eq!(bound.keys.lock().unwrap().len(), 2, "each client has a key of its own");
}

#[tokio::test]
async fn a_private_key_signs_a_new_assertion_for_each_nonce() {
    let (sandbox, _) = serve().await;
    let jwk = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
        "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    let key = mudeung_sdk::PrivateKey::parse(None, jwk).unwrap();
    let client = Client::builder(&sandbox.base).private_key("app_1", key).dpop().build().unwrap();
    read(&client).await.unwrap();
    let assertions: HashSet<String> = sandbox
        .seen("/oauth2/token")
        .iter()
        .map(|seen| {
            let body = String::from_utf8(seen.body.clone()).unwrap();
            body.split("client_assertion=").nth(1).unwrap().split('&').next().unwrap().to_owned()
        })
        .collect();
    assert_eq!(assertions.len(), 2, "an assertion is good for one request");
}

#[tokio::test]
async fn a_server_that_asks_for_nonces_for_ever_is_left() {
    let refusal = json!({ "error": "use_dpop_nonce", "error_description": "again" }).to_string();
    let sandbox = Sandbox::start_raw(move |seen| match seen.target.as_str() {
        "/oauth2/token" => Reply::new(400, "application/json", refusal.clone()).with("DPoP-Nonce", "x"),
        _ => Reply::problem(404, "not_found"),
    })
    .await;
    let client = Client::builder(&sandbox.base).credentials("app_1", "s3cret").dpop().build().unwrap();
    let error = read(&client).await.unwrap_err();
    assert!(matches!(&error, ApiError::SignIn { error, .. } if error == "use_dpop_nonce"), "{error:?}");
    assert_eq!(sandbox.seen("/oauth2/token").len(), 4);

    let challenge = "DPoP error=\"use_dpop_nonce\"";
    let sandbox = Sandbox::start_raw(move |seen| match seen.target.as_str() {
        "/oauth2/token" => Reply::json(&json!({ "access_token": "a", "token_type": "DPoP", "expires_in": 60 })),
        "/v1/datasets" => {
            Reply::problem(401, "unauthenticated").with("WWW-Authenticate", challenge).with("DPoP-Nonce", "x")
        }
        _ => Reply::problem(404, "not_found"),
    })
    .await;
    let client = Client::builder(&sandbox.base).credentials("app_1", "s3cret").dpop().build().unwrap();
    let error = read(&client).await.unwrap_err();
    assert!(matches!(&error, ApiError::Problem(problem) if problem.status == 401), "{error:?}");
    assert!(sandbox.seen("/v1/datasets").len() <= 5);
}

#[tokio::test]
async fn a_server_that_does_not_bind_is_noticed_before_any_data() {
    let sandbox = Sandbox::start(|_| Reply::problem(404, "not_found")).await;
    let client = Client::builder(&sandbox.base).credentials("app_1", "s3cret").dpop().build().unwrap();
    let error = read(&client).await.unwrap_err();
    assert!(error.to_string().contains("not bound to the key"), "{error}");
    assert!(sandbox.seen("/v1/").is_empty());
}

#[test]
fn the_tokens_of_a_device_cannot_be_bound() {
    struct None;
    impl RefreshTokens for None {
        fn take(&self) -> Result<(String, Box<dyn Send>), ApiError> {
            unreachable!()
        }
        fn put(&self, _token: &str) -> Result<(), ApiError> {
            unreachable!()
        }
    }
    let error = Client::builder("http://127.0.0.1:1").device(Arc::new(None)).dpop().build().unwrap_err();
    assert!(matches!(error, ApiError::Configuration(_)), "{error:?}");
}
