//! The keys that sign access tokens: rotated and revoked while servers run, on all of them at once.

use crate::app::{BEGIN, TestApp, config};
use crate::data::{Bench, table};
use futures_util::StreamExt;
use mudeung_core::clock::CountingEntropy;
use mudeung_core::id::KeyId;
use mudeung_core::signing_key::NOTICE;
use mudeung_server::application::key_office;
use mudeung_server::keys::Keys;
use mudeung_server::{Parts, Running};
use mudeung_store::{Db, Ledger, LedgerOptions};
use mudeung_wire::ledger::entry::{Kind, Status};
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(1);

/// The key that a token names.
fn kid(token: &str) -> KeyId {
    use base64::Engine;
    let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    KeyId::parse(header["kid"].as_str().unwrap()).unwrap()
}

async fn published(app: &TestApp, url: &str) -> Vec<String> {
    let set: Value = app.http.get(format!("{url}/.well-known/jwks.json")).send().await.unwrap().json().await.unwrap();
    set["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

/// Another node on the same control database, clock and keys.
async fn second_node(app: &TestApp) -> Running {
    let ledger = app.folder().join("other-ledger.sqlite").display().to_string();
    let mut config = config(app.folder());
    config.database.ledger.clone_from(&ledger);
    config.database.checkpoints = app.folder().join("other-checkpoints.sqlite").display().to_string();
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
    mudeung_server::start(parts).await.unwrap()
}

/// Waits until something is so, and says how long that took; not for ever.
async fn until(mut so: impl AsyncFnMut() -> bool) -> Duration {
    let began = Instant::now();
    while !so().await {
        assert!(began.elapsed() < Duration::from_secs(5), "it never was");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    began.elapsed()
}

#[tokio::test]
async fn oauth_38_a_rotation_needs_no_restart_and_every_node_knows_the_key_before_it_signs() {
    let app = TestApp::start().await;
    let other = second_node(&app).await;
    let there = format!("http://{}", other.address);
    let token = app.token(&app.fixture.reader).await;
    let (next, from) = key_office(app.state()).rotate("a test").await.unwrap();
    assert_eq!(from, BEGIN.plus(NOTICE));
    for url in [&app.url, &there] {
        assert!(published(&app, url).await.contains(&next.to_string()), "it stood by, so it is published already");
    }
    assert_eq!(kid(&app.token(&app.fixture.reader).await), kid(&token), "and signs nothing yet");
    app.clock.advance(NOTICE);
    let seen = until(async || kid(&app.token(&app.fixture.reader).await) == next).await;
    assert!(seen < SOON, "{seen:?}");
    let newer = app.token(&app.fixture.reader).await;
    for token in [&token, &newer] {
        let read = async || app.http.get(format!("{there}/v1/datasets")).bearer_auth(token).send().await.unwrap();
        let seen = until(async || read().await.status() == 200).await;
        assert!(seen < SOON, "the other node takes it after {seen:?}");
    }
    assert!(key_office(app.state()).rotate("again").await.is_ok(), "another stands by and was published with it");
    other.stop().await;
}

#[tokio::test]
async fn oauth_38_the_next_key_cannot_be_overtaken_before_it_signs() {
    let app = TestApp::start().await;
    key_office(app.state()).rotate("a test").await.unwrap();
    let refused = key_office(app.state()).rotate("a test").await.unwrap_err().to_string();
    assert!(refused.contains("be followed by another before it signs"), "{refused}");
}

/// The drill: a key is stolen, and whatever it signed dies, on the node where it is revoked and on every other.
#[tokio::test]
async fn oauth_39_a_revoked_key_takes_tokens_addresses_and_running_answers_with_it_within_a_second() {
    let bench = Bench::start().await;
    // Before there are two: on SQLite the second one takes the shares of budgets over.
    let address = bench.address("deidentified").await;
    let other = second_node(&bench.app).await;
    let there = format!("http://{}/v1/datasets", other.address);
    let elsewhere = async |token: &str| bench.app.http.get(&there).bearer_auth(token).send().await.unwrap().status();
    let stolen = kid(&bench.token);
    assert_eq!(elsewhere(&bench.token).await, 200);
    bench.probe.be_slow();
    let mut rows = bench.get(&format!("{}/rows?limit=100000", table("deidentified"))).await.bytes_stream();
    rows.next().await.unwrap().unwrap();
    bench.app.clock.advance(SOON);
    key_office(bench.app.state()).revoke(stolen, "a drill").await.unwrap();
    let revoked = Instant::now();
    while let Some(Ok(_)) = rows.next().await {}
    assert!(revoked.elapsed() < SOON, "the answer runs for {:?}", revoked.elapsed());
    let refused = until(async || elsewhere(&bench.token).await == 401).await;
    assert!(refused < SOON, "the other node takes the token for {refused:?}");
    assert_eq!(bench.get("/v1/datasets").await.status(), 401);
    assert_eq!(bench.fetch(&address, None).await.status(), 403, "what was made with the token is dead too");
    assert!(!published(&bench.app, &bench.app.url).await.contains(&stolen.to_string()));
    let fresh = bench.app.token(&bench.app.fixture.reader).await;
    assert_ne!(kid(&fresh), stolen);
    assert_eq!(elsewhere(&fresh).await, 200, "the next key signs at once, and was known for long");
    other.stop().await;
}

#[tokio::test]
async fn oauth_39_a_key_is_revoked_once_and_only_one_there_is() {
    let app = TestApp::start().await;
    let stolen = kid(&app.token(&app.fixture.reader).await);
    let office = key_office(app.state());
    office.revoke(stolen, "a drill").await.unwrap();
    let again = office.revoke(stolen, "a drill").await.unwrap_err().to_string();
    assert!(again.contains("be revoked again"), "{again}");
    let unknown = office.revoke(KeyId::from_bytes([9; 16]), "a drill").await.unwrap_err().to_string();
    assert!(unknown.contains("mudeung key list"), "{unknown}");
}

#[tokio::test]
async fn oauth_82_each_operation_on_keys_is_an_intent_and_an_outcome_without_anything_of_a_key() {
    let app = TestApp::start().await;
    let stolen = kid(&app.token(&app.fixture.reader).await);
    key_office(app.state()).rotate("quarterly").await.unwrap();
    key_office(app.state()).revoke(stolen, "a drill").await.unwrap();
    let _ = key_office(app.state()).revoke(stolen, "a drill").await;
    let entries = app.entries().await;
    let about = |operation: &str| -> Vec<_> {
        let of = entries.iter().rev().filter(|entry| entry.operation == operation);
        of.map(|entry| (entry.kind, entry.status)).collect()
    };
    let done = [(Kind::Intent, None), (Kind::Outcome, Some(Status::Completed))];
    assert_eq!(about("key.rotate"), done);
    assert_eq!(about("key.revoke"), [done[0], done[1], (Kind::Intent, None), (Kind::Outcome, Some(Status::Aborted))]);
    let said = entries.iter().filter(|entry| entry.operation.starts_with("key."));
    assert!(said.clone().any(|entry| entry.detail.as_ref().unwrap().contains("a drill")));
    let ring = app.state().db.read("ring", mudeung_store::signing_keys::list_signing_keys).await.unwrap();
    for key in &ring.keys {
        let hex: String = key.public.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(said.clone().all(|entry| !entry.detail.as_ref().unwrap().contains(&hex)));
    }
    assert!(ring.keys.iter().find(|key| key.id == stolen).unwrap().sealed.is_empty(), "its private half is gone");
}

#[tokio::test]
async fn oauth_82_a_server_does_not_start_with_another_master_key() {
    let app = TestApp::start().await;
    let swapped =
        app.restart_after(|folder| std::fs::remove_file(folder.join("keys/master.key")).unwrap(), |_| {}).await;
    let error = swapped.err().unwrap().to_string();
    assert!(error.contains("restore master.key from a backup"), "{error}");
}
