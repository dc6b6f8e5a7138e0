//! Keys through the portal: registered, used, rotated, revoked; and the dry run of an assertion.

use super::{Browser, Shown};
use crate::app::signer::Signer;
use crate::app::{Client, TestApp};
use mudeung_core::credential::KeyAlgorithm;
use mudeung_core::member::Role;
use serde_json::{Value, json};
use std::time::Duration;

/// Registers an app that proves itself with keys; gives its page.
async fn register(browser: &mut Browser<'_>) -> String {
    let fields = [("name", "Keyed"), ("method", "private_key_jwt")];
    let shown = browser.submit("/en/apps", "/en/apps", &fields).await;
    assert_eq!(shown.status, 303, "{}", shown.body);
    shown.location().split('?').next().unwrap().to_owned()
}

async fn add(browser: &mut Browser<'_>, page: &str, more: &[(&str, &str)]) -> Shown {
    let mut fields = vec![("label", "production")];
    fields.extend(more);
    browser.submit(page, &format!("{page}/keys"), &fields).await
}

fn named(signer: &Signer) -> String {
    let mut jwk = signer.jwk();
    jwk["kid"] = json!(signer.kid);
    jwk["alg"] = json!(signer.algorithm.as_str());
    jwk.to_string()
}

fn claims(app: &TestApp, id: &str, jti: &str) -> Value {
    json!({ "iss": id, "sub": id, "aud": app.url, "exp": app.now().seconds() + 60, "jti": jti })
}

#[actix_web::test]
async fn a_registered_key_proves_the_app_until_it_is_revoked() {
    let app = TestApp::start().await;
    let mut browser = Browser::of(&app, Role::Developer).await;
    let page = register(&mut browser).await;
    let id = page.rsplit('/').next().unwrap().to_owned();
    for (n, algorithm) in [KeyAlgorithm::Es256, KeyAlgorithm::Ed25519, KeyAlgorithm::Rs256].into_iter().enumerate() {
        let signer = Signer::new(&format!("key-{n}"), algorithm);
        assert_eq!(add(&mut browser, &page, &[("key", &named(&signer))]).await.status, 303);
        let shown = browser.get(&page).await.body;
        assert!(shown.contains(&format!("key-{n} {}", algorithm.as_str())), "kid and algorithm are listed");
        let token: Value = app.assert(&signer.jwt(&claims(&app, &id, &format!("{n}")))).await.json().await.unwrap();
        let token = token["access_token"].as_str().unwrap().to_owned();
        assert_eq!(app.get("/v1/datasets").bearer_auth(&token).send().await.unwrap().status(), 200);
        let path = format!("{page}/credentials/");
        let credential = shown.split(&path).nth(1).unwrap().split('/').next().unwrap().to_owned();
        let revoked = browser.submit(&page, &format!("{path}{credential}/revoke"), &[]).await;
        assert_eq!(revoked.status, 303);
        assert_eq!(app.assert(&signer.jwt(&claims(&app, &id, &format!("later {n}")))).await.status(), 401);
        assert_eq!(app.get("/v1/datasets").bearer_auth(&token).send().await.unwrap().status(), 401);
    }
    let entries = app.entries().await;
    let entry = entries.iter().find(|entry| entry.operation == "credential.register_key").unwrap();
    assert!(entry.detail.as_deref().unwrap().starts_with("production: key-"), "{:?}", entry.detail);
}

