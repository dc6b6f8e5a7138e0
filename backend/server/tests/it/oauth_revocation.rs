//! Revocation (RFC 7009) and introspection (RFC 7662); each test is named after its line in the conformance list.

use crate::app::fixture::new_credential;
use crate::app::{Client, TestApp};
use crate::data::{Bench, table};
use futures_util::StreamExt;
use mudeung_core::clock::CountingEntropy;
use mudeung_core::credential::CredentialState;
use mudeung_core::id::CredentialId;
use mudeung_server::oauth::secrets;
use mudeung_store::{credentials, revoked_tokens};
use mudeung_wire::ledger::entry::{Kind, Status};
use reqwest::Response;
use reqwest::header::CACHE_CONTROL;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const REVOKE: &str = "/oauth2/revoke";
const INTROSPECT: &str = "/oauth2/introspect";
const PATH: &str = "/v1/datasets";

async fn post(app: &TestApp, path: &str, client: &Client, form: &[(&str, &str)]) -> Response {
    app.post(path).basic_auth(&client.id, Some(&client.secret)).form(form).send().await.unwrap()
}

async fn revoke(app: &TestApp, client: &Client, token: &str) {
    let answer = post(app, REVOKE, client, &[("token", token)]).await;
    assert_eq!((answer.status().as_u16(), &answer.headers()[CACHE_CONTROL].to_str().unwrap()), (200, &"no-store"));
    assert_eq!(answer.text().await.unwrap(), "");
}

async fn introspect(app: &TestApp, client: &Client, token: &str) -> Value {
    let answer = post(app, INTROSPECT, client, &[("token", token)]).await;
    assert_eq!((answer.status().as_u16(), &answer.headers()[CACHE_CONTROL].to_str().unwrap()), (200, &"no-store"));
    answer.json().await.unwrap()
}

async fn opens(app: &TestApp, token: &str) -> bool {
    app.get(PATH).bearer_auth(token).send().await.unwrap().status() == 200
}

