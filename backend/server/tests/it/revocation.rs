//! What is withdrawn elsewhere stops new requests here within one second.

use crate::app::TestApp;
use mudeung_core::app::AppState;
use mudeung_core::credential::CredentialState;
use mudeung_core::grant::GrantState;
use mudeung_core::organization::OrganizationState;
use mudeung_store::{Conn, StoreError, apps, credentials, grants, organizations};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const SYNTHETIC: &str = "/v1/datasets/cohort/synthetic/tables/visits/rows?limit=1";
const DEIDENTIFIED: &str = "/v1/datasets/cohort/deidentified/tables/visits/rows?limit=1";

/// Changes the database as another node would and measures how long a token still opens the path.
async fn time_to_stop(
    app: &TestApp,
    path: &str,
    expected: u16,
    change: impl FnOnce(&mut Conn) -> Result<(), StoreError> + Send + 'static,
) -> Duration {
    let token = app.token(&app.fixture.reader).await;
    // An answer that was under way is cut off, which a client sees as a broken connection.
    let ask = async || app.get(path).bearer_auth(&token).send().await.map_or(0, |answer| answer.status().as_u16());
    assert_eq!(ask().await, 200);
    app.change(change).await;
    let began = Instant::now();
    loop {
        match ask().await {
            0 | 200 => assert!(began.elapsed() < Duration::from_secs(5), "still open after 5 seconds"),
            status => {
                assert_eq!(status, expected);
                return began.elapsed();
            }
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

const SOON: Duration = Duration::from_secs(1);

#[tokio::test]
async fn oauth_40_a_revoked_credential_stops_its_tokens_within_a_second() {
    let app = TestApp::start().await;
    let (id, now) = (app.fixture.reader_credential, app.now());
    let change = move |conn: &mut Conn| {
        credentials::update_credential_state(conn, id, CredentialState::Revoked { revoked_at: now })
    };
    assert!(time_to_stop(&app, SYNTHETIC, 401, change).await < SOON);
    assert_eq!(app.ask_token(&app.fixture.reader, None).await.status(), 401, "and no new token is issued");
}

/// Who refreshed late must not show what was true earlier.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn oauth_40_what_was_seen_to_be_revoked_is_never_seen_live_again() {
    let app = TestApp::start().await;
    let snapshots = &app.state().snapshots;
    let others = (0..8).map(|_| {
        let snapshots = snapshots.clone();
        tokio::spawn(async move {
            loop {
                snapshots.refresh().await.unwrap();
            }
        })
    });
    let others: Vec<_> = others.collect();
    let (watched, stop) = (snapshots.clone(), Arc::new(AtomicBool::new(false)));
    let stopped = stop.clone();
    let watcher = std::thread::spawn(move || {
        let mut seen = watched.present().generation;
        while !stopped.load(Ordering::Relaxed) {
            let now = watched.present().generation;
            assert!(now >= seen, "generation {now} after {seen}");
            seen = now;
        }
    });
    let id = app.fixture.reader_app;
    for _ in 0..300 {
        app.change_and_see(move |conn| apps::update_app_state(conn, id, AppState::Active)).await;
    }
    stop.store(true, Ordering::Relaxed);
    others.iter().for_each(tokio::task::JoinHandle::abort);
    watcher.join().unwrap();
}

#[tokio::test]
async fn oauth_40_a_revoked_app_stops_its_tokens_within_a_second() {
    let app = TestApp::start().await;
    let (id, now) = (app.fixture.reader_app, app.now());
    let change = move |conn: &mut Conn| apps::update_app_state(conn, id, AppState::Revoked { revoked_at: now });
    assert!(time_to_stop(&app, SYNTHETIC, 401, change).await < SOON);
}

#[tokio::test]
async fn oauth_40_a_suspended_organization_stops_its_tokens_within_a_second() {
    let app = TestApp::start().await;
    let (id, now) = (app.fixture.company, app.now());
    let change = move |conn: &mut Conn| {
        organizations::update_organization_state(conn, id, OrganizationState::Suspended { suspended_at: now })
    };
    assert!(time_to_stop(&app, SYNTHETIC, 401, change).await < SOON);
}

#[tokio::test]
async fn oauth_40_a_revoked_grant_hides_its_table_within_a_second() {
    let app = TestApp::start().await;
    let (id, now) = (app.fixture.grant, app.now());
    let change = move |conn: &mut Conn| {
        let revoked = GrantState::Revoked { revoked_at: now, reason: "test".to_owned() };
        grants::update_grant_state(conn, id, &revoked)
    };
    assert!(time_to_stop(&app, DEIDENTIFIED, 404, change).await < SOON);
    let token = app.token(&app.fixture.reader).await;
    let answer = app.get(SYNTHETIC).bearer_auth(token).send().await.unwrap();
    assert_eq!(answer.status(), 200, "synthetic data needs no grant");
}
