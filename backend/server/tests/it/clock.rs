//! A clock that jumps by an hour either way: nothing panics, nothing withdrawn comes back, nobody is locked out.

use crate::app::fixture::PASSWORD;
use crate::app::{BEGIN, TestApp};
use crate::data::{Bench, table};
use crate::portal::Browser;
use mudeung_core::credential::CredentialState;
use mudeung_core::member::Role;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn oauth_81_a_clock_that_jumps_ahead_ends_tokens_and_addresses_and_new_ones_are_given() {
    let bench = Bench::start().await;
    let rows = format!("{}/rows?limit=1", table("synthetic"));
    let address = bench.address("synthetic").await;
    bench.app.clock.advance(HOUR);
    assert_eq!(bench.get(&rows).await.status(), 401);
    assert_eq!(bench.fetch(&address, None).await.status(), 403);
    let token = bench.app.token(&bench.app.fixture.reader).await;
    assert_eq!(bench.app.get(&rows).bearer_auth(&token).send().await.unwrap().status(), 200);
    assert_eq!(bench.app.get("/healthz").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn oauth_81_a_clock_that_jumps_back_brings_nothing_back_that_was_withdrawn() {
    let app = TestApp::start().await;
    let token = app.token(&app.fixture.reader).await;
    let (id, now) = (app.fixture.reader_credential, app.now());
    app.change_and_see(move |conn| {
        let revoked = CredentialState::Revoked { revoked_at: now };
        mudeung_store::credentials::update_credential_state(conn, id, revoked)
    })
    .await;
    for at in [-3_600, 0, 3_600, -7_200] {
        app.clock.set(mudeung_core::clock::Timestamp::from_seconds(BEGIN.seconds() + at));
        let answer = app.get("/v1/datasets").bearer_auth(&token).send().await.unwrap();
        assert_eq!(answer.status(), 401, "{at}");
        assert_ne!(app.ask_token(&app.fixture.reader, None).await.status(), 200, "{at}");
        assert_eq!(app.get("/readyz").send().await.unwrap().status(), 200, "{at}");
    }
}

#[actix_web::test]
async fn oauth_81_a_clock_that_jumps_back_locks_nobody_out_of_the_portal() {
    let app = TestApp::start().await;
    app.clock.advance(HOUR);
    let mut browser = Browser::new(&app);
    for _ in 0..5 {
        browser.sign_in("admin@example.org", "guess guess guess", "").await;
    }
    app.clock.set(BEGIN);
    let braked = browser.sign_in("admin@example.org", PASSWORD, "").await;
    assert_eq!((braked.status, braked.header("retry-after")), (429, "900"));
    app.clock.advance(Duration::from_secs(900));
    Browser::of(&app, Role::Admin).await;
}
