//! What ends is told before it does: to programs in a header, to people in the portal.

use crate::app::{BEGIN, Client, TestApp};
use crate::portal::Browser;
use mudeung_core::clock::Timestamp;
use mudeung_core::credential::{Credential, CredentialState, Proof};
use mudeung_core::id::CredentialId;
use mudeung_core::member::Role;
use mudeung_server::expiry::make_notices;
use mudeung_server::oauth::secrets;
use mudeung_store::notices::list_notices;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

const CREDENTIAL: CredentialId = CredentialId::from_bytes([77; 16]);

/// A server whose reader has another secret that ends at that time.
async fn ending_at(end: Timestamp) -> (TestApp, Client) {
    let app = TestApp::start().await;
    let secret = secrets::mint(&*app.state().entropy);
    let credential = Credential {
        id: CREDENTIAL,
        app: app.fixture.reader_app,
        label: "Ends".to_owned(),
        proof: Proof::Secret { hint: secrets::hint(&secret), hash: secrets::hash(&app.state().keys, secret.expose()) },
        not_before: BEGIN,
        expires_at: Some(end),
        last_used_at: None,
        state: CredentialState::Active,
        created_at: BEGIN,
    };
    app.change_and_see(move |conn| mudeung_store::credentials::insert_credential(conn, &credential)).await;
    let client = Client { id: app.fixture.reader.id.clone(), secret: secret.expose().clone() };
    (app, client)
}

#[tokio::test]
async fn oauth_77_programs_are_told_in_a_header_from_thirty_days_before_the_end() {
    let begin = BEGIN;
    let (app, client) = ending_at(begin.plus(DAY * 31)).await;
    let header = async |app: &TestApp| {
        let answer = app.ask_token(&client, None).await;
        let named = answer.headers().get("credential-expires").map(|value| value.to_str().unwrap().to_owned());
        let body: serde_json::Value = answer.json().await.unwrap();
        let read = app.get("/v1/datasets").bearer_auth(body["access_token"].as_str().unwrap()).send().await.unwrap();
        let again = read.headers().get("credential-expires").map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(named, again, "tokens and answers say the same");
        named
    };
    assert_eq!(header(&app).await, None, "31 days are long");
    app.clock.advance(DAY);
    let text = header(&app).await.unwrap();
    let parsed = jiff::fmt::rfc2822::parse(&text.replace("GMT", "+0000")).unwrap();
    assert_eq!(parsed.timestamp().as_second(), begin.plus(DAY * 31).seconds(), "{text}");
    assert!(text.ends_with(" GMT"));
    let stranger = app.ask_token(&app.fixture.stranger, None).await;
    assert!(stranger.headers().get("credential-expires").is_none(), "nobody is told of another's");
}

#[tokio::test]
async fn oauth_77_people_are_told_once_at_thirty_seven_and_one_day_whatever_node_and_restart() {
    let begin = BEGIN;
    let (app, _) = ending_at(begin.plus(DAY * 40)).await;
    let company = app.fixture.company;
    let days = async |app: &TestApp| -> Vec<u32> {
        let list = move |conn: &mut mudeung_store::Conn| list_notices(conn, company, 100);
        let all = app.state().db.read("list", list).await.unwrap();
        let of_credentials =
            all.iter().filter(|notice| matches!(notice.ending, mudeung_store::notices::Ending::Credential(_)));
        of_credentials.map(|notice| notice.days).collect()
    };
    make_notices(app.state()).await.unwrap();
    assert!(days(&app).await.is_empty());
    for (after, expected) in [(10, vec![30]), (22, vec![30]), (1, vec![7, 30]), (6, vec![1, 7, 30])] {
        app.clock.advance(DAY * after);
        for _ in 0..2 {
            make_notices(app.state()).await.unwrap();
            assert_eq!(days(&app).await, expected);
        }
    }
    let app = app.restart().await;
    make_notices(app.state()).await.unwrap();
    assert_eq!(days(&app).await, [1, 7, 30], "a restart tells nobody again");
    app.clock.advance(DAY);
    make_notices(app.state()).await.unwrap();
    assert!(days(&app).await.len() <= 3, "and after the end there is nothing new to tell");
}

#[actix_web::test]
async fn oauth_77_the_company_sees_in_the_portal_what_ends_soon_and_others_do_not() {
    let (app, _) = ending_at(BEGIN.plus(DAY * 5)).await;
    make_notices(app.state()).await.unwrap();
    for (language, words) in [("en", "Ending soon"), ("ko", "곧 끝나는 항목")] {
        let mut developer = Browser::of(&app, Role::Developer).await;
        let page = developer.get(&format!("/{language}/home")).await.body;
        assert!(page.contains(words) && page.contains("Reader: Ends"), "{page}");
    }
    let mut auditor = Browser::of(&app, Role::Auditor).await;
    assert!(!auditor.get("/en/home").await.body.contains("Ending soon"), "it is the company's, not the hospital's");
    let now = app.now();
    app.change_and_see(move |conn| {
        let revoked = CredentialState::Revoked { revoked_at: now };
        mudeung_store::credentials::update_credential_state(conn, CREDENTIAL, revoked)
    })
    .await;
    let mut developer = Browser::of(&app, Role::Developer).await;
    assert!(!developer.get("/en/home").await.body.contains("Ending soon"), "what is revoked needs no warning");
}
