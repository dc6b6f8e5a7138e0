//! Passkeys: made, used and removed by a device of the test's own, which also lies in each way that it can.

mod lies;
mod rules;

use super::{Browser, Shown};
use crate::app::TestApp;
use crate::authenticator::{Device, URL};
use crate::carrier::Memory;
use mudeung_core::member::Role;
use mudeung_server::config::Config;
use mudeung_wire::ledger::entry::{Entry, Status};
use serde_json::Value;
use std::time::Duration;

const SESSION: &str = "__Host-mudeung-session";
const NEW: &str = "/en/security/passkeys/new";
const LATE: Duration = Duration::from_secs(5 * 60 + 1);

/// A server that browsers reach by a name.
async fn start() -> TestApp {
    TestApp::start_with(named).await
}

fn named(config: &mut Config) {
    config.http.public_url = URL.to_owned();
}

/// The form that asks for a passkey.
struct Prompt {
    action: String,
    options: Value,
    fields: Vec<(&'static str, String)>,
}

impl Prompt {
    fn of(shown: &Shown) -> Self {
        let form = shown.between("data-passkey=", "</form>").unwrap_or_else(|| panic!("no form: {}", shown.body));
        let between = |before: &str| {
            let (_, rest) = form.split_once(before).unwrap();
            rest.split_once('"').unwrap().0.replace("&#34;", "\"").replace("&#38;", "&").replace("&#39;", "'")
        };
        let field = |name: &'static str| (name, between(&format!("name=\"{name}\" value=\"")));
        let before = shown.body.split("data-passkey=").next().unwrap();
        let action = before.rsplit("action=\"").next().unwrap().split('"').next().unwrap().to_owned();
        let options = serde_json::from_str(&between("data-options=\"")).unwrap();
        Self { action, options, fields: ["form_token", "next", "ceremony"].map(field).to_vec() }
    }

    async fn open(browser: &mut Browser<'_>, page: &str) -> Self {
        Self::of(&browser.get(page).await)
    }

    /// Sends what the browser brings of the device, as our script does.
    async fn send(&self, browser: &mut Browser<'_>, answer: &str) -> Shown {
        self.send_with(browser, answer, &[]).await
    }

