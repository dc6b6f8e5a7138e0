//! Whom a passkey lets in, how many there are, and where there are none.

use super::{LATE, NEW, Prompt, add, named, sign_in, start, step_up, stop, with_passkey};
use crate::app::TestApp;
use crate::authenticator::Device;
use crate::portal::{Browser, Shown};
use crate::provider;
use mudeung_core::member::{MemberState, Role};
use mudeung_core::organization::OrganizationState;
use mudeung_server::config::SsoConfig;
use mudeung_store::{members, organizations};

const REFUSED: &str = "opens nothing here";

fn assert_shut(shown: &Shown) {
    assert_eq!(shown.status, 403, "{}", shown.location());
    assert!(shown.body.contains(REFUSED), "{}", shown.body);
}

#[actix_web::test]
async fn who_was_shut_out_is_shut_out_with_a_passkey_too() {
    let (app, mut device) = with_passkey().await;
    let now = app.now();
    let set = async |state| {
        app.change_and_see(move |conn| {
            let (admin, _) = members::find_member_by_email(conn, "admin@example.org")?.unwrap();
            members::update_member_state(conn, admin.id, state)
        })
        .await;
    };
    set(MemberState::Disabled { disabled_at: now }).await;
    assert_shut(&sign_in(&mut Browser::new(&app), &mut device).await);
    set(MemberState::Active).await;
    assert_eq!(sign_in(&mut Browser::new(&app), &mut device).await.location(), "/en/home");
    let hospital = app.fixture.hospital;
    app.change_and_see(move |conn| {
        let suspended = OrganizationState::Suspended { suspended_at: now };
        organizations::update_organization_state(conn, hospital, suspended)
    })
    .await;
    assert_shut(&sign_in(&mut Browser::new(&app), &mut device).await);
}

#[actix_web::test]
async fn where_the_hospital_leaves_it_to_its_provider_its_people_prove_themselves_by_passkeys_and_do_not_come_in_by_them()
 {
    let (app, mut of_admin) = with_passkey().await;
    let mut of_developer = Device::new(2);
    add(&mut Browser::of(&app, Role::Developer).await, &mut of_developer).await;
    let mut signed_in = Browser::new(&app);
    assert_eq!(sign_in(&mut signed_in, &mut of_admin).await.location(), "/en/home");
    let cookie = signed_in.cookie(super::SESSION).unwrap().to_owned();
    let app = app
        .restart_with(|config| {
            named(config);
            config.sso = Some(SsoConfig { passwords: false, ..provider::sso("passkeys") });
        })
        .await;
    assert_shut(&sign_in(&mut Browser::new(&app), &mut of_admin).await);
    assert_eq!(sign_in(&mut Browser::new(&app), &mut of_developer).await.location(), "/en/home");
    let mut admin = Browser::new(&app);
    admin.set_cookie(super::SESSION, &cookie);
    app.clock.advance(LATE);
    assert!(stop(&mut admin, "stop").await.starts_with("/en/step-up"));
    assert_eq!(step_up(&mut admin, &mut of_admin).await.status, 303, "as with codes");
    assert!(stop(&mut admin, "stop").await.ends_with("access-stopped"));
}

#[actix_web::test]
async fn a_member_has_ten_passkeys_and_no_more() {
    let app = start().await;
    let mut browser = Browser::of(&app, Role::Admin).await;
    let mut handles = std::collections::BTreeSet::new();
    for seed in 1..=10 {
        let mut device = Device::new(seed);
        assert_eq!(add(&mut browser, &mut device).await.status, 303, "{seed}");
        handles.insert(device.handle.unwrap());
    }
    assert_eq!(handles.len(), 1, "devices call a member by one name");
    let full = browser.get(NEW).await;
    assert!(full.status == 422 && full.body.contains("You may have ten passkeys"), "{}", full.body);
    // Two forms that were open at once.
    let id = super::only(&mut browser).await;
    browser.submit("/en/security", &format!("/en/security/passkeys/{id}/remove"), &[]).await;
    let first = Prompt::open(&mut browser, NEW).await;
    let mut device = Device::new(11);
    let shown = first.send_with(&mut browser, &device.create(&first.options), &[("name", "x")]).await;
    assert_eq!(shown.status, 303);
    let page = browser.get("/en/security").await.body;
    assert_eq!(page.matches("/rename\"").count(), 10);
    assert!(!page.contains("With only one"));
}

