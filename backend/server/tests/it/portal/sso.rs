//! Single sign-on at the hospital's identity provider, with everything that can come back from it.

use super::{Browser, Shown};
use crate::app::TestApp;
use crate::app::fixture::PASSWORD;
use crate::provider::{self, ISSUER, Lies};
use mudeung_core::member::{MemberState, Role};
use mudeung_store::{identities, members};
use mudeung_wire::ledger::entry::{Entry, Status};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const REFUSED: &str = "could not be verified";
const UNKNOWN: &str = "no hospital member of this sandbox";
const STALE: &str = "begun elsewhere, or more than ten minutes ago";

/// A server with single sign-on at a provider of its own.
async fn start(client: &str) -> TestApp {
    let client = client.to_owned();
    TestApp::start_with(move |config| config.sso = Some(provider::sso(&client))).await
}

fn lie(client: &str, change: impl FnOnce(&mut Lies)) {
    change(&mut provider::of(client).lock().unwrap());
}

fn claim(client: &str, name: &str, value: Value) {
    lie(client, |lies| drop(lies.claims.insert(name.to_owned(), value)));
}

/// Goes to the provider; what it was asked.
async fn leave(browser: &mut Browser<'_>, client: &str, query: &str) -> BTreeMap<String, String> {
    let shown = browser.get(&format!("/en/sign-in/sso{query}")).await;
    assert_eq!(shown.status, 303, "{}", shown.body);
    let (address, query) = shown.location().split_once('?').unwrap();
    assert_eq!(address, format!("{ISSUER}/authorize"));
    let asked: BTreeMap<String, String> = serde_urlencoded::from_str(query).unwrap();
    lie(client, |lies| lies.asked = asked.clone());
    asked
}

/// Comes back with what the provider was asked.
async fn come_back(browser: &mut Browser<'_>, asked: &BTreeMap<String, String>) -> Shown {
    browser.get(&format!("/sso/return?code=the-code&state={}", asked["state"])).await
}

async fn sign_in(browser: &mut Browser<'_>, client: &str) -> Shown {
    let asked = leave(browser, client, "").await;
    come_back(browser, &asked).await
}

/// Nobody came in, and the reason is on the page.
fn assert_refused(shown: &Shown, why: &str) {
    assert!(matches!(shown.status, 403 | 502), "{} {}", shown.status, shown.location());
    assert!(shown.body.contains(why), "{}", shown.body);
    let cookies = shown.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap());
    assert!(cookies.into_iter().all(|cookie| !cookie.starts_with("mudeung-session=")), "no session was begun");
}

async fn of(app: &TestApp, operation: &str, status: Status) -> Vec<Entry> {
    let entries = app.entries().await.into_iter();
    entries.filter(|entry| entry.operation == operation && entry.status == Some(status)).collect()
}

#[actix_web::test]
async fn the_hospitals_people_come_in_by_their_provider_and_are_known_again_by_its_name_for_them() {
    let app = start("known").await;
    let mut browser = Browser::new(&app);
    let form = browser.get("/en/sign-in?next=/en/system").await;
    assert!(form.body.contains("href=\"/en/sign-in/sso?next=%2Fen%2Fsystem\""), "{}", form.body);
    let asked = leave(&mut browser, "known", "?next=/en/system").await;
    assert_eq!(asked["redirect_uri"], format!("{}/sso/return", app.url));
    assert_eq!((asked["response_type"].as_str(), asked["code_challenge_method"].as_str()), ("code", "S256"));
    assert_eq!((asked["scope"].as_str(), asked["ui_locales"].as_str()), ("openid email", "en"));
    let shown = come_back(&mut browser, &asked).await;
    assert_eq!((shown.status, shown.location()), (303, "/en/system"), "{}", shown.body);
    assert_eq!(browser.cookie("mudeung-trip"), None, "the way is over");
    let system = browser.get("/en/system").await;
    assert!(system.body.contains(ISSUER), "{}", system.body);
    assert!(browser.get("/en/security").await.body.contains(ISSUER));

    // Another address of mail later: it is the provider's name for them that counts.
    claim("known", "email", json!("married@example.org"));
    let mut other = Browser::new(&app);
    assert_eq!(sign_in(&mut other, "known").await.location(), "/en/home");
    let sign_ins = of(&app, "portal.sign_in", Status::Completed).await;
    assert_eq!(sign_ins.len(), 2);
    assert!(sign_ins.iter().all(|entry| entry.member.is_some()));
    assert_eq!(of(&app, "identity.link", Status::Completed).await.len(), 1, "linked once");
    let entries = app.entries().await;
    assert!(entries.iter().any(|entry| entry.operation == "portal.sign_in" && entry.detail.as_deref() == Some("sso")));
    assert_eq!(provider::of("known").lock().unwrap().reads, 1, "what the provider publishes is kept for an hour");
}