async fn error(answer: Response) -> (u16, String) {
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    (status, body["error"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn oauth_48_a_revoked_token_opens_nothing_and_the_others_of_the_app_do() {
    let app = TestApp::start().await;
    let client = &app.fixture.reader;
    let (first, second) = (app.token(client).await, app.token(client).await);
    assert!(opens(&app, &first).await, "and it is remembered as verified");
    revoke(&app, client, &first).await;
    assert!(!opens(&app, &first).await, "at once on this node");
    assert!(opens(&app, &second).await);
    revoke(&app, client, &first).await;
    let entries = app.entries().await;
    let about: Vec<_> = entries.iter().rev().filter(|entry| entry.operation == "oauth.revoke_token").collect();
    let said: Vec<_> = about.iter().map(|entry| (entry.kind, entry.status, entry.detail.as_deref())).collect();
    let intent = (Kind::Intent, None, None);
    let done = |detail| (Kind::Outcome, Some(Status::Completed), detail);
    assert_eq!(said, [intent, done(None), intent, done(Some("already_revoked"))]);
    assert!(about[0].token.is_some() && about[0].app.as_ref() == Some(&client.id));
}

#[tokio::test]
async fn oauth_48_revocation_needs_the_client_to_prove_itself() {
    let app = TestApp::start().await;
    let client = &app.fixture.reader;
    let token = app.token(client).await;
    for path in [REVOKE, INTROSPECT] {
        let wrong = Client { secret: "wrong".to_owned(), ..client.clone() };
        assert_eq!(
            error(post(&app, path, &wrong, &[("token", &token)]).await).await,
            (401, "invalid_client".to_owned())
        );
        let nobody = app.post(path).form(&[("token", token.as_str())]).send().await.unwrap();
        assert_eq!(error(nobody).await, (401, "invalid_client".to_owned()));
        let by_token = app.post(path).bearer_auth(&token).form(&[("token", token.as_str())]).send().await.unwrap();
        assert_eq!(by_token.status(), 401, "a token is no proof");
        assert_eq!(error(post(&app, path, client, &[("x", "y")]).await).await, (400, "invalid_request".to_owned()));
        let json = app.post(path).basic_auth(&client.id, Some(&client.secret)).json(&json!({ "token": token }));
        assert_eq!(error(json.send().await.unwrap()).await, (400, "invalid_request".to_owned()), "{path}");
        assert_eq!(app.get(path).send().await.unwrap().status(), 405);
        let in_body = [("token", token.as_str()), ("client_id", &client.id), ("client_secret", &client.secret)];
        if path == INTROSPECT {
            assert_eq!(app.post(path).form(&in_body).send().await.unwrap().status(), 200);
        }
    }
    assert!(opens(&app, &token).await, "nothing of that revoked it");
}

#[tokio::test]
async fn oauth_48_unknown_expired_and_other_clients_tokens_are_answered_alike() {
    let app = TestApp::start().await;
    let others = app.token(&app.fixture.stranger).await;
    let token = app.token(&app.fixture.reader).await;
    let (head, _) = token.rsplit_once('.').unwrap();
    let forged = format!("{head}.{}", "A".repeat(86));
    for unknown in ["x", "a.b.c", &"z".repeat(5_000), &forged, &app.fixture.reader.secret] {
        revoke(&app, &app.fixture.reader, unknown).await;
    }
    revoke(&app, &app.fixture.reader, &others).await;
    assert!(opens(&app, &others).await, "another client's token is not touched");
    assert!(opens(&app, &token).await, "a forged copy revokes nothing");
    let recorded = app.entries().await;
    let denied = recorded.iter().find(|entry| entry.status == Some(Status::Denied)).unwrap();
    assert_eq!(denied.detail.as_deref(), Some("other_client"));
    assert_eq!(denied.app.as_ref(), Some(&app.fixture.reader.id));
    app.clock.advance(Duration::from_secs(1_200 + 3_600));
    revoke(&app, &app.fixture.reader, &token).await;
    let recorded = app.entries().await;
    assert_eq!(recorded[0].detail.as_deref(), Some("expired"));
}

#[tokio::test]
async fn oauth_49_a_wrong_hint_does_no_harm_and_an_unknown_kind_is_said_to_be_one() {
    let app = TestApp::start().await;
    let client = &app.fixture.reader;
    for hint in ["access_token", "refresh_token", "id_token", "x"] {
        let token = app.token(client).await;
        let form = [("token", token.as_str()), ("token_type_hint", hint)];
        let seen: Value = post(&app, INTROSPECT, client, &form).await.json().await.unwrap();
        assert_eq!(seen["active"], json!(true), "{hint}");
        assert_eq!(post(&app, REVOKE, client, &form).await.status(), 200, "{hint}");
        assert!(!opens(&app, &token).await, "{hint}");
    }
    for (hint, expected) in [("access_token", 200), ("refresh_token", 200), ("id_token", 400), ("", 200)] {
        let answer = post(&app, REVOKE, client, &[("token", "unknown"), ("token_type_hint", hint)]).await;
        assert_eq!(answer.status(), expected, "{hint}");
        if expected == 400 {
            assert_eq!(error(answer).await.1, "unsupported_token_type");
        }
    }
}

#[tokio::test]
async fn oauth_50_an_app_sees_its_own_tokens_and_the_hospital_sees_all() {
    let app = TestApp::start().await;
    let token = app.token_with(&app.fixture.reader, Some("data.read")).await;
    let expected = json!({
        "active": true, "scope": "data.read", "client_id": app.fixture.reader.id, "sub": app.fixture.reader.id,
        "token_type": "Bearer", "iss": app.url, "aud": app.url,
        "iat": app.now().seconds(), "exp": app.now().seconds() + 1_200,
    });
    for client in [&app.fixture.reader, &app.fixture.hospital_account] {
        let mut seen = introspect(&app, client, &token).await;
        let identifier = seen.as_object_mut().unwrap().remove("jti").unwrap();
        assert!(identifier.as_str().unwrap().starts_with("tok_"));
        assert_eq!(seen, expected);
    }
    let inactive = json!({ "active": false });
    assert_eq!(introspect(&app, &app.fixture.stranger, &token).await, inactive, "not a stranger's to see");
    let hospital = app.token(&app.fixture.hospital_account).await;
    assert_eq!(introspect(&app, &app.fixture.reader, &hospital).await, inactive);
    for unknown in ["", "x", "a.b.c", &app.fixture.reader.secret] {
        if !unknown.is_empty() {
            assert_eq!(introspect(&app, &app.fixture.hospital_account, unknown).await, inactive, "{unknown}");
        }
    }
    let entries = app.entries().await;
    let denied = entries.iter().filter(|entry| entry.status == Some(Status::Denied));
    assert_eq!(denied.filter(|entry| entry.operation == "oauth.introspect_token").count(), 2);
}

#[tokio::test]
async fn oauth_51_introspection_says_of_a_token_what_the_api_would() {
    let app = TestApp::start().await;
    let client = app.fixture.reader.clone();
    let inactive = json!({ "active": false });
    let revoked = app.token(&client).await;
    revoke(&app, &client, &revoked).await;
    assert_eq!(introspect(&app, &app.fixture.hospital_account, &revoked).await, inactive, "revoked");
    let expired = app.token(&client).await;
    app.clock.advance(Duration::from_secs(1_200));
    assert_eq!(introspect(&app, &client, &expired).await, inactive, "expired");
    let withdrawn = app.token(&client).await;
    assert_eq!(introspect(&app, &client, &withdrawn).await["active"], json!(true));
    let (id, now) = (app.fixture.reader_app, app.now());
    let suspended = mudeung_core::app::AppState::Suspended { suspended_at: now };
    app.change_and_see(move |conn| mudeung_store::apps::update_app_state(conn, id, suspended)).await;
    assert_eq!(introspect(&app, &app.fixture.hospital_account, &withdrawn).await, inactive, "its app is suspended");
}

#[tokio::test]
async fn oauth_40_a_revoked_token_cuts_its_answers_and_kills_its_addresses_within_a_second() {
    let bench = Bench::start().await;
    bench.probe.be_slow();
    let app = &bench.app;
    let address = bench.address("synthetic").await;
    let mut stream = bench.get(&format!("{}/rows?limit=100000", table("deidentified"))).await.bytes_stream();
    stream.next().await.unwrap().unwrap();
    let began = Instant::now();
    revoke(app, &app.fixture.reader, &bench.token).await;
    let cut = loop {
        match stream.next().await {
            Some(Ok(_)) => {}
            Some(Err(_)) => break true,
            None => break false,
        }
    };
    assert!(cut && began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!(bench.fetch(&address, None).await.status(), 403, "an address made with the token");
}

#[tokio::test]
async fn oauth_48_a_revocation_outlives_a_restart_and_is_forgotten_when_it_does_not_matter() {
    let app = TestApp::start().await;
    let client = app.fixture.reader.clone();
    let token = app.token(&client).await;
    revoke(&app, &client, &token).await;
    let mut app = app.restart().await;
    assert!(!opens(&app, &token).await);
    for (passed, left) in [(1_200 + 3_600 - 1, 1), (1, 0)] {
        app.clock.advance(Duration::from_secs(passed));
        mudeung_server::oauth::books::forget_revoked(app.state()).await;
        let owner = app.fixture.reader_app;
        let count = app.state().db.read("look", move |conn| revoked_tokens::count_of_app(conn, owner)).await.unwrap();
        assert_eq!(count, left);
    }
    app = app.restart().await;
    assert!(app.state().snapshots.present().revoked.is_empty());
}

#[tokio::test]
async fn oauth_76_a_revoked_secret_takes_all_of_its_tokens_with_it_and_no_others() {
    let app = TestApp::start().await;
    let secret = secrets::mint(&CountingEntropy::starting_at(9_000_000));
    let second = new_credential(&app.state().keys, app.fixture.reader_app, &secret, CredentialId::from_bytes([9; 16]));
    let second_client = Client { id: app.fixture.reader.id.clone(), secret: secret.expose().clone() };
    app.change_and_see(move |conn| credentials::insert_credential(conn, &second)).await;
    let mut gone = Vec::new();
    for _ in 0..3 {
        gone.push(app.token(&app.fixture.reader).await);
    }
    let stays = app.token(&second_client).await;
    let (id, now) = (app.fixture.reader_credential, app.now());
    app.change_and_see(move |conn| {
        credentials::update_credential_state(conn, id, CredentialState::Revoked { revoked_at: now })
    })
    .await;
    for token in &gone {
        assert!(!opens(&app, token).await);
        assert_eq!(introspect(&app, &second_client, token).await, json!({ "active": false }));
    }
    assert!(opens(&app, &stays).await);
    assert_eq!(app.ask_token(&app.fixture.reader, None).await.status(), 401);
    assert!(opens(&app, &app.token(&second_client).await).await);
}
