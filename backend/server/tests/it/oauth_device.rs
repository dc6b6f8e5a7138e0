//! The device flow against RFC 8628, and the refresh tokens that come of it; each test is named after its line in the
//! conformance list.

use crate::app::TestApp;
use crate::portal::{Browser, Shown};
use mudeung_core::app::AppState;
use mudeung_core::id::CredentialId;
use mudeung_core::member::{MemberState, Role};
use mudeung_store::{apps, credentials, members};
use mudeung_wire::ledger::entry::{Kind, Status};
use reqwest::Response;
use serde_json::Value;
use std::time::Duration;

const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const INTERVAL: Duration = Duration::from_secs(5);

/// A device that began to sign in.
struct Begun {
    device_code: String,
    user_code: String,
    complete: String,
}

async fn begin(app: &TestApp) -> Begun {
    let answer = begin_with(app, &[("client_id", "mudeung-cli")]).await;
    assert_eq!(answer.status(), 200);
    let answer: Value = answer.json().await.unwrap();
    let text = |name: &str| answer[name].as_str().unwrap().to_owned();
    Begun {
        device_code: text("device_code"),
        user_code: text("user_code"),
        complete: text("verification_uri_complete").strip_prefix(&app.url).unwrap().to_owned(),
    }
}

async fn begin_with(app: &TestApp, form: &[(&str, &str)]) -> Response {
    app.post("/oauth2/device_authorization").form(form).send().await.unwrap()
}

async fn poll(app: &TestApp, device_code: &str) -> Result<Value, String> {
    let form = [("grant_type", DEVICE), ("client_id", "mudeung-cli"), ("device_code", device_code)];
    told(app.post("/oauth2/token").form(&form).send().await.unwrap()).await
}

async fn refresh(app: &TestApp, token: &str) -> Result<Value, String> {
    let form = [("grant_type", "refresh_token"), ("client_id", "mudeung-cli"), ("refresh_token", token)];
    told(app.post("/oauth2/token").form(&form).send().await.unwrap()).await
}

/// The answer, or the `error` of a refusal.
async fn told(answer: Response) -> Result<Value, String> {
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    match status {
        200 => Ok(body),
        _ => Err(format!("{status} {}", body["error"].as_str().unwrap())),
    }
}

async fn decide(browser: &mut Browser<'_>, app: &TestApp, code: &str, answer: &str) -> Shown {
    let chosen = app.fixture.reader.id.clone();
    let fields = [("code", code), ("app", chosen.as_str()), ("answer", answer)];
    browser.submit("/en/device", "/en/device/decide", &fields).await
}

/// A device that a developer confirmed: its first answer.
async fn signed_in(app: &TestApp) -> Value {
    let begun = begin(app).await;
    let mut browser = Browser::of(app, Role::Developer).await;
    let shown = decide(&mut browser, app, &begun.user_code, "allow").await;
    assert_eq!((shown.status, shown.location()), (303, "/en/device?done=device-allowed"), "{}", shown.body);
    poll(app, &begun.device_code).await.unwrap()
}

async fn lists(app: &TestApp, answer: &Value) -> u16 {
    let token = answer["access_token"].as_str().unwrap();
    app.get("/v1/datasets").bearer_auth(token).send().await.unwrap().status().as_u16()
}

fn refresh_token(answer: &Value) -> &str {
    answer["refresh_token"].as_str().unwrap()
}

/// The device that is signed in for the app of the fixture.
async fn device(app: &TestApp) -> CredentialId {
    let id = app.fixture.reader_app;
    let found = app.state().db.read("test", move |conn| credentials::list_credentials(conn, id)).await.unwrap();
    found.into_iter().find(|credential| credential.proof.is_device()).unwrap().id
}