#[actix_web::test]
async fn oauth_75_rotation_with_overlap_keeps_the_client_id() {
    let app = TestApp::start().await;
    let mut browser = Browser::of(&app, Role::Developer).await;
    let page = register(&mut browser).await;
    let id = page.rsplit('/').next().unwrap().to_owned();
    let (old, new) = (Signer::new("old", KeyAlgorithm::Es256), Signer::new("new", KeyAlgorithm::Es256));
    assert_eq!(add(&mut browser, &page, &[("key", &named(&old)), ("days", "90")]).await.status, 303);
    // The new one starts on 2026-03-05 in Korea, which is 15:00 UTC of the day before: 63 hours from now.
    let fields = [("key", named(&new)), ("starts", "2026-03-05".to_owned())];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(add(&mut browser, &page, &fields).await.status, 303);
    let mut count = 0;
    let mut status = async |signer: &Signer| {
        count += 1;
        app.assert(&signer.jwt(&claims(&app, &id, &format!("{count}")))).await.status().as_u16()
    };
    assert_eq!((status(&old).await, status(&new).await), (200, 401), "not yet begun");
    app.clock.advance(Duration::from_secs(63 * 3_600));
    assert_eq!((status(&old).await, status(&new).await), (200, 200), "both are live");
    app.clock.advance(Duration::from_secs(90 * 86_400 - 63 * 3_600));
    assert_eq!((status(&old).await, status(&new).await), (401, 200), "after the cut-off only the new one");
}

#[actix_web::test]
async fn oauth_75_a_secret_may_begin_on_a_later_day_while_the_old_one_works() {
    let app = TestApp::start().await;
    let mut browser = Browser::of(&app, Role::Developer).await;
    let page = format!("/en/apps/{}", app.fixture.reader_app);
    let path = format!("{page}/credentials");
    let wrong = browser.submit(&page, &path, &[("label", "next"), ("days", "30"), ("starts", "tomorrow")]).await;
    assert_eq!(wrong.status, 422, "{}", wrong.body);
    let fields = [("label", "next"), ("days", "30"), ("starts", "2026-03-05")];
    let shown = browser.submit(&page, &path, &fields).await;
    let secret = shown.between("<code class=\"secret\">", "</code>").unwrap();
    let next = Client { id: app.fixture.reader.id.clone(), secret };
    let status = async |client: &Client| app.ask_token(client, None).await.status().as_u16();
    assert_eq!((status(&app.fixture.reader).await, status(&next).await), (200, 401), "not yet begun");
    // 2026-03-05 in Korea is 15:00 UTC of the day before: 63 hours from now.
    app.clock.advance(Duration::from_secs(63 * 3_600));
    assert_eq!((status(&app.fixture.reader).await, status(&next).await), (200, 200), "both are live");
}

