//! Sign-in, sign-out, sessions.

use super::Browser;
use crate::app::TestApp;
use crate::app::fixture::PASSWORD;
use mudeung_core::member::Role;
use mudeung_core::organization::OrganizationState;
use mudeung_wire::ledger::entry::{Kind, Status};
use std::time::Duration;

const SESSION: &str = "mudeung-session";

#[actix_web::test]
async fn the_right_password_opens_and_the_session_cookie_is_closed_to_scripts() {
    let app = TestApp::start().await;
    let mut browser = Browser::new(&app);
    let shown = browser.sign_in("developer@example.org", PASSWORD, "").await;
    assert_eq!((shown.status, shown.location()), (303, "/en/home"));
    let cookie = shown.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap().to_owned());
    let cookie = cookie.into_iter().find(|cookie| cookie.starts_with(SESSION)).unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && cookie.contains("Path=/"), "{cookie}");
    assert_eq!(browser.get("/ko/home").await.status, 200);
}

#[actix_web::test]
async fn a_wrong_password_and_an_unknown_member_are_told_the_same() {
    let app = TestApp::start().await;
    let mut browser = Browser::new(&app);
    let wrong = browser.sign_in("developer@example.org", "not the right password", "").await;
    let unknown = browser.sign_in("nobody-here@example.org", "not the right password", "").await;
    assert_eq!((wrong.status, unknown.status), (403, 403));
    let blank = |body: &str| body.replace("developer@example.org", "").replace("nobody-here@example.org", "");
    assert_eq!(blank(&wrong.body), blank(&unknown.body));
    assert_eq!(browser.cookie(SESSION), None);
    let refused = app.entries().await;
    let refused = refused.iter().filter(|entry| entry.operation == "portal.sign_in");
    assert_eq!(refused.filter(|entry| entry.status == Some(Status::Denied)).count(), 2);
}

#[actix_web::test]
async fn a_session_token_from_before_sign_in_is_worth_nothing_after_it() {
    let app = TestApp::start().await;
    let mut browser = Browser::new(&app);
    let planted = "A".repeat(43);
    browser.set_cookie(SESSION, &planted);
    browser.sign_in("admin@example.org", PASSWORD, "").await;
    let first = browser.cookie(SESSION).unwrap().to_owned();
    assert_ne!(first, planted);
    let mut thief = Browser::new(&app);
    thief.set_cookie(SESSION, &planted);
    assert_eq!(thief.get("/en/home").await.status, 303);
}

#[actix_web::test]
async fn signing_in_again_ends_the_former_session() {
    let app = TestApp::start().await;
    let mut browser = Browser::of(&app, Role::Admin).await;
    let former = browser.cookie(SESSION).unwrap().to_owned();
    // The form is only for those who are not signed in, so a second sign-in brings its token from a fresh browser.
    let mut fresh = Browser::new(&app);
    let token = fresh.get("/en/sign-in").await.form_token();
    browser.set_cookie("mudeung-visit", fresh.cookie("mudeung-visit").unwrap());
    let fields = [("form_token", token.as_str()), ("email", "admin@example.org"), ("password", PASSWORD)];
    assert_eq!(browser.post("/en/sign-in", &fields).await.status, 303);
    assert_ne!(browser.cookie(SESSION), Some(former.as_str()));
    let mut thief = Browser::new(&app);
    thief.set_cookie(SESSION, &former);
    assert_eq!(thief.get("/en/home").await.status, 303);
}

#[actix_web::test]
async fn a_session_ends_when_idle_when_old_and_when_left() {
    let app = TestApp::start().await;
    let mut browser = Browser::of(&app, Role::Auditor).await;
    app.clock.advance(Duration::from_secs(29 * 60));
    assert_eq!(browser.get("/en/home").await.status, 200);
    app.clock.advance(Duration::from_secs(29 * 60));
    assert_eq!(browser.get("/en/home").await.status, 200);
    app.clock.advance(Duration::from_secs(30 * 60));
    assert_eq!(browser.get("/en/home").await.status, 303);

    let mut browser = Browser::of(&app, Role::Auditor).await;
    for _ in 0..25 {
        app.clock.advance(Duration::from_secs(29 * 60));
        browser.get("/en/home").await;
    }
    assert_eq!(browser.get("/en/home").await.status, 303);

    let mut browser = Browser::of(&app, Role::Auditor).await;
    let token = browser.cookie(SESSION).unwrap().to_owned();
    let left = browser.submit("/en/home", "/en/sign-out", &[]).await;
    assert_eq!((left.status, left.location()), (303, "/en/?done=signed-out"));
    let mut thief = Browser::new(&app);
    thief.set_cookie(SESSION, &token);
    assert_eq!(thief.get("/en/home").await.status, 303);
}

#[actix_web::test]
async fn sign_in_leads_back_to_our_own_pages_alone() {
    let app = TestApp::start().await;
    for (next, expected) in [
        ("/ko/grants", "/ko/grants"),
        ("https://example.com/", "/en/home"),
        ("//example.com/ko/", "/en/home"),
        ("/\\example.com", "/en/home"),
        ("/v1/datasets", "/en/home"),
    ] {
        let shown = Browser::new(&app).sign_in("auditor@example.org", PASSWORD, next).await;
        assert_eq!(shown.location(), expected, "{next}");
    }
    let shown = Browser::new(&app).get("/ko/ledger").await;
    assert_eq!((shown.status, shown.location()), (303, "/ko/sign-in?next=%2Fko%2Fledger"));
}

#[actix_web::test]
async fn guessing_is_braked_with_a_time_to_wait() {
    let app = TestApp::start().await;
    let mut browser = Browser::new(&app);
    for _ in 0..5 {
        assert_eq!(browser.sign_in("admin@example.org", "guess guess guess", "").await.status, 403);
    }
    let braked = browser.sign_in("admin@example.org", PASSWORD, "").await;
    assert_eq!(braked.status, 429);
    assert_eq!(braked.header("retry-after"), "900");
    assert_eq!(browser.sign_in("auditor@example.org", PASSWORD, "").await.status, 303);
    app.clock.advance(Duration::from_secs(900));
    assert_eq!(Browser::new(&app).sign_in("admin@example.org", PASSWORD, "").await.status, 303);
}

#[actix_web::test]
async fn members_of_a_suspended_organization_are_out_at_once() {
    let app = TestApp::start().await;
    let mut browser = Browser::of(&app, Role::Developer).await;
    let (company, now) = (app.fixture.company, app.now());
    app.change_and_see(move |conn| {
        let suspended = OrganizationState::Active.suspend(now)?;
        mudeung_store::organizations::update_organization_state(conn, company, suspended)
    })
    .await;
    assert_eq!(browser.get("/en/home").await.status, 303);
    assert_eq!(Browser::new(&app).sign_in("developer@example.org", PASSWORD, "").await.status, 403);
}

#[actix_web::test]
async fn signing_in_and_out_stands_in_the_ledger_with_the_member() {
    let app = TestApp::start().await;
    let mut browser = Browser::of(&app, Role::Reviewer).await;
    browser.submit("/en/home", "/en/sign-out", &[]).await;
    let entries = app.entries().await;
    for operation in ["portal.sign_in", "portal.sign_out"] {
        let of = |kind| entries.iter().filter(move |entry| entry.operation == operation && entry.kind == kind);
        assert_eq!((of(Kind::Intent).count(), of(Kind::Outcome).count()), (1, 1), "{operation}");
        assert!(of(Kind::Intent).chain(of(Kind::Outcome)).all(|entry| entry.member.is_some()));
    }
}
