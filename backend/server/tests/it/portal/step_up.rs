//! Something grave wants a fresh proof of who one is.

use super::Browser;
use crate::app::TestApp;
use crate::app::fixture::PASSWORD;
use mudeung_core::member::Role;
use mudeung_wire::ledger::entry::Status;
use std::time::Duration;

const PAGE: &str = "/en/kill-switches";
const STOP: &str = "/en/kill-switches/dataset/stop";
const FIELDS: [(&str, &str); 3] = [("target", "cohort"), ("reason", "A drill"), ("confirm", "yes")];
const LATE: Duration = Duration::from_secs(5 * 60 + 1);

/// Where a stop of the dataset leads.
async fn stop(browser: &mut Browser<'_>) -> String {
    let shown = browser.submit(PAGE, STOP, &FIELDS).await;
    assert_eq!(shown.status, 303, "{}", shown.body);
    shown.location().to_owned()
}

/// The code an authenticator shows now.
fn code(secret: &str, app: &TestApp) -> String {
    let bits: String = secret
        .bytes()
        .map(|letter| format!("{:05b}", b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|l| *l == letter).unwrap()))
        .collect();
    let bytes: Vec<u8> = bits
        .as_bytes()
        .chunks_exact(8)
        .map(|b| u8::from_str_radix(std::str::from_utf8(b).unwrap(), 2).unwrap())
        .collect();
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &bytes);
    let step = u64::try_from(app.now().seconds() / 30).unwrap();
    let tag = ring::hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let at = usize::from(tag[19] & 15);
    let word = u32::from_be_bytes(tag[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", word % 1_000_000)
}

/// Sets up a second factor; gives its secret and the recovery codes.
async fn enrol(app: &TestApp, browser: &mut Browser<'_>) -> (String, Vec<String>) {
    let shown = browser.submit("/en/security", "/en/security/second-factor", &[]).await;
    assert_eq!(shown.status, 200, "{}", shown.body);
    let secret = shown.between("<code class=\"secret\">", "</code>").unwrap();
    let typed = code(&secret, app);
    let shown = browser.submit("/en/security", "/en/security/second-factor/confirm", &[("code", &typed)]).await;
    assert_eq!(shown.status, 200, "{}", shown.body);
    let codes = shown.body.split("<code class=\"secret\">").skip(1);
    (secret, codes.map(|rest| rest.split('<').next().unwrap().to_owned()).collect())
}

#[actix_web::test]
async fn oauth_86_a_grave_action_wants_a_proof_not_older_than_five_minutes() {
    let app = TestApp::start().await;
    let mut browser = Browser::of(&app, Role::Admin).await;
    app.clock.advance(LATE);
    let before = app.entry_count().await;
    assert!(stop(&mut browser).await.starts_with("/en/step-up?next=%2Fen%2Funsent"));
    assert_eq!(app.entry_count().await, before, "nothing was begun");
    let session = browser.cookie("mudeung-session").unwrap().to_owned();
    let wrong = browser.submit("/en/step-up", "/en/step-up", &[("password", "wrong wrong wrong")]).await;
    assert_eq!(wrong.status, 422);
    let right = browser.submit("/en/step-up", "/en/step-up", &[("password", PASSWORD), ("next", PAGE)]).await;
    assert_eq!((right.status, right.location()), (303, "/en/kill-switches?done=stepped-up"));
    assert_ne!(browser.cookie("mudeung-session").unwrap(), session, "the session has another token now");
    let mut thief = Browser::new(&app);
    thief.set_cookie("mudeung-session", &session);
    assert_eq!(thief.get("/en/home").await.status, 303, "and the former one is worth nothing");
    assert_eq!(stop(&mut browser).await, "/en/kill-switches?done=access-stopped");
    let entries = app.entries().await;
    let of = |status| {
        let found = entries.iter().filter(move |e| e.operation == "portal.step_up" && e.status == Some(status));
        found.filter(|entry| entry.member.is_some()).count()
    };
    assert_eq!((of(Status::Denied), of(Status::Completed)), (1, 1));
}

#[actix_web::test]
async fn oauth_86_every_grave_route_asks_for_it() {
    let app = TestApp::start().await;
    let grave = [
        (Role::Reviewer, "/en/requests/req_00000000000000000000000000/approve"),
        (Role::Reviewer, "/en/requests/req_00000000000000000000000000/reject"),
        (Role::Reviewer, "/en/requests/req_00000000000000000000000000/conditions/0/confirm"),
        (Role::Admin, "/en/organizations/org_00000000000000000000000000/suspend"),
        (Role::Admin, "/en/organizations/org_00000000000000000000000000/resume"),
        (Role::Admin, "/en/grants/grt_00000000000000000000000000/revoke"),
        (Role::Admin, "/en/kill-switches/service/stop"),
        (Role::Admin, "/en/kill-switches/service/resume"),
        (Role::Developer, "/en/apps/app_00000000000000000000000000/credentials"),
        (Role::Developer, "/en/apps/app_00000000000000000000000000/revoke"),
        (Role::Developer, "/en/apps/app_00000000000000000000000000/keys"),
        (Role::Developer, "/en/apps/app_00000000000000000000000000/rules"),
        (Role::Developer, "/en/registration-tokens"),
        (Role::Steward, "/en/releases/ver_00000000000000000000000000/publish"),
        (Role::Steward, "/en/releases/ver_00000000000000000000000000/withdraw"),
    ];
    for role in [Role::Reviewer, Role::Admin, Role::Developer, Role::Steward] {
        let mut browser = Browser::of(&app, role).await;
        app.clock.advance(LATE);
        for (_, path) in grave.iter().filter(|(of, _)| *of == role) {
            let shown = browser.submit("/en/home", path, &[]).await;
            assert!(shown.location().starts_with("/en/step-up?next="), "{path}: {} {}", shown.status, shown.location());
        }
    }
}

#[actix_web::test]
async fn oauth_86_a_second_factor_replaces_the_password_and_a_code_works_once() {
    let app = TestApp::start().await;
    let mut browser = Browser::of(&app, Role::Admin).await;
    let (secret, codes) = enrol(&app, &mut browser).await;
    assert_eq!(codes.len(), 10);
    assert!(stop(&mut browser).await.ends_with("access-stopped"), "confirming was a proof");
    let resume = "/en/kill-switches/dataset/resume";
    assert_eq!(browser.submit(PAGE, resume, &[("target", "cohort")]).await.status, 303);

    let mut other = Browser::of(&app, Role::Admin).await;
    assert!(stop(&mut other).await.starts_with("/en/step-up"), "the password alone is no proof any more");
    app.clock.advance(Duration::from_secs(60));
    let typed = code(&secret, &app);
    for (field, value) in [("password", PASSWORD), ("code", "000000")] {
        assert_eq!(other.submit("/en/step-up", "/en/step-up", &[(field, value)]).await.status, 422, "{field}");
    }
    assert_eq!(other.submit("/en/step-up", "/en/step-up", &[("code", &typed)]).await.status, 303);
    let mut third = Browser::of(&app, Role::Admin).await;
    assert_eq!(third.submit("/en/step-up", "/en/step-up", &[("code", &typed)]).await.status, 422, "replayed");
    assert_eq!(third.submit("/en/step-up", "/en/step-up", &[("code", &codes[3])]).await.status, 303);
    assert_eq!(third.submit("/en/step-up", "/en/step-up", &[("code", &codes[3])]).await.status, 422, "used up");
    let page = third.get("/en/security").await.body;
    assert!(page.contains("Recovery codes left: 9") && !page.contains(&secret), "the secret is shown once");
    let folder = app.stop().await;
    for file in crate::app::files_below(folder.path()) {
        let bytes = std::fs::read(&file).unwrap();
        for shown in [&secret, &codes[0]] {
            assert!(!bytes.windows(shown.len()).any(|window| window == shown.as_bytes()), "{}", file.display());
        }
    }
}

#[actix_web::test]
async fn oauth_86_guessing_codes_is_braked() {
    let app = TestApp::start().await;
    let mut browser = Browser::of(&app, Role::Admin).await;
    for _ in 0..5 {
        let shown = browser.submit("/en/step-up", "/en/step-up", &[("password", "guess guess guess")]).await;
        assert_eq!(shown.status, 422);
    }
    let braked = browser.submit("/en/step-up", "/en/step-up", &[("password", PASSWORD)]).await;
    assert_eq!((braked.status, braked.header("retry-after")), (429, "900"));
    Browser::of(&app, Role::Admin).await;
}

#[actix_web::test]
async fn oauth_86_where_a_second_factor_is_required_nothing_grave_works_without_one() {
    let app = TestApp::start_with(|config| config.portal.require_totp = true).await;
    let mut browser = Browser::of(&app, Role::Admin).await;
    assert_eq!(stop(&mut browser).await, "/en/security?done=second-factor-needed");
    enrol(&app, &mut browser).await;
    assert_eq!(stop(&mut browser).await, "/en/kill-switches?done=access-stopped");
}
