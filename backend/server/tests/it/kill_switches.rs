//! Kill switches: each of the five levels stops new requests and running streams within one second, from the portal as
//! well as from elsewhere.

use crate::app::TestApp;
use crate::app::fixture::DATASET;
use crate::data::{Bench, table};
use crate::portal::Browser;
use futures_util::StreamExt;
use mudeung_core::member::{Member, Role};
use mudeung_core::service::ServiceState;
use mudeung_server::route::{self, Access};
use mudeung_store::{Conn, StoreError, members, service};
use mudeung_wire::ledger::entry::{Kind, Status};
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(1);

/// The five levels with what each is aimed at, and what a new request is answered then.
fn levels(app: &TestApp) -> [(&'static str, String, u16); 5] {
    let fixture = &app.fixture;
    [
        ("credential", fixture.reader_credential.to_string(), 401),
        ("app", fixture.reader_app.to_string(), 401),
        ("organization", fixture.company.to_string(), 401),
        ("dataset", DATASET.to_owned(), 404),
        ("service", "service".to_owned(), 503),
    ]
}

async fn stop(browser: &mut Browser<'_>, level: &str, target: &str) -> u16 {
    let path = format!("/en/kill-switches/{level}/stop");
    let fields = [("target", target), ("reason", "A drill"), ("confirm", "yes")];
    browser.submit("/en/kill-switches", &path, &fields).await.status
}

#[actix_web::test]
async fn oauth_78_each_of_five_switches_stops_new_requests_and_running_streams_within_a_second() {
    for position in 0..5 {
        let bench = Bench::start().await;
        bench.probe.be_slow();
        let (level, target, expected) = levels(&bench.app)[position].clone();
        let mut browser = Browser::of(&bench.app, Role::Admin).await;
        let path = format!("{}/rows?limit=100000", table("deidentified"));
        let mut rows = bench.get(&path).await.bytes_stream();
        rows.next().await.unwrap().unwrap();
        let address = bench.address("deidentified").await;
        let mut file = bench.fetch(&address, None).await.bytes_stream();
        file.next().await.unwrap().unwrap();
        assert_eq!(stop(&mut browser, level, &target).await, 303, "{level}");
        let stopped = Instant::now();
        for stream in [&mut rows, &mut file] {
            while let Some(Ok(_)) = stream.next().await {}
            assert!(stopped.elapsed() < SOON, "{level}: {:?}", stopped.elapsed());
        }
        assert_eq!(bench.get(&path).await.status(), expected, "{level}");
        assert!(matches!(bench.fetch(&address, None).await.status().as_u16(), 403 | 503), "{level}");
        let token = bench.app.ask_token(&bench.app.fixture.reader, None).await.status().as_u16();
        assert_eq!(token, if level == "dataset" { 200 } else { expected }, "{level}");
        let cut = bench.outcomes("data.read_rows", 1).await.remove(0);
        assert_eq!((cut.status, cut.detail.as_deref()), (Some(Status::Aborted), Some("access_ended")), "{level}");
    }
}

#[actix_web::test]
async fn oauth_78_every_switch_is_recorded_with_member_and_reason_and_can_be_lifted() {
    let app = TestApp::start().await;
    let mut browser = Browser::of(&app, Role::Admin).await;
    for (level, target, _) in levels(&app) {
        assert_eq!(stop(&mut browser, level, &target).await, 303, "{level}");
        assert_eq!(stop(&mut browser, level, &target).await, 409, "{level} is stopped already");
        let page = browser.get("/ko/kill-switches").await;
        assert_eq!(page.status, 200);
        if level == "credential" {
            let resume = format!("/en/kill-switches/{level}/resume");
            let lifted = browser.submit("/en/kill-switches", &resume, &[("target", &target)]).await;
            assert_eq!(lifted.status, 404, "a credential is revoked for good");
            continue;
        }
        assert!(page.body.contains(&format!("value=\"{target}\"")), "{level} is listed as stopped");
        let resume = format!("/en/kill-switches/{level}/resume");
        let lifted = browser.submit("/en/kill-switches", &resume, &[("target", &target)]).await;
        assert_eq!(lifted.status, 303, "{level}");
    }
    let entries = app.entries().await;
    for operation in ["credential.revoke", "app.suspend", "organization.suspend", "dataset.suspend", "service.pause"] {
        let of = |kind| {
            let wanted = move |entry: &&_| {
                let entry: &mudeung_wire::ledger::entry::Entry = entry;
                entry.operation == operation && entry.kind == kind && entry.member.is_some()
            };
            entries.iter().filter(wanted).collect::<Vec<_>>()
        };
        assert_eq!((of(Kind::Intent).len(), of(Kind::Outcome).len()), (2, 2), "{operation}: done once, refused once");
        assert!(of(Kind::Intent).iter().all(|entry| entry.detail.as_ref().unwrap().ends_with("A drill")));
    }
}

#[actix_web::test]
async fn oauth_78_a_switch_wants_a_reason_a_confirmation_and_a_target_that_is_not_oneself() {
    let app = TestApp::start().await;
    let mut browser = Browser::of(&app, Role::Admin).await;
    let hospital = app.fixture.hospital.to_string();
    let before = app.entry_count().await;
    for (level, fields) in [
        ("service", vec![("target", "service"), ("confirm", "yes")]),
        ("service", vec![("target", "service"), ("reason", "x")]),
        ("service", vec![("target", "all"), ("reason", "x"), ("confirm", "yes")]),
        ("dataset", vec![("target", "No Such"), ("reason", "x"), ("confirm", "yes")]),
        ("app", vec![("target", "app_x"), ("reason", "x"), ("confirm", "yes")]),
        ("organization", vec![("target", hospital.as_str()), ("reason", "x"), ("confirm", "yes")]),
    ] {
        let path = format!("/en/kill-switches/{level}/stop");
        let shown = browser.submit("/en/kill-switches", &path, &fields).await;
        assert_eq!(shown.status, 422, "{level} {fields:?}");
    }
    assert_eq!(app.entry_count().await, before);
    assert_eq!(stop(&mut browser, "dataset", "nothing").await, 404);
    assert_eq!(stop(&mut browser, "galaxy", "nothing").await, 404);
    app.token(&app.fixture.reader).await;
}

#[actix_web::test]
async fn what_one_administrator_stopped_another_starts_again() {
    let app = TestApp::start_with(|config| config.portal.two_people = true).await;
    app.change(|conn| {
        let (admin, hash) = members::find_member_by_email(conn, "admin@example.org")?.unwrap();
        let id = mudeung_core::id::MemberId::from_bytes([77; 16]);
        members::insert_member(conn, &Member { id, email: "second@example.org".to_owned(), ..admin }, &hash)
    })
    .await;
    let mut first = Browser::of(&app, Role::Admin).await;
    let mut second = Browser::with(&app, "second@example.org").await;
    for (level, target, _) in levels(&app).into_iter().filter(|(level, ..)| *level != "credential") {
        assert_eq!(stop(&mut first, level, &target).await, 303, "{level}: one is enough to stop");
        let page = first.get("/en/kill-switches").await;
        assert!(page.body.contains("Another administrator starts it again"), "{level}");
        assert!(page.body.contains("A drill"), "{level}: the reason is shown");
        let resume = format!("/en/kill-switches/{level}/resume");
        let fields = [("target", target.as_str())];
        assert_eq!(first.submit("/en/kill-switches", &resume, &fields).await.status, 403, "{level}");
        if level == "organization" {
            let other_way = format!("/en/organizations/{target}/resume");
            assert_eq!(first.submit("/en/organizations", &other_way, &[]).await.status, 403, "nor by another page");
        }
        assert_eq!(second.submit("/en/kill-switches", &resume, &fields).await.status, 303, "{level}");
        // A stop that is over leaves nothing: now the second stops, and the first starts again.
        assert_eq!(stop(&mut second, level, &target).await, 303, "{level}");
        assert_eq!(first.submit("/en/kill-switches", &resume, &fields).await.status, 303, "{level}");
    }
    let denied = app.entries().await.into_iter().filter(|entry| entry.status == Some(Status::Denied));
    assert_eq!(denied.filter(|entry| entry.operation.ends_with(".resume")).count(), 5);
}

#[actix_web::test]
async fn a_preview_says_whom_a_stop_would_reach_and_stops_nothing() {
    let bench = Bench::start().await;
    bench.probe.be_slow();
    let mut rows = bench.get(&format!("{}/rows?limit=100000", table("deidentified"))).await.bytes_stream();
    rows.next().await.unwrap().unwrap();
    let mut browser = Browser::of(&bench.app, Role::Admin).await;
    let before = bench.app.entry_count().await;
    for (level, target, _) in levels(&bench.app) {
        let path = format!("/en/kill-switches/{level}/preview");
        let shown = browser.submit("/en/kill-switches", &path, &[("target", &target)]).await;
        assert_eq!(shown.status, 200, "{level}: {}", shown.body);
        let transfers = shown.between("Transfers under way (begun within the hour)</dt><dd>", "<");
        assert_eq!(transfers.as_deref(), Some("1"), "{level}");
        assert!(shown.body.contains(&bench.app.fixture.reader_app.to_string()), "{level}");
        let reaches_others = shown.body.contains(&bench.app.fixture.stranger.id);
        assert_eq!(reaches_others, level == "service", "{level}");
        assert!(shown.body.contains("Live grants</dt><dd>1<"), "{level}: {}", shown.body);
        assert!(shown.body.contains("What a stop would reach"), "{level}");
    }
    let other = browser.submit("/en/kill-switches", "/en/kill-switches/app/preview", &[("target", "app_x")]).await;
    assert_eq!(other.status, 400);
    assert_eq!(bench.app.entry_count().await, before);
}

fn pause(conn: &mut Conn) -> Result<(), StoreError> {
    let now = mudeung_core::clock::Timestamp::from_seconds(1);
    let state = ServiceState::Running.pause("command line".to_owned(), "drill".to_owned(), now)?;
    service::update_service_state(conn, &state)
}

#[actix_web::test]
async fn oauth_78_a_paused_service_refuses_every_governed_route_and_keeps_the_others_up() {
    let app = TestApp::start().await;
    let token = app.token(&app.fixture.reader).await;
    let mut browser = Browser::of(&app, Role::Auditor).await;
    app.change_and_see(pause).await;
    for route in route::table() {
        // Whoever wants to end a token or look at one may still do so.
        let ends_tokens = matches!(route.path, "/oauth2/revoke" | "/oauth2/introspect");
        if !matches!(route.access, Access::Token(_) | Access::SignedOrToken(_) | Access::Client) || ends_tokens {
            continue;
        }
        let path = route.path.replace(['{', '}'], "");
        let answer = app.request(route.method, &path).bearer_auth(&token).send().await.unwrap();
        assert_eq!(answer.status(), 503, "{} {}", route.method, route.path);
        assert!(answer.headers().contains_key("retry-after"), "{}", route.path);
        let body = answer.text().await.unwrap();
        let said = match route.path {
            path if path.starts_with("/oauth2/") => "temporarily_unavailable",
            // DRS has room for words and no room for codes.
            path if path.starts_with("/ga4gh/drs/") => "The service is paused",
            _ => "service_paused",
        };
        assert!(route.method == "HEAD" || body.contains(said), "{}: {body}", route.path);
    }
    for path in ["/healthz", "/readyz", "/ledger/checkpoint", "/.well-known/jwks.json", "/en/catalogue", "/docs"] {
        assert_eq!(app.get(path).send().await.unwrap().status(), 200, "{path}");
    }
    assert_eq!(browser.get("/en/ledger").await.status, 200);
    assert_eq!(Browser::of(&app, Role::Admin).await.get("/en/kill-switches").await.status, 200);
    app.change_and_see(|conn| service::update_service_state(conn, &ServiceState::Running)).await;
    assert_eq!(app.get("/v1/datasets").bearer_auth(&token).send().await.unwrap().status(), 200);
}