#[actix_web::test]
async fn oauth_70_a_user_code_is_typed_in_any_case_with_or_without_hyphen() {
    let app = TestApp::start().await;
    for change in [str::to_lowercase, |code: &str| code.replace('-', ""), |code: &str| format!(" {code} ")] {
        let begun = begin(&app).await;
        let letters = begun.user_code.replace('-', "");
        assert!(letters.len() == 8 && letters.bytes().all(|b| b"BCDFGHJKLMNPQRSTVWXZ".contains(&b)), "{letters}");
        let mut browser = Browser::of(&app, Role::Developer).await;
        let shown = browser.submit("/en/device", "/en/device", &[("code", &change(&begun.user_code))]).await;
        assert_eq!(shown.status, 200, "{}", shown.body);
        assert!(shown.body.contains(&begun.user_code) && shown.body.contains("Reader"));
        assert!(!shown.body.contains("Stranger"), "the apps of another company are not offered");
    }
}

#[actix_web::test]
async fn oauth_71_a_device_hears_pending_slow_down_denied_and_expired() {
    let app = TestApp::start().await;
    let begun = begin(&app).await;
    assert_eq!(poll(&app, &begun.device_code).await.unwrap_err(), "400 authorization_pending");
    assert_eq!(poll(&app, &begun.device_code).await.unwrap_err(), "400 slow_down");
    // Remembered: five seconds are too few from now on, and ten after the next time.
    app.clock.advance(INTERVAL);
    assert_eq!(poll(&app, &begun.device_code).await.unwrap_err(), "400 slow_down");
    app.clock.advance(3 * INTERVAL - Duration::from_secs(1));
    assert_eq!(poll(&app, &begun.device_code).await.unwrap_err(), "400 slow_down");
    app.clock.advance(4 * INTERVAL);
    assert_eq!(poll(&app, &begun.device_code).await.unwrap_err(), "400 authorization_pending");

    let mut browser = Browser::of(&app, Role::Developer).await;
    assert_eq!(decide(&mut browser, &app, &begun.user_code, "deny").await.location(), "/en/device?done=device-denied");
    assert_eq!(poll(&app, &begun.device_code).await.unwrap_err(), "400 access_denied");
    assert_eq!(decide(&mut browser, &app, &begun.user_code, "allow").await.status, 422, "no is final");

    let late = begin(&app).await;
    app.clock.advance(Duration::from_secs(900));
    assert_eq!(poll(&app, &late.device_code).await.unwrap_err(), "400 expired_token");
    let mut browser = Browser::of(&app, Role::Developer).await;
    assert_eq!(decide(&mut browser, &app, &late.user_code, "allow").await.status, 422);
    assert_eq!(poll(&app, "mdd_unknown").await.unwrap_err(), "400 invalid_grant");
}