#[actix_web::test]
async fn what_is_no_good_key_is_refused_with_its_reason_and_not_stored() {
    let app = TestApp::start().await;
    let mut browser = Browser::of(&app, Role::Developer).await;
    let page = register(&mut browser).await;
    let signer = Signer::new("k", KeyAlgorithm::Es256);
    let mut private = signer.jwk();
    private["d"] = json!("c2VjcmV0LWNhbmFyeS1vZi1hLWtleQ");
    let pem = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0LWNhbmFyeS1vZi1hLWtleQ==\n-----END PRIVATE KEY-----";
    for (key, reason) in [
        (private.to_string(), "This is a private key."),
        (pem.to_owned(), "This is a private key."),
        ("hello".to_owned(), "The key cannot be read."),
        (r#"{"kty":"oct","k":"AAAA"}"#.to_owned(), "This is a private key."),
        (r#"{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"}"#.to_owned(), "Only signing keys"),
    ] {
        let shown = add(&mut browser, &page, &[("key", &key)]).await;
        assert_eq!(shown.status, 422, "{key}");
        assert!(shown.body.contains(reason), "{reason}");
        assert!(!shown.body.contains("c2VjcmV0LWNhbmFyeS"), "a private key is not shown again");
    }
    for (name, value, reason) in [
        ("algorithm", "RS256", "does not go with the key"),
        ("algorithm", "none", "does not go with the key"),
        ("starts", "tomorrow", "2026-01-31"),
    ] {
        let shown = add(&mut browser, &page, &[("key", &named(&signer)), (name, value)]).await;
        assert!(shown.status == 422 && shown.body.contains(reason), "{name}={value}");
    }
    assert_eq!(add(&mut browser, &page, &[("key", &named(&signer))]).await.status, 303);
    let twice = add(&mut browser, &page, &[("key", &named(&signer))]).await;
    assert!(twice.status == 422 && twice.body.contains("a key of that kid"));
    for n in 1..=5 {
        let other = Signer::new(&format!("k{n}"), KeyAlgorithm::Es256);
        let shown = add(&mut browser, &page, &[("key", &named(&other))]).await;
        assert_eq!(shown.status, if n < 5 { 303 } else { 422 }, "five live ones at most");
    }
    let folder = app.stop().await;
    for file in crate::app::files_below(folder.path()) {
        let bytes = std::fs::read(&file).unwrap();
        let found = bytes.windows(18).any(|window| window == b"c2VjcmV0LWNhbmFyeS");
        assert!(!found, "a private key is in {}", file.display());
    }
}

#[actix_web::test]
async fn an_app_has_secrets_or_keys_and_never_both() {
    let app = TestApp::start().await;
    let mut browser = Browser::of(&app, Role::Developer).await;
    let keyed = register(&mut browser).await;
    let secret = browser.submit(&keyed, &format!("{keyed}/credentials"), &[("label", "x")]).await;
    assert_eq!(secret.status, 409);
    let by_secret = format!("/en/apps/{}", app.fixture.reader_app);
    let signer = Signer::new("k", KeyAlgorithm::Es256);
    assert_eq!(add(&mut browser, &by_secret, &[("key", &named(&signer))]).await.status, 409);
    let stranger = format!("/en/apps/{}", app.fixture.stranger.id);
    let token = browser.get(&keyed).await.form_token();
    let fields = [("form_token", token.as_str()), ("label", "x"), ("key", &named(&signer))];
    assert_eq!(browser.post(&format!("{stranger}/keys"), &fields).await.status, 404, "another company's app");
    let fields = [("form_token", token.as_str()), ("assertion", "x")];
    assert_eq!(browser.post(&format!("{stranger}/assertion"), &fields).await.status, 404);
}

#[actix_web::test]
async fn a_pasted_assertion_is_explained_in_both_languages_and_not_used_up() {
    let app = TestApp::start().await;
    let mut browser = Browser::of(&app, Role::Developer).await;
    let page = register(&mut browser).await;
    let id = page.rsplit('/').next().unwrap().to_owned();
    let signer = Signer::new("k", KeyAlgorithm::Es256);
    add(&mut browser, &page, &[("key", &named(&signer))]).await;
    let good = signer.jwt(&claims(&app, &id, "1"));
    let mut wrong = claims(&app, &id, "2");
    wrong["aud"] = json!([app.url]);
    wrong.as_object_mut().unwrap().remove("exp");
    let wrong = signer.jwt(&wrong);
    let unknown = Signer::new("other", KeyAlgorithm::Es256).jwt(&claims(&app, &id, "3"));
    for (language, accepted, array, kid) in [
        ("en", "It would be accepted now.", "not an array", "live keys has that kid"),
        ("ko", "지금 보내면 받아들여집니다.", "배열이 아니라", "그런 kid가 없습니다"),
    ] {
        let page = page.replacen("/en/", &format!("/{language}/"), 1);
        let path = format!("{page}/assertion");
        for _ in 0..2 {
            let shown = browser.submit(&page, &path, &[("assertion", &format!(" {good}\n"))]).await;
            assert_eq!(shown.status, 200);
            assert!(shown.body.contains(accepted) && !shown.body.contains("badge stop"), "{}", shown.body);
        }
        let shown = browser.submit(&page, &path, &[("assertion", &wrong)]).await.body;
        assert!(shown.contains(array) && shown.matches("badge stop").count() == 2, "aud and exp: {shown}");
        let shown = browser.submit(&page, &path, &[("assertion", &unknown)]).await.body;
        assert!(shown.contains(kid), "{shown}");
        let shown = browser.submit(&page, &path, &[("assertion", "nonsense")]).await.body;
        assert!(shown.contains("base64url"));
    }
    assert_eq!(app.remembered().await, 0);
    assert_eq!(app.assert(&good).await.status(), 200);
    let shown = browser.submit(&page, &format!("{page}/assertion"), &[("assertion", &good)]).await.body;
    assert!(shown.contains("jti already used"), "{shown}");
}