#[actix_web::test]
async fn what_comes_back_to_another_browser_or_too_late_or_twice_opens_nothing() {
    let app = start("ways").await;
    let mut victim = Browser::new(&app);
    let asked = leave(&mut victim, "ways", "").await;
    // Somebody else's browser, without the cookie, with a cookie of its own way, and with one that was changed.
    let mut thief = Browser::new(&app);
    assert_refused(&come_back(&mut thief, &asked).await, STALE);
    thief.get("/en/sign-in/sso").await;
    assert_refused(&come_back(&mut thief, &asked).await, STALE);
    let ticket = victim.cookie("mudeung-trip").unwrap().to_owned();
    thief.set_cookie("mudeung-trip", &ticket.replace(".enter.", ".prove."));
    assert_refused(&come_back(&mut thief, &asked).await, STALE);
    for other in ["", "a.b.c", "....", &"x".repeat(3_000)] {
        thief.set_cookie("mudeung-trip", other);
        assert_refused(&come_back(&mut thief, &asked).await, STALE);
    }
    // The wrong state, none, and two answers that are none.
    for query in ["code=the-code&state=wrong", "code=the-code", "", "state=a&state=b"] {
        let mut browser = Browser::new(&app);
        leave(&mut browser, "ways", "").await;
        assert_refused(&browser.get(&format!("/sso/return?{query}")).await, STALE);
    }
    let mut browser = Browser::new(&app);
    let asked = leave(&mut browser, "ways", "").await;
    let ticket = browser.cookie("mudeung-trip").unwrap().to_owned();
    let cancelled = format!("/sso/return?error=access_denied&state={}", asked["state"]);
    assert_refused(&browser.get(&cancelled).await, "was cancelled");
    assert_refused(&come_back(&mut browser, &asked).await, STALE);
    // Ten minutes, to the second.
    browser.set_cookie("mudeung-trip", &ticket);
    app.clock.advance(Duration::from_secs(601));
    assert_refused(&come_back(&mut browser, &asked).await, STALE);
    assert_eq!(of(&app, "portal.sign_in", Status::Completed).await.len(), 0);
    assert!(!of(&app, "portal.sign_in", Status::Denied).await.is_empty());
}

#[actix_web::test]
async fn a_code_is_worth_nothing_without_the_verifier_of_its_way() {
    let app = start("pkce").await;
    let mut browser = Browser::new(&app);
    let asked = leave(&mut browser, "pkce", "").await;
    lie("pkce", |lies| drop(lies.asked.insert("code_challenge".to_owned(), "of another way".to_owned())));
    assert_refused(&come_back(&mut browser, &asked).await, REFUSED);
}

