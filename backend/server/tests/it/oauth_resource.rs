//! The API as a resource server (RFC 6750); each test is named after its line in the conformance list.

use crate::app::TestApp;
use reqwest::StatusCode;
use reqwest::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use std::time::Duration;

const PATH: &str = "/v1/datasets";

#[tokio::test]
async fn oauth_35_a_token_of_another_server_or_time_opens_nothing() {
    let app = TestApp::start().await;
    let other = TestApp::start().await;
    let foreign = other.token(&other.fixture.reader).await;
    assert_eq!(app.get(PATH).bearer_auth(&foreign).send().await.unwrap().status(), 401);
    let token = app.token(&app.fixture.reader).await;
    assert_eq!(app.get(PATH).bearer_auth(&token).send().await.unwrap().status(), 200);
    app.clock.advance(Duration::from_secs(1_199));
    assert_eq!(app.get(PATH).bearer_auth(&token).send().await.unwrap().status(), 200);
    app.clock.advance(Duration::from_secs(1));
    let answer = app.get(PATH).bearer_auth(&token).send().await.unwrap();
    assert_eq!(answer.status(), 401);
    assert!(answer.headers()[WWW_AUTHENTICATE].to_str().unwrap().contains("error=\"invalid_token\""));
    assert!(answer.text().await.unwrap().contains("expired"));
}

#[tokio::test]
async fn oauth_41_the_token_comes_in_one_authorization_header_and_nowhere_else() {
    let app = TestApp::start().await;
    let token = app.token(&app.fixture.reader).await;
    let bearer = format!("Bearer {token}");
    let in_address = app.get(&format!("{PATH}?access_token={token}")).send().await.unwrap();
    assert_eq!(in_address.status(), 400);
    let both = app.get(&format!("{PATH}?access_token={token}")).bearer_auth(&token).send().await.unwrap();
    assert_eq!(both.status(), 400);
    let twice = app.get(PATH).header(AUTHORIZATION, &bearer).header(AUTHORIZATION, &bearer).send().await.unwrap();
    assert_eq!(twice.status(), 400);
    let in_body = app.post("/v1/query").form(&[("access_token", &token)]).send().await.unwrap();
    assert_eq!(in_body.status(), 401);
}

#[tokio::test]
async fn oauth_42_refusals_carry_their_challenge() {
    let app = TestApp::start().await;
    let answer = app.get(PATH).send().await.unwrap();
    assert_eq!(answer.status(), 401);
    let challenge = answer.headers()[WWW_AUTHENTICATE].to_str().unwrap();
    let document = format!("{}/.well-known/oauth-protected-resource", app.url);
    assert_eq!(challenge, format!("Bearer error=\"invalid_token\", resource_metadata=\"{document}\""));
    let token = app.token_with(&app.fixture.reader, Some("usage.read")).await;
    let answer = app.get(PATH).bearer_auth(token).send().await.unwrap();
    assert_eq!(answer.status(), 403);
    let challenge = answer.headers()[WWW_AUTHENTICATE].to_str().unwrap();
    assert_eq!(challenge, "Bearer error=\"insufficient_scope\", scope=\"catalog.read\"");
}

#[tokio::test]
async fn oauth_43_the_scheme_has_no_case_and_there_is_exactly_one_token() {
    let app = TestApp::start().await;
    let token = app.token(&app.fixture.reader).await;
    let ask = async |value: String| -> StatusCode {
        app.get(PATH).header(AUTHORIZATION, value).send().await.unwrap().status()
    };
    for scheme in ["Bearer", "bearer", "BEARER"] {
        assert_eq!(ask(format!("{scheme} {token}")).await, 200, "{scheme}");
    }
    for value in [
        token.clone(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        format!("Bearer  {token}"),
        format!("Bearer {token} {token}"),
        format!("Bearer {token},{token}"),
        format!("Basic {token}"),
        format!("Bearer \"{token}\""),
    ] {
        assert_eq!(ask(value.clone()).await, 401, "{value}");
    }
}

#[tokio::test]
async fn a_verified_token_is_remembered() {
    let app = TestApp::start().await;
    let token = app.token(&app.fixture.reader).await;
    assert_eq!(app.state().tokens.known(), 0);
    for _ in 0..3 {
        assert_eq!(app.get(PATH).bearer_auth(&token).send().await.unwrap().status(), 200);
    }
    assert_eq!(app.state().tokens.known(), 1);
    let (head, signature) = token.rsplit_once('.').unwrap();
    let changed = format!("{head}.{}", signature.chars().rev().collect::<String>());
    assert_eq!(app.get(PATH).bearer_auth(changed).send().await.unwrap().status(), 401);
}