    async fn send_with(&self, browser: &mut Browser<'_>, answer: &str, more: &[(&str, &str)]) -> Shown {
        let mut fields: Vec<(&str, &str)> = self.fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        fields.push(("credential", answer));
        fields.extend(more);
        browser.post(&self.action, &fields).await
    }
}

/// Adds a passkey for who just signed in.
async fn add(browser: &mut Browser<'_>, device: &mut Device) -> Shown {
    let prompt = Prompt::open(browser, NEW).await;
    let answer = device.create(&prompt.options);
    prompt.send_with(browser, &answer, &[("name", "work laptop")]).await
}

/// A server, and a device with a passkey of the admin.
async fn with_passkey() -> (TestApp, Device) {
    let (app, mut device) = (start().await, Device::new(1));
    let shown = add(&mut Browser::of(&app, Role::Admin).await, &mut device).await;
    assert_eq!(shown.location(), "/en/security?done=passkey-added", "{}", shown.body);
    (app, device)
}

async fn sign_in(browser: &mut Browser<'_>, device: &mut Device) -> Shown {
    let prompt = Prompt::open(browser, "/en/sign-in").await;
    let answer = device.get(&prompt.options);
    prompt.send(browser, &answer).await
}

async fn step_up(browser: &mut Browser<'_>, device: &mut Device) -> Shown {
    let prompt = Prompt::open(browser, "/en/step-up?next=/en/kill-switches").await;
    let answer = device.get(&prompt.options);
    prompt.send(browser, &answer).await
}

/// Where something grave leads.
async fn stop(browser: &mut Browser<'_>, action: &str) -> String {
    let fields = [("target", "cohort"), ("reason", "A drill"), ("confirm", "yes")];
    let path = format!("/en/kill-switches/dataset/{action}");
    browser.submit("/en/kill-switches", &path, &fields).await.location().to_owned()
}

/// The identifier of the only passkey on the page of account security.
async fn only(browser: &mut Browser<'_>) -> String {
    let page = browser.get("/en/security").await;
    page.between("/en/security/passkeys/psk_", "/").map(|rest| format!("psk_{rest}")).unwrap()
}

async fn of(app: &TestApp, operation: &str, status: Status) -> Vec<Entry> {
    let entries = app.entries().await.into_iter();
    entries.filter(|entry| entry.operation == operation && entry.status == Some(status)).collect()
}

#[actix_web::test]
async fn a_passkey_is_added_after_a_fresh_proof_and_signs_in_alone() {
    let app = TestApp::start_with(|config| {
        named(config);
        super::members::with_mail(config);
        config.portal.require_totp = true;
    })
    .await;
    let (post, id) = (Memory::default(), app.fixture.members.iter().find(|(role, ..)| *role == Role::Admin).unwrap().2);
    let mut browser = Browser::of(&app, Role::Admin).await;
    assert!(stop(&mut browser, "stop").await.starts_with("/en/security?done=second-factor-needed"));
    app.clock.advance(LATE);
    assert_eq!(browser.get(NEW).await.location(), "/en/step-up?next=%2Fen%2Fsecurity%2Fpasskeys%2Fnew");
    let again = [("password", crate::app::fixture::PASSWORD), ("next", NEW)];
    assert_eq!(browser.submit("/en/step-up", "/en/step-up", &again).await.location(), format!("{NEW}?done=stepped-up"));

    let (session, mut device) = (browser.cookie(SESSION).unwrap().to_owned(), Device::new(1));
    let options = Prompt::open(&mut browser, NEW).await.options;
    assert_eq!((&options["rp"]["id"], &options["attestation"]), (&"data.example.org".into(), &"none".into()));
    let selection = &options["authenticatorSelection"];
    assert_eq!((&selection["residentKey"], &selection["userVerification"]), (&"required".into(), &"required".into()));
    let shown = add(&mut browser, &mut device).await;
    assert_eq!(shown.location(), "/en/security?done=passkey-added", "{}", shown.body);
    let handle = device.handle.clone().unwrap();
    assert_eq!(handle.len(), 32);
    let is_named_in_it = |text: &str| handle.windows(text.len().min(8)).any(|it| text.as_bytes().starts_with(it));
    assert!(!is_named_in_it(&id.to_string()) && !is_named_in_it("admin@example.org"), "it is random");
    assert_ne!(browser.cookie(SESSION).unwrap(), session, "the session has another token now");
    assert!(stop(&mut browser, "stop").await.ends_with("access-stopped"), "it was a proof, and is a second factor");
    let page = browser.get("/ko/security").await.body;
    assert!(page.contains("work laptop") && page.contains("아직 쓰지 않음") && page.contains("백업 가능"), "{page}");
    assert!(page.contains("하나 더"), "with one alone, another is advised");
    let mails = post.mails(&app).await;
    assert!(mails.iter().any(|mail| mail.to == "admin@example.org" && mail.subject.contains("패스키가 추가")));

    // In a browser that nobody is signed in, by the passkey alone: two factors.
    let mut other = Browser::new(&app);
    let form = other.get("/en/sign-in?next=/en/kill-switches").await;
    assert_eq!(Prompt::of(&form).options["allowCredentials"], serde_json::json!([]), "nobody is told who has one");
    let prompt = Prompt::of(&form);
    let shown = prompt.send(&mut other, &device.get(&prompt.options)).await;
    assert_eq!((shown.status, shown.location()), (303, "/en/kill-switches"), "{}", shown.body);
    let cookies: Vec<&str> = shown.headers.get_all("set-cookie").iter().map(|it| it.to_str().unwrap()).collect();
    let cookie = cookies.iter().find(|cookie| cookie.starts_with(SESSION)).unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("Secure") && cookie.contains("SameSite=Lax"), "{cookie}");
    assert!(stop(&mut other, "resume").await.ends_with("access-resumed"));
    assert!(!other.get("/en/security").await.body.contains("Not used yet"));
    let entries = app.entries().await;
    assert!(entries.iter().any(|it| it.operation == "portal.sign_in" && it.detail.as_deref() == Some("passkey")));
    let added = of(&app, "passkey.add", Status::Completed).await;
    assert!(added.len() == 1 && added[0].member.is_some() && added[0].detail.as_ref().unwrap().starts_with("psk_"));
}

