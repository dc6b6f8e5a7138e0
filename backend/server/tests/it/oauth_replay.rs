//! An assertion is accepted once: at once, on every node, before and after a restart. Each test is named after its line
//! in the conformance list; what peers got wrong is said where it is tested.

use crate::app::TestApp;
use crate::app::signer::{Keyed, Signer};
use mudeung_core::clock::CountingEntropy;
use mudeung_core::credential::KeyAlgorithm;
use mudeung_server::Parts;
use mudeung_server::keys::Keys;
use mudeung_store::{Db, Ledger, LedgerOptions, credentials};
use reqwest::Response;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const REPLAYED: &str = "jti already used - with Authlib pass a fresh claims dict for each request.";

async fn description(answer: Response) -> (u16, String) {
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    (status, body["error_description"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn oauth_26_a_jti_is_needed_and_good_for_one_use() {
    let app = TestApp::start().await;
    let keyed = Keyed::register(&app, 1, KeyAlgorithm::Ed25519).await;
    let with = |jti: Value| {
        let mut claims = keyed.claims(&app);
        claims["jti"] = jti;
        keyed.signer.jwt(&claims)
    };
    for jti in [json!(null), json!(""), json!(1), json!(["a"]), json!("x".repeat(257))] {
        let (status, text) = description(app.assert(&with(jti.clone())).await).await;
        assert!(status == 401 && text.contains("1 to 256 characters"), "{jti}: {text}");
    }
    for jti in ["x", &"나".repeat(256), "' OR 1=1 --"] {
        assert_eq!(app.assert(&with(json!(jti))).await.status(), 200, "{jti}");
        let again = description(app.assert(&with(json!(jti))).await).await;
        assert_eq!(again, (401, REPLAYED.to_owned()), "{jti}, in another assertion");
    }
}

/// Blue Button 2 accepted for 600 seconds what it remembered for 300.
#[tokio::test]
async fn oauth_26_a_jti_is_remembered_for_as_long_as_anyone_would_accept_it() {
    let app = TestApp::start().await;
    let keyed = Keyed::register(&app, 1, KeyAlgorithm::Es256).await;
    let mut claims = keyed.claims(&app);
    claims["exp"] = json!(app.now().seconds() + 3_600);
    let assertion = keyed.signer.jwt(&claims);
    assert_eq!(app.assert(&assertion).await.status(), 200);
    for _ in 0..6 {
        app.clock.advance(Duration::from_secs(599));
        mudeung_server::oauth::books::sweep_assertions(app.state()).await;
        assert_eq!(description(app.assert(&assertion).await).await, (401, REPLAYED.to_owned()));
    }
    app.clock.advance(Duration::from_secs(6));
    let (_, text) = description(app.assert(&assertion).await).await;
    assert!(text.contains("exp has passed"), "{text}");
    mudeung_server::oauth::books::sweep_assertions(app.state()).await;
    assert_eq!(app.remembered().await, 1, "a node with a slow clock might accept it");
    app.clock.advance(Duration::from_secs(60));
    mudeung_server::oauth::books::sweep_assertions(app.state()).await;
    assert_eq!(app.remembered().await, 0, "and then it is forgotten");
}

/// DPC looked and then put, in a cache that a flood could empty.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn oauth_27_of_a_hundred_uses_at_once_one_succeeds() {
    let app = TestApp::start_with(|config| config.http.workers = 4).await;
    let keyed = Keyed::register(&app, 1, KeyAlgorithm::Es256).await;
    let assertion = keyed.assertion(&app);
    let asked = (0..100).map(|_| app.assert(&assertion));
    let statuses: Vec<u16> =
        futures_util::future::join_all(asked).await.iter().map(|answer| answer.status().as_u16()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [200, 401].contains(status)), "{statuses:?}");
    assert_eq!(app.remembered().await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn oauth_27_two_servers_on_one_database_accept_it_once() {
    let app = TestApp::start().await;
    let keyed = Keyed::register(&app, 1, KeyAlgorithm::Es256).await;
    let ledger = app.folder().join("other-ledger.sqlite").display().to_string();
    let mut config = crate::app::config(app.folder());
    config.database.ledger.clone_from(&ledger);
    config.http.public_url.clone_from(&app.url);
    Ledger::migrate(&ledger).unwrap();
    let entropy = Arc::new(CountingEntropy::starting_at(1 << 41));
    let parts = Parts {
        clock: app.clock.clone(),
        db: Db::open(&config.database.control).await.unwrap(),
        ledger: Ledger::open(&ledger, LedgerOptions::default()).unwrap(),
        reader: Arc::new(crate::reader::MemoryReader),
        keys: Keys::load_or_create(&config.data.keys, None, &*entropy).unwrap(),
        entropy,
        config,
        provider: None,
    };
    let other = mudeung_server::start(parts).await.unwrap();
    let there = format!("http://{}/oauth2/token", other.address);
    let here = format!("{}/oauth2/token", app.url);
    for _ in 0..5 {
        let assertion = keyed.assertion(&app);
        let form = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", crate::app::signer::ASSERTION_TYPE),
            ("client_assertion", &assertion),
        ];
        let asked = (0..20).map(|n| app.http.post(if n % 2 == 0 { &here } else { &there }).form(&form).send());
        let answers = futures_util::future::join_all(asked).await;
        let statuses: Vec<u16> = answers.into_iter().map(|answer| answer.unwrap().status().as_u16()).collect();
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    }
    other.stop().await;
}

#[tokio::test]
async fn oauth_27_a_restart_forgets_no_assertion() {
    let app = TestApp::start_with(|config| config.http.public_url = "http://127.0.0.1:1".to_owned()).await;
    let keyed = Keyed::register(&app, 1, KeyAlgorithm::Es256).await;
    let mut claims = keyed.claims(&app);
    claims["aud"] = json!("http://127.0.0.1:1");
    let assertion = keyed.signer.jwt(&claims);
    assert_eq!(app.assert(&assertion).await.status(), 200);
    let app = app.restart_with(|config| config.http.public_url = "http://127.0.0.1:1".to_owned()).await;
    assert_eq!(description(app.assert(&assertion).await).await, (401, REPLAYED.to_owned()));
}

/// Hydra kept one list for all clients.
#[tokio::test]
async fn oauth_29_two_clients_may_use_the_same_jti() {
    let app = TestApp::start().await;
    for seed in [1, 2] {
        let keyed = Keyed::register(&app, seed, KeyAlgorithm::Es256).await;
        let mut claims = keyed.claims(&app);
        claims["jti"] = json!("the same");
        assert_eq!(app.assert(&keyed.signer.jwt(&claims)).await.status(), 200);
    }
}

/// Hydra's table grew as its clients chose.
#[tokio::test]
async fn a_client_has_only_so_many_assertions_remembered_and_others_are_not_touched() {
    let app = TestApp::start_with(|config| config.limits.assertions_per_app = 3).await;
    let keyed = Keyed::register(&app, 1, KeyAlgorithm::Es256).await;
    let other = Keyed::register(&app, 2, KeyAlgorithm::Es256).await;
    for _ in 0..3 {
        assert_eq!(app.assert(&keyed.assertion(&app)).await.status(), 200);
    }
    let refused = app.assert(&keyed.assertion(&app)).await;
    assert_eq!(refused.headers()["retry-after"], "60");
    let (status, text) = description(refused).await;
    assert!(status == 429 && text.starts_with("Too many assertions are in use."), "{text}");
    assert_eq!(app.assert(&other.assertion(&app)).await.status(), 200);
    app.clock.advance(Duration::from_secs(121));
    mudeung_server::oauth::books::sweep_assertions(app.state()).await;
    assert_eq!(app.assert(&keyed.assertion(&app)).await.status(), 200);
}

/// SSAS remembered nothing; two keys that overlap are one client all the same.
#[tokio::test]
async fn oauth_75_keys_overlap_until_the_cut_off_and_their_last_use_is_known() {
    let app = TestApp::start().await;
    let keyed = Keyed::register(&app, 1, KeyAlgorithm::Es256).await;
    let newer = Signer::new("second", KeyAlgorithm::Ed25519);
    let cut_off = app.now().plus(Duration::from_secs(3_600));
    let (old, id) = (keyed.credential, keyed.app);
    let credential = newer.credential(id, 2);
    let new = credential.id;
    app.change_and_see(move |conn| {
        let ends = mudeung_core::credential::Credential {
            id: mudeung_core::id::CredentialId::from_bytes([3; 16]),
            expires_at: Some(cut_off),
            ..credentials::find_credential(conn, old)?.unwrap()
        };
        let revoked = mudeung_core::credential::CredentialState::Revoked { revoked_at: ends.created_at };
        credentials::update_credential_state(conn, old, revoked)?;
        credentials::insert_credential(conn, &ends)?;
        credentials::insert_credential(conn, &credential)
    })
    .await;
    let old = mudeung_core::id::CredentialId::from_bytes([3; 16]);
    let first_use = app.now();
    let (status, text) = description(app.assert(&keyed.assertion(&app)).await).await;
    assert_eq!(status, 200, "{text}");
    app.clock.advance(Duration::from_secs(60));
    let body: Value = app.assert(&newer.jwt(&keyed.claims(&app))).await.json().await.unwrap();
    assert!(body["access_token"].is_string(), "old and new are live side by side: {body}");
    mudeung_server::oauth::books::write_all(app.state()).await;
    let used = app.state().db.read("look", move |conn| {
        let of = |conn: &mut mudeung_store::Conn, id| credentials::find_credential(conn, id);
        Ok((of(conn, old)?.unwrap().last_used_at, of(conn, new)?.unwrap().last_used_at))
    });
    assert_eq!(used.await.unwrap(), (Some(first_use), Some(app.now())));
    app.clock.advance(Duration::from_secs(3_539));
    let last: Value = app.assert(&keyed.assertion(&app)).await.json().await.unwrap();
    assert_eq!(last["expires_in"], 1, "no token outlives its key: {last}");
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(app.assert(&keyed.assertion(&app)).await.status(), 401, "after the cut-off only the new one");
    assert_eq!(app.assert(&newer.jwt(&keyed.claims(&app))).await.status(), 200);
}