#[actix_web::test]
async fn a_token_that_is_not_what_the_standard_asks_for_is_not_believed() {
    let app = start("lies").await;
    let now = app.now().seconds();
    let wrong: [(&str, Value); 12] = [
        ("iss", json!("https://idp.elsewhere.example")),
        ("aud", json!("another-client")),
        ("aud", json!(["lies", "another-client"])),
        ("azp", json!("another-client")),
        ("nonce", json!("of another way")),
        ("nonce", Value::Null),
        ("exp", json!(now - 61)),
        ("iat", json!(now - 120)),
        ("iat", json!(now + 120)),
        ("at_hash", json!("AAAAAAAAAAAAAAAAAAAAAA")),
        ("sub", Value::Null),
        ("exp", Value::Null),
    ];
    for (name, value) in wrong {
        lie("lies", |lies| *lies = Lies::default());
        claim("lies", name, value.clone());
        let shown = sign_in(&mut Browser::new(&app), "lies").await;
        assert!(matches!(shown.status, 403 | 502), "{name}: {value} came in");
    }
    let forgeries: [fn(&mut Lies); 3] =
        [|lies| lies.algorithm = Some("none"), |lies| lies.algorithm = Some("HS256"), |lies| lies.foreign_key = true];
    for forge in forgeries {
        lie("lies", |lies| *lies = Lies::default());
        lie("lies", forge);
        assert_refused(&sign_in(&mut Browser::new(&app), "lies").await, REFUSED);
    }
    lie("lies", |lies| *lies = Lies::default());
    assert_eq!(sign_in(&mut Browser::new(&app), "lies").await.location(), "/en/home", "the truth is believed");
    // A minute of difference between two clocks is none.
    claim("lies", "exp", json!(now - 59));
    assert_eq!(sign_in(&mut Browser::new(&app), "lies").await.location(), "/en/home");
}

#[actix_web::test]
async fn an_answer_of_another_provider_is_refused() {
    let app = start("mixed").await;
    lie("mixed", |lies| lies.names_itself = true);
    let mut browser = Browser::new(&app);
    let asked = leave(&mut browser, "mixed", "").await;
    assert_refused(&come_back(&mut browser, &asked).await, REFUSED);
    for (issuer, comes_in) in [("https%3A%2F%2Fidp.elsewhere.example", false), (ISSUER, true)] {
        let asked = leave(&mut browser, "mixed", "").await;
        let path = format!("/sso/return?code=the-code&state={}&iss={issuer}", asked["state"]);
        let shown = browser.get(&path).await;
        assert_eq!(shown.status == 303, comes_in, "{issuer}: {}", shown.body);
    }
}

#[actix_web::test]
async fn keys_that_the_provider_changed_are_found_and_a_provider_that_is_away_is_said_to_be() {
    let app = start("keys").await;
    lie("keys", |lies| lies.is_away = true);
    let mut browser = Browser::new(&app);
    let shown = browser.get("/en/sign-in/sso").await;
    assert_eq!(shown.status, 502);
    assert!(shown.body.contains("does not answer"), "{}", shown.body);
    assert!(shown.body.contains("name=\"password\""), "there is another way in");
    lie("keys", |lies| lies.is_away = false);
    assert_eq!(browser.get("/en/sign-in/sso").await.status, 502, "it is not asked again at once");
    app.clock.advance(Duration::from_secs(11));
    assert_eq!(sign_in(&mut browser, "keys").await.location(), "/en/home");
    lie("keys", |lies| lies.key = 1);
    app.clock.advance(Duration::from_secs(11));
    assert_eq!(sign_in(&mut Browser::new(&app), "keys").await.location(), "/en/home");
    assert_eq!(provider::of("keys").lock().unwrap().reads, 2);
}

#[actix_web::test]
async fn only_members_of_the_hospital_come_in_and_only_by_an_address_that_was_looked_at() {
    let app = start("whom").await;
    for (name, value) in [
        ("email", json!("nobody@example.org")),
        ("email", json!("developer@example.org")),
        ("email_verified", json!(false)),
        ("email_verified", Value::Null),
        ("email", Value::Null),
    ] {
        lie("whom", |lies| *lies = Lies::default());
        claim("whom", name, value);
        assert_refused(&sign_in(&mut Browser::new(&app), "whom").await, UNKNOWN);
    }
    // Where the provider keeps the address for its userinfo endpoint.
    lie("whom", |lies| *lies = Lies::default());
    claim("whom", "email", Value::Null);
    let of = |subject: &str| json!({ "sub": subject, "email": "Auditor@Example.org", "email_verified": true });
    lie("whom", |lies| lies.userinfo = Some(of("somebody else")));
    app.clock.advance(Duration::from_secs(60 * 60));
    assert_eq!(sign_in(&mut Browser::new(&app), "whom").await.status, 502, "of another subject");
    lie("whom", |lies| lies.userinfo = Some(of("staff-1")));
    assert_eq!(sign_in(&mut Browser::new(&app), "whom").await.location(), "/en/home");
    // Somebody else comes with the address of one who is known already.
    lie("whom", |lies| *lies = Lies::default());
    claim("whom", "email", json!("auditor@example.org"));
    claim("whom", "sub", json!("staff-2"));
    assert_refused(&sign_in(&mut Browser::new(&app), "whom").await, "linked to another hospital account");
    // Who was shut out stays out, also here.
    lie("whom", |lies| *lies = Lies::default());
    let now = app.now();
    app.change_and_see(move |conn| {
        let (auditor, _) = members::find_member_by_email(conn, "auditor@example.org")?.unwrap();
        members::update_member_state(conn, auditor.id, MemberState::Disabled { disabled_at: now })
    })
    .await;
    assert_refused(&sign_in(&mut Browser::new(&app), "whom").await, UNKNOWN);
}