#[actix_web::test]
async fn guessing_is_braked_where_it_comes_from() {
    let (app, device) = with_passkey().await;
    let mut liar = device.lying(|lies| lies.seed = Some(9));
    for _ in 0..5 {
        assert_shut(&sign_in(&mut Browser::new(&app), &mut liar).await);
    }
    let mut honest = Device { counter: 20, ..device };
    let braked = sign_in(&mut Browser::new(&app), &mut honest).await;
    assert_eq!((braked.status, braked.header("retry-after")), (429, "900"));
    Browser::of(&app, Role::Admin).await;
    let mut steward = Browser::of(&app, Role::Steward).await;
    let mut of_steward = Device::new(3);
    add(&mut steward, &mut of_steward).await;
    for _ in 0..5 {
        assert_eq!(step_up(&mut steward, &mut of_steward.lying(|lies| lies.seed = Some(9))).await.status, 422);
    }
    let braked = step_up(&mut steward, &mut Device { counter: 20, ..of_steward }).await;
    assert_eq!((braked.status, braked.header("retry-after")), (429, "900"));
}

#[actix_web::test]
async fn forms_of_other_sites_are_not_taken() {
    let (app, mut device) = with_passkey().await;
    let mut browser = Browser::new(&app);
    let prompt = Prompt::open(&mut browser, "/en/sign-in").await;
    let answer = device.get(&prompt.options);
    let fields = prompt.fields.iter().map(|(name, value)| (*name, value.as_str()));
    let fields: Vec<(&str, &str)> = fields.chain([("credential", answer.as_str())]).collect();
    let request = app.post(&prompt.action).form(&fields).header("origin", "https://elsewhere.example");
    assert_eq!(browser.send(request).await.status, 403);
    let request = app.post(&prompt.action).form(&fields).header("origin", crate::authenticator::URL);
    assert_eq!(browser.send(request).await.location(), "/en/home");
}

#[actix_web::test]
async fn three_pages_have_the_script_and_say_in_both_languages_what_it_is_for() {
    let (app, mut device) = with_passkey().await;
    let mut browser = Browser::new(&app);
    let needs = ["Passkeys need JavaScript", "자바스크립트를 켜야"];
    let check = |shown: &Shown, path: &str| {
        let policy = shown.header("content-security-policy").to_owned();
        assert!(policy.ends_with("; script-src 'self'") && !policy.contains("unsafe"), "{path}: {policy}");
        let script = shown.between("<script src=\"", "\" defer></script>").unwrap();
        assert_eq!(shown.body.matches("<script").count(), 1, "{path}");
        assert!(needs.iter().any(|text| shown.body.contains(text)), "{path}: {}", shown.body);
        assert!(shown.body.contains("type=\"submit\" hidden"), "{path} has no button without the script");
        script
    };
    let script = check(&browser.get("/en/sign-in").await, "/en/sign-in");
    check(&browser.get("/ko/sign-in").await, "/ko/sign-in");
    let served = browser.get(&script).await;
    assert_eq!((served.status, served.header("content-type")), (200, "text/javascript; charset=utf-8"));
    assert!(served.body.contains("navigator.credentials"));
    assert_eq!(sign_in(&mut browser, &mut device).await.status, 303);
    for path in ["/ko/step-up", "/en/security/passkeys/new"] {
        assert_eq!(check(&browser.get(path).await, path), script);
    }
    assert!(!browser.get("/en/catalogue").await.body.contains(&script), "it has others");
    for path in ["/en/home", "/en/security", "/en/catalogue/cohort", "/en/kill-switches"] {
        let shown = browser.get(path).await;
        assert!(!shown.body.contains("<script"), "{path}");
        assert!(!shown.header("content-security-policy").contains("script-src"), "{path}");
    }
}

#[actix_web::test]
async fn where_the_server_has_no_name_there_are_no_passkeys_and_the_page_says_why() {
    let app = TestApp::start().await;
    let mut browser = Browser::of(&app, Role::Admin).await;
    let page = browser.get("/en/security").await;
    assert!(page.body.contains("Passkeys need a server with a name") && !page.body.contains(NEW), "{}", page.body);
    assert_eq!(browser.get(NEW).await.status, 404);
    for path in ["/en/security/passkeys", "/en/step-up/passkey"] {
        assert_eq!(browser.submit("/en/security", path, &[("name", "x")]).await.status, 404, "{path}");
    }
    let mut anyone = Browser::new(&app);
    let door = anyone.get("/en/sign-in").await;
    assert!(!door.body.contains("passkey") && !door.body.contains("<script"), "{}", door.body);
    assert_eq!(anyone.submit("/en/sign-in", "/en/sign-in/passkey", &[]).await.status, 404);

    // A name that was taken away again makes no password of what was a passkey.
    let (app, _) = with_passkey().await;
    let app = app.restart().await;
    let mut browser = Browser::of(&app, Role::Admin).await;
    assert!(stop(&mut browser, "stop").await.starts_with("/en/step-up"));
    let page = browser.get("/en/step-up").await;
    assert!(page.body.contains("Passkeys need a server with a name") && !page.body.contains("name=\"password\""));
}