#[actix_web::test]
async fn oauth_71_a_confirmed_device_gets_tokens_of_the_app_and_each_leaves_an_entry() {
    let app = TestApp::start().await;
    let answer = signed_in(&app).await;
    assert_eq!(lists(&app, &answer).await, 200);
    let table = "/v1/datasets/cohort/deidentified/tables/visits";
    let read = app.get(table).bearer_auth(answer["access_token"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(read.status(), 200, "the grant of the app is the device's");
    let next = refresh(&app, refresh_token(&answer)).await.unwrap();
    assert_eq!(lists(&app, &next).await, 200);
    let (entries, device) = (app.entries().await, device(&app).await.to_string());
    let member = app.fixture.members[0].2.to_string();
    let of = |operation: &'static str, kind| {
        entries.iter().filter(move |entry| entry.operation == operation && entry.kind == kind)
    };
    assert_eq!(of("oauth.issue_token", Kind::Outcome).filter(|e| e.credential.as_ref() == Some(&device)).count(), 2);
    for operation in ["device.allow", "oauth.redeem_device", "oauth.refresh_token"] {
        let intents: Vec<_> = of(operation, Kind::Intent).collect();
        let outcomes: Vec<_> = of(operation, Kind::Outcome).collect();
        assert_eq!((intents.len(), outcomes.len()), (1, 1), "{operation}");
        assert_eq!(intents[0].credential.as_ref(), Some(&device), "{operation}");
        assert_eq!(outcomes[0].status, Some(Status::Completed), "{operation}");
    }
    assert!(of("device.allow", Kind::Intent).all(|entry| entry.member.as_ref() == Some(&member)));
}

#[actix_web::test]
async fn oauth_72_the_complete_address_still_asks_and_survives_the_sign_in() {
    let app = TestApp::start().await;
    let begun = begin(&app).await;
    let mut browser = Browser::new(&app);
    let shown = browser.get(&begun.complete).await;
    let next = shown.location().split_once("next=").unwrap().1.replace("%2F", "/");
    assert_eq!((shown.status, next.as_str()), (303, begun.complete.as_str()));
    let shown = browser.sign_in("developer@example.org", crate::app::fixture::PASSWORD, &next).await;
    assert_eq!(shown.location(), begun.complete);
    let shown = browser.get(&begun.complete).await;
    assert!(shown.status == 200 && shown.body.contains(&format!("value=\"{}\"", begun.user_code)));
    assert_eq!(poll(&app, &begun.device_code).await.unwrap_err(), "400 authorization_pending", "nothing is confirmed");
}

#[actix_web::test]
async fn oauth_72_a_code_is_good_once() {
    let app = TestApp::start().await;
    let begun = begin(&app).await;
    let mut browser = Browser::of(&app, Role::Developer).await;
    assert_eq!(decide(&mut browser, &app, &begun.user_code, "allow").await.status, 303);
    assert_eq!(decide(&mut browser, &app, &begun.user_code, "allow").await.status, 422);
    let (first, second) = tokio::join!(poll(&app, &begun.device_code), poll(&app, &begun.device_code));
    assert_eq!(usize::from(first.is_ok()) + usize::from(second.is_ok()), 1, "{first:?} {second:?}");
    assert_eq!(poll(&app, &begun.device_code).await.unwrap_err(), "400 invalid_grant");
}

#[actix_web::test]
async fn oauth_72_guessing_codes_is_locked_for_the_member_and_recorded() {
    let app = TestApp::start().await;
    let begun = begin(&app).await;
    let mut browser = Browser::of(&app, Role::Developer).await;
    for wrong in ["BBBB-BBBB", "CCCC-CCCC", "no code", "", "DDDD-DDDD"] {
        let shown = browser.submit("/en/device", "/en/device", &[("code", wrong)]).await;
        assert_eq!(shown.status, 422, "{wrong}");
    }
    let locked = browser.submit("/en/device", "/en/device", &[("code", &begun.user_code)]).await;
    assert_eq!((locked.status, locked.header("retry-after")), (429, "900"));
    // Neither another session nor the other form is a way around.
    let mut other = Browser::of(&app, Role::Developer).await;
    assert_eq!(decide(&mut other, &app, &begun.user_code, "allow").await.status, 429);
    assert_eq!(poll(&app, &begun.device_code).await.unwrap_err(), "400 authorization_pending");
    let entries = app.entries().await;
    let wrong = entries.iter().filter(|e| e.operation == "device.look_up" && e.status == Some(Status::Denied));
    assert_eq!(wrong.count(), 5);
}

#[actix_web::test]
async fn oauth_72_only_developers_confirm_and_only_apps_of_their_own_company() {
    let app = TestApp::start().await;
    let begun = begin(&app).await;
    let mut admin = Browser::of(&app, Role::Admin).await;
    assert_eq!(admin.get("/en/device").await.status, 403);
    let mut developer = Browser::of(&app, Role::Developer).await;
    for foreign in [&app.fixture.stranger.id, &app.fixture.hospital_account.id, "", "app_x"] {
        let fields = [("code", begun.user_code.as_str()), ("app", foreign), ("answer", "allow")];
        let shown = developer.submit("/en/device", "/en/device/decide", &fields).await;
        assert_eq!(shown.status, 422, "{foreign}");
    }
    assert_eq!(poll(&app, &begun.device_code).await.unwrap_err(), "400 authorization_pending");
}

#[actix_web::test]
async fn oauth_72_a_refresh_token_used_twice_signs_the_device_out() {
    let app = TestApp::start().await;
    let first = signed_in(&app).await;
    let second = refresh(&app, refresh_token(&first)).await.unwrap();
    assert_ne!(refresh_token(&first), refresh_token(&second));
    assert_eq!(refresh(&app, refresh_token(&first)).await.unwrap_err(), "400 invalid_grant");
    assert_eq!(refresh(&app, refresh_token(&second)).await.unwrap_err(), "400 invalid_grant", "the thief's or not");
    assert_eq!(lists(&app, &second).await, 401, "its tokens are dead too");
    let entries = app.entries().await;
    assert_eq!(entries.iter().filter(|entry| entry.operation == "oauth.revoke_device").count(), 2);
}

#[actix_web::test]
async fn oauth_72_a_made_up_refresh_token_signs_nobody_out() {
    let app = TestApp::start().await;
    let answer = signed_in(&app).await;
    let token = refresh_token(&answer);
    let forged = format!("{}{}", &token[..token.len() - 30], "A".repeat(30));
    assert_eq!(refresh(&app, &forged).await.unwrap_err(), "400 invalid_grant");
    assert_eq!(refresh(&app, "mdr_x").await.unwrap_err(), "400 invalid_grant");
    assert!(refresh(&app, token).await.is_ok());
}

#[actix_web::test]
async fn oauth_72_of_two_who_refresh_at_once_at_most_one_goes_on() {
    let app = TestApp::start().await;
    let answer = signed_in(&app).await;
    let token = refresh_token(&answer);
    let (first, second) = tokio::join!(refresh(&app, token), refresh(&app, token));
    assert!(first.is_err() || second.is_err(), "{first:?} {second:?}");
}

#[actix_web::test]
async fn oauth_72_a_device_ends_with_its_time_its_member_its_app_and_its_revocation() {
    for end in ["time", "member", "app", "credential"] {
        let app = TestApp::start().await;
        let answer = signed_in(&app).await;
        let (now, id, member) = (app.now(), app.fixture.reader_app, app.fixture.members[0].2);
        let device = device(&app).await;
        match end {
            "time" => app.clock.advance(Duration::from_secs(12 * 60 * 60)),
            "member" => {
                let disabled = MemberState::Disabled { disabled_at: now };
                app.change_and_see(move |conn| members::update_member_state(conn, member, disabled)).await;
            }
            "app" => {
                let suspended = AppState::Suspended { suspended_at: now };
                app.change_and_see(move |conn| apps::update_app_state(conn, id, suspended)).await;
            }
            _ => {
                let page = format!("/en/apps/{}", app.fixture.reader_app);
                let path = format!("{page}/credentials/{device}/revoke");
                let mut browser = Browser::of(&app, Role::Developer).await;
                assert!(browser.get(&page).await.body.contains("mudeung-cli: developer"));
                assert_eq!(browser.submit(&page, &path, &[]).await.status, 303);
            }
        }
        assert_eq!(lists(&app, &answer).await, 401, "{end}");
        assert_eq!(refresh(&app, refresh_token(&answer)).await.unwrap_err(), "400 invalid_grant", "{end}");
    }
}

/// A revocation by whoever sends this form.
async fn revoke(app: &TestApp, form: &[(&str, &str)]) -> u16 {
    app.post("/oauth2/revoke").form(form).send().await.unwrap().status().as_u16()
}

#[actix_web::test]
async fn oauth_48_a_device_signs_itself_out_with_its_refresh_token_whether_used_or_not() {
    for used in [false, true] {
        let app = TestApp::start().await;
        let first = signed_in(&app).await;
        let next = refresh(&app, refresh_token(&first)).await.unwrap();
        let token = refresh_token(if used { &first } else { &next });
        for _ in 0..2 {
            assert_eq!(revoke(&app, &[("client_id", "mudeung-cli"), ("token", token)]).await, 200, "again is as good");
            assert_eq!(lists(&app, &next).await, 401, "its access tokens are dead at once");
        }
        assert_eq!(refresh(&app, refresh_token(&next)).await.unwrap_err(), "400 invalid_grant");
        let (entries, device) = (app.entries().await, device(&app).await.to_string());
        let about = entries.iter().rev().filter(|entry| entry.operation == "oauth.revoke_device");
        let kinds: Vec<_> = about.map(|entry| (entry.kind, entry.credential.as_ref() == Some(&device))).collect();
        assert_eq!(kinds, [(Kind::Intent, true), (Kind::Outcome, true)]);
        let again: Vec<_> = entries.iter().filter(|entry| entry.operation == "oauth.revoke_token").collect();
        assert_eq!(again.len(), 1, "{again:?}");
        assert_eq!(
            (again[0].detail.as_deref(), again[0].credential.as_ref()),
            (Some("already_revoked"), Some(&device))
        );
    }
}

#[actix_web::test]
async fn oauth_48_the_public_client_takes_back_tokens_of_devices_alone() {
    let app = TestApp::start().await;
    let answer = signed_in(&app).await;
    let apps_own = app.token(&app.fixture.reader).await;
    let (id, access) = (("client_id", "mudeung-cli"), answer["access_token"].as_str().unwrap());
    assert_eq!(revoke(&app, &[id, ("token", &apps_own)]).await, 200);
    assert_eq!(app.get("/v1/datasets").bearer_auth(&apps_own).send().await.unwrap().status(), 200);
    let token = refresh_token(&answer);
    let forged = format!("{}{}", &token[..token.len() - 30], "A".repeat(30));
    for unknown in ["mdr_x", "x", &forged, &app.fixture.reader.secret] {
        assert_eq!(revoke(&app, &[id, ("token", unknown)]).await, 200, "{unknown}");
    }
    assert_eq!(revoke(&app, &[id]).await, 400);
    assert_eq!(revoke(&app, &[id, ("token", "x"), ("token_type_hint", "id_token")]).await, 400);
    assert_eq!(revoke(&app, &[id, ("token", token), ("client_secret", "x")]).await, 401, "it has no secret");
    let by_header = app.post("/oauth2/revoke").basic_auth("mudeung-cli", Some("x")).form(&[("token", token)]);
    assert_eq!(by_header.send().await.unwrap().status(), 401);
    assert_eq!(lists(&app, &answer).await, 200, "nothing of that was enough");
    assert_eq!(revoke(&app, &[id, ("token", access)]).await, 200);
    assert_eq!(lists(&app, &answer).await, 401);
    let next = refresh(&app, token).await.unwrap();
    assert_eq!(lists(&app, &next).await, 200, "the device is still signed in");
}

#[actix_web::test]
async fn oauth_48_an_app_signs_its_own_devices_out_and_no_others() {
    let app = TestApp::start().await;
    let answer = signed_in(&app).await;
    for (client, expected) in [(&app.fixture.stranger, 200), (&app.fixture.reader, 401)] {
        let request = app.post("/oauth2/revoke").basic_auth(&client.id, Some(&client.secret));
        let form = [("token", refresh_token(&answer)), ("token_type_hint", "access_token")];
        assert_eq!(request.form(&form).send().await.unwrap().status(), 200);
        assert_eq!(lists(&app, &answer).await, expected);
    }
    let denied = app.entries().await.into_iter().find(|entry| entry.status == Some(Status::Denied)).unwrap();
    assert_eq!((denied.detail.as_deref(), denied.app), (Some("other_client"), Some(app.fixture.stranger.id.clone())));
}

#[actix_web::test]
async fn oauth_48_guessing_refresh_tokens_is_braked() {
    let app = TestApp::start_with(|config| config.limits.token_failures_per_minute = 3).await;
    let answer = signed_in(&app).await;
    let id = ("client_id", "mudeung-cli");
    let mut statuses = Vec::new();
    for _ in 0..5 {
        statuses.push(revoke(&app, &[id, ("token", "mdr_guess")]).await);
    }
    assert!(statuses.starts_with(&[200]) && statuses.ends_with(&[429]), "{statuses:?}");
    assert_eq!(revoke(&app, &[id, ("token", refresh_token(&answer))]).await, 200, "who knows the token still gets out");
    assert_eq!(lists(&app, &answer).await, 401);
}

#[actix_web::test]
async fn oauth_72_what_a_device_asked_for_is_all_it_ever_gets() {
    let app = TestApp::start().await;
    let form = [("client_id", "mudeung-cli"), ("scope", "catalog.read synthetic.read admin.orgs")];
    let begun: Value = begin_with(&app, &form).await.json().await.unwrap();
    let mut browser = Browser::of(&app, Role::Developer).await;
    let code = begun["user_code"].as_str().unwrap();
    let shown = browser.submit("/en/device", "/en/device", &[("code", code)]).await;
    assert!(shown.body.contains("synthetic.read") && !shown.body.contains("data.read"), "{}", shown.body);
    decide(&mut browser, &app, code, "allow").await;
    let answer = poll(&app, begun["device_code"].as_str().unwrap()).await.unwrap();
    assert_eq!(answer["scope"], "catalog.read synthetic.read");
    let again = refresh(&app, refresh_token(&answer)).await.unwrap();
    assert_eq!(again["scope"], "catalog.read synthetic.read");
    let none = begin_with(&app, &[("client_id", "mudeung-cli"), ("scope", "admin.orgs")]).await;
    assert_eq!(told(none).await.unwrap_err(), "400 invalid_scope");
}

#[actix_web::test]
async fn oauth_72_devices_that_wait_are_bounded_and_swept_and_only_the_public_client_begins() {
    let app = TestApp::start_with(|config| {
        config.limits.device_codes_waiting = 3;
        config.limits.device_codes_per_minute = 6;
    })
    .await;
    for _ in 0..3 {
        begin(&app).await;
    }
    let form = [("client_id", "mudeung-cli")];
    let full = begin_with(&app, &form).await;
    assert!(full.status() == 503 && full.headers().contains_key("retry-after"));
    app.clock.advance(Duration::from_secs(25 * 60));
    for _ in 0..3 {
        begin(&app).await;
    }
    assert_eq!(begin_with(&app, &form).await.status(), 503);
    for _ in 0..2 {
        begin_with(&app, &form).await;
    }
    let often = begin_with(&app, &form).await;
    assert!(often.status() == 429 && often.headers().contains_key("retry-after"));
    let reader = &app.fixture.reader;
    for form in [vec![("client_id", reader.id.as_str())], vec![], vec![form[0], ("client_secret", "x")]] {
        assert_eq!(told(begin_with(&app, &form).await).await.unwrap_err(), "401 invalid_client");
    }
    for grant in [DEVICE, "refresh_token"] {
        let request = app.post("/oauth2/token").basic_auth(&reader.id, Some(&reader.secret));
        let answer = request.form(&[("grant_type", grant), ("refresh_token", "x"), ("device_code", "x")]);
        assert_eq!(told(answer.send().await.unwrap()).await.unwrap_err(), "401 invalid_client", "{grant}");
    }
}

#[actix_web::test]
async fn oauth_72_devices_do_not_count_as_credentials_and_have_a_limit_of_their_own() {
    let app = TestApp::start_with(|config| config.limits.device_codes_per_minute = 100).await;
    let mut browser = Browser::of(&app, Role::Developer).await;
    for number in 0..21 {
        let begun = begin(&app).await;
        let shown = decide(&mut browser, &app, &begun.user_code, "allow").await;
        assert_eq!(shown.status, if number < 20 { 303 } else { 422 }, "{number}");
    }
    let page = format!("/en/apps/{}", app.fixture.reader_app);
    let shown = browser.submit(&page, &format!("{page}/credentials"), &[("label", "still room")]).await;
    assert_eq!(shown.status, 200);
    let entries = app.entries().await;
    let denied = entries.iter().filter(|e| e.operation == "device.allow" && e.status == Some(Status::Denied));
    assert_eq!(denied.count(), 1);
}

#[actix_web::test]
async fn oauth_72_no_code_or_refresh_token_is_stored_or_recorded() {
    let app = TestApp::start().await;
    let begun = begin(&app).await;
    let mut browser = Browser::of(&app, Role::Developer).await;
    decide(&mut browser, &app, &begun.user_code, "allow").await;
    let answer = poll(&app, &begun.device_code).await.unwrap();
    let waiting = begin(&app).await;
    app.entries().await;
    let secrets = [
        refresh_token(&answer).to_owned(),
        begun.device_code,
        begun.user_code,
        waiting.device_code,
        waiting.user_code.replace('-', ""),
        waiting.user_code,
    ];
    let folder = app.stop().await;
    for file in crate::app::files_below(folder.path()) {
        let bytes = std::fs::read(&file).unwrap();
        for secret in &secrets {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{secret} stands in {}", file.display());
        }
    }
}