#[actix_web::test]
async fn a_proof_is_asked_for_anew_and_is_of_who_is_signed_in() {
    let app = start("proof").await;
    let mut browser = Browser::new(&app);
    assert_eq!(sign_in(&mut browser, "proof").await.location(), "/en/home");
    app.clock.advance(Duration::from_secs(5 * 60 + 1));
    let step = browser.get("/en/step-up?next=/en/kill-switches").await;
    assert!(step.body.contains("/en/sign-in/sso?next=%2Fen%2Fkill-switches&#38;prove=yes"), "{}", step.body);
    let session = browser.cookie("mudeung-session").unwrap().to_owned();
    let prove = "?next=/en/kill-switches&prove=yes";
    let asked = leave(&mut browser, "proof", prove).await;
    assert_eq!((asked["prompt"].as_str(), asked["max_age"].as_str()), ("login", "0"));
    // The provider did not ask again, or an hour ago.
    for when in [Value::Null, json!(app.now().seconds() - 3_600)] {
        claim("proof", "auth_time", when);
        let asked = leave(&mut browser, "proof", prove).await;
        assert_refused(&come_back(&mut browser, &asked).await, REFUSED);
    }
    claim("proof", "auth_time", json!(app.now().seconds()));
    // Somebody else of the hospital proves that they are themselves.
    claim("proof", "sub", json!("staff-9"));
    claim("proof", "email", json!("steward@example.org"));
    let asked = leave(&mut browser, "proof", prove).await;
    assert_refused(&come_back(&mut browser, &asked).await, "of somebody else");
    claim("proof", "sub", json!("staff-1"));
    let asked = leave(&mut browser, "proof", prove).await;
    let shown = come_back(&mut browser, &asked).await;
    assert_eq!((shown.status, shown.location()), (303, "/en/kill-switches?done=stepped-up"), "{}", shown.body);
    assert_ne!(browser.cookie("mudeung-session").unwrap(), session, "the session has another token now");
    let fields = [("target", "cohort"), ("reason", "A drill"), ("confirm", "yes")];
    let shown = browser.submit("/en/kill-switches", "/en/kill-switches/dataset/stop", &fields).await;
    assert!(shown.location().ends_with("access-stopped"), "{}", shown.location());
}

#[actix_web::test]
async fn two_factors_at_the_provider_are_a_second_factor_here_and_one_is_not() {
    let app = TestApp::start_with(|config| {
        config.sso = Some(provider::sso("factors"));
        config.portal.require_totp = true;
    })
    .await;
    let act = async |action: &str| {
        let mut browser = Browser::new(&app);
        assert_eq!(sign_in(&mut browser, "factors").await.location(), "/en/home");
        let fields = [("target", "cohort"), ("reason", "A drill"), ("confirm", "yes")];
        let path = format!("/en/kill-switches/dataset/{action}");
        browser.submit("/en/kill-switches", &path, &fields).await.location().to_owned()
    };
    claim("factors", "amr", json!(["pwd"]));
    assert!(act("stop").await.starts_with("/en/security?done=second-factor-needed"));
    claim("factors", "amr", json!(["pwd", "mfa"]));
    assert_eq!(act("stop").await, "/en/kill-switches?done=access-stopped");
    lie("factors", |lies| *lies = Lies::default());
    claim("factors", "acr", json!("mfa"));
    assert_eq!(act("resume").await, "/en/kill-switches?done=access-resumed");
}