#[actix_web::test]
async fn an_older_session_of_the_browser_ends_when_a_passkey_begins_another() {
    let (app, mut device) = with_passkey().await;
    let mut browser = Browser::new(&app);
    assert_eq!(sign_in(&mut browser, &mut device).await.location(), "/en/home");
    let former = browser.cookie(SESSION).unwrap().to_owned();
    let mut fresh = Browser::new(&app);
    let prompt = Prompt::open(&mut fresh, "/en/sign-in").await;
    fresh.set_cookie(SESSION, &former);
    let shown = prompt.send(&mut fresh, &device.get(&prompt.options)).await;
    assert_eq!(shown.location(), "/en/home", "{}", shown.body);
    assert_ne!(fresh.cookie(SESSION), Some(former.as_str()));
    let mut thief = Browser::new(&app);
    thief.set_cookie(SESSION, &former);
    assert_eq!(thief.get("/en/home").await.status, 303);
}

#[actix_web::test]
async fn a_passkey_is_a_second_factor_after_the_password_and_stands_beside_codes() {
    let (app, mut device) = with_passkey().await;
    let mut browser = Browser::of(&app, Role::Admin).await;
    assert!(stop(&mut browser, "stop").await.starts_with("/en/step-up"), "the password alone is no proof any more");
    let page = browser.get("/en/step-up").await;
    assert!(!page.body.contains("name=\"password\"") && !page.body.contains("name=\"code\""), "{}", page.body);
    let by_password = [("password", crate::app::fixture::PASSWORD)];
    assert_eq!(browser.submit("/en/step-up", "/en/step-up", &by_password).await.status, 422);
    let session = browser.cookie(SESSION).unwrap().to_owned();
    let known = Prompt::of(&page).options["allowCredentials"].as_array().unwrap().clone();
    assert_eq!((known.len(), &known[0]["transports"]), (1, &serde_json::json!(["internal"])));
    let shown = step_up(&mut browser, &mut device.lying(|lies| lies.is_silent = true)).await;
    assert_eq!(shown.location(), "/en/kill-switches?done=stepped-up", "{}", shown.body);
    device.counter += 1;
    assert_ne!(browser.cookie(SESSION).unwrap(), session);
    assert!(stop(&mut browser, "stop").await.ends_with("access-stopped"));
    assert_eq!(of(&app, "portal.step_up", Status::Completed).await.len(), 2, "adding it was one");

    // An authenticator app beside it: either is a proof, and it can be set up after the passkey.
    let shown = browser.submit("/en/security", "/en/security/second-factor", &[]).await;
    assert!(shown.body.contains("class=\"secret\""), "{}", shown.body);
    let page = browser.get("/en/step-up").await;
    assert!(!page.body.contains("name=\"code\""), "not before its first code");

    // Without the passkey, the password is a proof again.
    let id = only(&mut browser).await;
    let renamed =
        browser.submit("/en/security", &format!("/en/security/passkeys/{id}/rename"), &[("name", "열쇠고리")]).await;
    assert_eq!(renamed.location(), "/en/security?done=passkey-renamed");
    assert!(browser.get("/en/security").await.body.contains("열쇠고리"));
    let remove = format!("/en/security/passkeys/{id}/remove");
    app.clock.advance(LATE);
    assert!(browser.submit("/en/security", &remove, &[]).await.location().starts_with("/en/step-up"));
    assert_eq!(step_up(&mut browser, &mut device).await.status, 303);
    let removed = browser.submit("/en/security", &remove, &[]).await;
    assert_eq!(removed.location(), "/en/security?done=passkey-removed");
    assert_eq!(of(&app, "passkey.remove", Status::Completed).await.len(), 1);
    assert_eq!(of(&app, "passkey.rename", Status::Completed).await.len(), 1);
    assert_eq!(sign_in(&mut Browser::new(&app), &mut device).await.status, 403, "it opens nothing any more");
    let mut other = Browser::of(&app, Role::Admin).await;
    assert!(stop(&mut other, "resume").await.ends_with("access-resumed"));
}