#[actix_web::test]
async fn where_passwords_are_off_the_hospital_comes_in_by_its_provider_alone_and_companies_as_before() {
    let app = TestApp::start_with(|config| {
        config.sso = Some(mudeung_server::config::SsoConfig { passwords: false, ..provider::sso("only") });
    })
    .await;
    let mut browser = Browser::new(&app);
    assert_eq!(browser.sign_in("admin@example.org", PASSWORD, "").await.status, 403);
    assert_eq!(browser.sign_in("developer@example.org", PASSWORD, "").await.status, 303);
    let mut admin = Browser::new(&app);
    assert_eq!(sign_in(&mut admin, "only").await.location(), "/en/home");
    app.clock.advance(Duration::from_secs(5 * 60 + 1));
    assert!(!admin.get("/en/step-up").await.body.contains("name=\"password\""));
    let by_password = admin.submit("/en/security", "/en/step-up", &[("password", PASSWORD)]).await;
    assert_eq!(by_password.status, 422, "a password proves nothing either");
    assert!(!admin.get("/en/security").await.body.contains("name=\"password\""));
}

#[actix_web::test]
async fn an_account_is_unlinked_by_its_member_after_a_fresh_proof() {
    let app = start("unlink").await;
    let mut browser = Browser::new(&app);
    assert_eq!(sign_in(&mut browser, "unlink").await.location(), "/en/home");
    let shown = browser.submit("/en/security", "/en/security/identity/remove", &[]).await;
    assert_eq!(shown.location(), "/en/security?done=identity-unlinked");
    let find = |conn: &mut mudeung_store::Conn| identities::find_identity(conn, ISSUER, "staff-1");
    assert_eq!(app.state().db.read("find", find).await.unwrap(), None);
    assert_eq!(of(&app, "identity.unlink", Status::Completed).await.len(), 1);
    assert_eq!(sign_in(&mut Browser::new(&app), "unlink").await.location(), "/en/home", "by the address, again");
}

#[actix_web::test]
async fn without_a_provider_there_is_no_button_and_no_way() {
    let app = TestApp::start().await;
    let mut browser = Browser::of(&app, Role::Admin).await;
    assert!(browser.get("/en/system").await.body.contains("Fill in [sso]"));
    assert_eq!(browser.get("/en/sign-in/sso").await.status, 404);
    assert_eq!(browser.get("/sso/return?code=a&state=b").await.status, 404);
    assert!(!Browser::new(&app).get("/en/sign-in").await.body.contains("/sso"));
}

#[actix_web::test]
async fn where_passwords_are_off_a_review_is_signed_after_a_proof_at_the_provider() {
    let app = TestApp::start_with(|config| {
        config.sso = Some(mudeung_server::config::SsoConfig { passwords: false, ..provider::sso("reviews") });
    })
    .await;
    let app = super::reviews::month_over_at(app).await;
    claim("reviews", "sub", json!("staff-auditor"));
    claim("reviews", "email", json!("auditor@example.org"));
    let mut auditor = Browser::new(&app);
    assert_eq!(sign_in(&mut auditor, "reviews").await.location(), "/en/home");
    let path = super::reviews::begin(&mut auditor).await;
    app.clock.advance(Duration::from_secs(5 * 60 + 1));
    let sent = super::reviews::sign(&mut auditor, &path, &[]).await;
    let proof = sent.location().to_owned();
    assert!(proof.starts_with("/en/step-up?next=%2Fen%2Funsent"), "{} {}", sent.status, sent.body);
    let page = auditor.get(&proof).await;
    assert!(!page.body.contains("type=\"password\""), "{}", page.body);
    let way = page.between("href=\"/en/sign-in/sso", "\"").unwrap().replace("&#38;", "&");
    claim("reviews", "auth_time", json!(app.now().seconds()));
    let asked = leave(&mut auditor, "reviews", &way).await;
    let back = come_back(&mut auditor, &asked).await;
    assert!(back.location().starts_with("/en/unsent?"), "{} {}", back.status, back.body);
    let page = auditor.get(back.location()).await;
    assert!(page.body.contains("Nothing out of the ordinary."), "{}", page.body);
    let done = super::kept::press(&mut auditor, &page).await;
    assert!(done.location().ends_with("done=review-signed"), "{} {}", done.status, done.body);
}
