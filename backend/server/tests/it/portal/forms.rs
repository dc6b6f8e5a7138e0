//! Forms: the token they must carry, what they leave in the ledger, and what is shown once.

use super::Browser;
use crate::app::{Client, TestApp};
use mudeung_core::member::Role;
use mudeung_wire::ledger::entry::{Kind, Status};

/// Registers an app through the portal; gives its page.
async fn register(browser: &mut Browser<'_>, name: &str) -> String {
    let shown = browser.submit("/en/apps", "/en/apps", &[("name", name)]).await;
    assert_eq!(shown.status, 303, "{}", shown.body);
    shown.location().split('?').next().unwrap().to_owned()
}

#[actix_web::test]
async fn a_form_without_our_token_changes_nothing() {
    let app = TestApp::start().await;
    let mut browser = Browser::of(&app, Role::Developer).await;
    let before = app.entry_count().await;
    let mut other = Browser::of(&app, Role::Admin).await;
    let foreign = other.get("/en/home").await.form_token();
    let after_sign_in = app.entry_count().await;
    for fields in [
        vec![("name", "Forged")],
        vec![("name", "Forged"), ("form_token", "")],
        vec![("name", "Forged"), ("form_token", foreign.as_str())],
    ] {
        assert_eq!(browser.post("/en/apps", &fields).await.status, 403);
    }
    assert_eq!(app.entry_count().await, after_sign_in);
    assert!(after_sign_in > before);
    assert!(!browser.get("/en/apps").await.body.contains("Forged"));
}

#[actix_web::test]
async fn a_form_from_another_site_is_refused_even_with_the_token() {
    let app = TestApp::start().await;
    let mut browser = Browser::of(&app, Role::Developer).await;
    let token = browser.get("/en/apps").await.form_token();
    let fields = [("form_token", token.as_str()), ("name", "Forged")];
    for origin in ["https://example.com", "null", "http://127.0.0.1:1"] {
        let request = app.post("/en/apps").header("origin", origin).form(&fields);
        assert_eq!(browser.send(request).await.status, 403, "{origin}");
    }
    let request = app.post("/en/apps").header("origin", &app.url).form(&[fields[0], ("name", "Own")]);
    assert_eq!(browser.send(request).await.status, 303);
}

#[actix_web::test]
async fn an_app_and_its_credential_work_and_the_secret_is_shown_once() {
    let app = TestApp::start().await;
    let mut browser = Browser::of(&app, Role::Developer).await;
    let page = register(&mut browser, "Risk model").await;
    let path = format!("{page}/credentials");
    let shown = browser.submit(&page, &path, &[("label", "ci"), ("days", "30")]).await;
    assert_eq!(shown.status, 200, "{}", shown.body);
    assert_eq!(shown.header("cache-control"), "no-store");
    let secret = shown.between("<code class=\"secret\">", "</code>").unwrap();
    let id = page.rsplit('/').next().unwrap().to_owned();
    let client = Client { id, secret: secret.clone() };
    let token = app.token(&client).await;
    let listed = app.get("/v1/datasets").bearer_auth(&token).send().await.unwrap();
    assert_eq!(listed.status(), 200);
    let again = browser.get(&page).await.body;
    assert!(!again.contains(&secret) && again.contains(&secret[secret.len() - 4..]));

    let action = browser.get(&page).await.between(&format!("action=\"{path}/"), "/revoke\"").unwrap();
    let revoked = browser.submit(&page, &format!("{path}/{action}/revoke"), &[]).await;
    assert_eq!(revoked.status, 303);
    let listed = app.get("/v1/datasets").bearer_auth(&token).send().await.unwrap();
    assert_eq!(listed.status(), 401);
    assert_eq!(browser.submit(&page, &format!("{path}/{action}/revoke"), &[]).await.status, 409);
}

#[actix_web::test]
async fn an_app_has_at_most_five_live_credentials() {
    let app = TestApp::start().await;
    let mut browser = Browser::of(&app, Role::Developer).await;
    let page = register(&mut browser, "Many").await;
    for number in 0..6 {
        let shown = browser.submit(&page, &format!("{page}/credentials"), &[("label", "one more")]).await;
        assert_eq!(shown.status, if number < 5 { 200 } else { 422 });
    }
}

#[actix_web::test]
async fn an_app_is_revoked_only_by_its_name() {
    let app = TestApp::start().await;
    let mut browser = Browser::of(&app, Role::Developer).await;
    let token = app.token(&app.fixture.reader).await;
    let page = format!("/en/apps/{}", app.fixture.reader_app);
    let path = format!("{page}/revoke");
    assert_eq!(browser.submit(&page, &path, &[("confirm", "Something else")]).await.status, 422);
    assert_eq!(browser.submit(&page, &path, &[("confirm", "Reader")]).await.status, 303);
    assert_eq!(app.get("/v1/datasets").bearer_auth(&token).send().await.unwrap().status(), 401);
}

#[actix_web::test]
async fn a_grant_and_an_organization_are_stopped_at_once() {
    let app = TestApp::start().await;
    let mut admin = Browser::of(&app, Role::Admin).await;
    let token = app.token(&app.fixture.reader).await;
    let table = "/v1/datasets/cohort/deidentified/tables/visits";
    assert_eq!(app.get(table).bearer_auth(&token).send().await.unwrap().status(), 200);
    let path = format!("/en/grants/{}/revoke", app.fixture.grant);
    assert_eq!(admin.submit("/en/grants", &path, &[("reason", "")]).await.status, 400);
    assert_eq!(admin.submit("/en/grants", &path, &[("reason", "End of study")]).await.status, 303);
    assert_eq!(app.get(table).bearer_auth(&token).send().await.unwrap().status(), 404);
    assert!(admin.get("/en/grants").await.body.contains("End of study"));

    let company = format!("/en/organizations/{}", app.fixture.company);
    let suspended = admin.submit("/en/organizations", &format!("{company}/suspend"), &[("reason", "Incident")]).await;
    assert_eq!(suspended.status, 303);
    assert_eq!(app.get("/v1/datasets").bearer_auth(&token).send().await.unwrap().status(), 401);
    assert_eq!(admin.submit("/en/organizations", &format!("{company}/resume"), &[]).await.status, 303);
    assert_eq!(app.get("/v1/datasets").bearer_auth(&token).send().await.unwrap().status(), 200);
    let own = format!("/en/organizations/{}/suspend", app.fixture.hospital);
    assert_eq!(admin.submit("/en/organizations", &own, &[("reason", "Mistake")]).await.status, 409);
}

#[actix_web::test]
async fn a_budget_is_set_felt_and_removed() {
    let app = TestApp::start().await;
    let mut admin = Browser::of(&app, Role::Admin).await;
    let token = app.token(&app.fixture.reader).await;
    let subject = format!("app:{}", app.fixture.reader_app);
    let form = [("subject", subject.as_str()), ("period", "month"), ("gib", "1"), ("rows", "1")];
    assert_eq!(admin.submit("/en/budgets", "/en/budgets", &form).await.status, 303);
    assert!(admin.get("/en/budgets").await.body.contains("0 / 1,073,741,824"));
    let rows = "/v1/datasets/cohort/synthetic/tables/visits/rows?limit=5";
    let refused = app.get(rows).bearer_auth(&token).send().await.unwrap();
    assert_eq!(refused.status(), 429, "five rows are more than one");
    for (name, value) in [("gib", "0"), ("rows", "-1"), ("period", "year"), ("subject", "app:app_nobody")] {
        let wrong: Vec<_> = form.iter().map(|(n, v)| if *n == name { (*n, value) } else { (*n, *v) }).collect();
        assert_eq!(admin.submit("/en/budgets", "/en/budgets", &wrong).await.status, 422, "{name}");
    }
    let remove = format!("/en/budgets/app/{}/remove", app.fixture.reader_app);
    assert_eq!(admin.submit("/en/budgets", &remove, &[]).await.status, 303);
    assert_eq!(app.get(rows).bearer_auth(&token).send().await.unwrap().status(), 200);
    let recorded = app.entries().await.iter().filter(|entry| entry.operation.starts_with("budget.")).count();
    assert_eq!(recorded, 4, "INTENT and OUTCOME of both changes");
}

#[actix_web::test]
async fn a_withdrawn_version_is_not_served_any_more() {
    let app = TestApp::start().await;
    let mut steward = Browser::of(&app, Role::Steward).await;
    let token = app.token(&app.fixture.stranger).await;
    let table = "/v1/datasets/cohort/synthetic/tables/visits";
    assert_eq!(app.get(table).bearer_auth(&token).send().await.unwrap().status(), 200);
    let versions = steward.get("/en/releases").await;
    let mut ids = versions.body.split("/en/releases/").skip(1).filter_map(|rest| rest.split_once("/withdraw"));
    let (synthetic, _) = ids.next().unwrap();
    let path = format!("/en/releases/{synthetic}/withdraw");
    assert_eq!(steward.submit("/en/releases", &path, &[]).await.status, 303);
    assert_eq!(app.get(table).bearer_auth(&token).send().await.unwrap().status(), 404);
    assert_eq!(steward.submit("/en/releases", &path, &[]).await.status, 409);
}

#[actix_web::test]
async fn every_change_leaves_an_intent_and_an_outcome_of_the_member() {
    let app = TestApp::start().await;
    let mut browser = Browser::of(&app, Role::Developer).await;
    let page = register(&mut browser, "Recorded").await;
    browser.submit(&page, &format!("{page}/credentials"), &[("label", "one")]).await;
    browser.submit(&page, &format!("{page}/revoke"), &[("confirm", "Recorded")]).await;
    // Refused by the state machine, and recorded as refused.
    browser.submit(&page, &format!("{page}/revoke"), &[("confirm", "Recorded")]).await;
    let entries = app.entries().await;
    let member = &app.fixture.members.iter().find(|(role, _, _)| *role == Role::Developer).unwrap().2.to_string();
    for (operation, times) in [("app.create", 1), ("credential.create", 1), ("app.revoke", 2)] {
        let of = |kind| entries.iter().filter(move |entry| entry.operation == operation && entry.kind == kind);
        assert_eq!((of(Kind::Intent).count(), of(Kind::Outcome).count()), (times, times), "{operation}");
        assert!(of(Kind::Intent).chain(of(Kind::Outcome)).all(|entry| entry.member.as_ref() == Some(member)));
    }
    let denied = entries.iter().filter(|entry| entry.operation == "app.revoke" && entry.status == Some(Status::Denied));
    assert_eq!(denied.count(), 1);
}

#[actix_web::test]
async fn a_name_that_is_a_script_is_shown_as_text() {
    let app = TestApp::start().await;
    let mut browser = Browser::of(&app, Role::Developer).await;
    let name = "<script>alert('x')</script>\"><img src=x>";
    let page = register(&mut browser, name).await;
    let mut admin = Browser::of(&app, Role::Admin).await;
    for shown in [
        browser.get("/ko/apps").await,
        browser.get(&page).await,
        admin.get("/en/apps").await,
        admin.get("/en/ledger").await,
    ] {
        assert_eq!(shown.status, 200);
        assert!(!shown.body.contains("<script>") && !shown.body.contains("<img src=x"), "{}", shown.body);
        assert!(shown.body.contains("&#60;script&#62;") || shown.body.contains("&lt;script&gt;"));
    }
}

#[actix_web::test]
async fn what_cannot_be_a_name_is_told_and_not_stored() {
    let app = TestApp::start().await;
    let mut browser = Browser::of(&app, Role::Developer).await;
    for name in ["", "   ", "a\u{202e}b", "a\0b", &"x".repeat(61)] {
        let shown = browser.submit("/ko/apps", "/ko/apps", &[("name", name)]).await;
        assert_eq!(shown.status, 422, "{name:?}");
        assert!(shown.body.contains("role=\"alert\""));
    }
    let huge = browser.submit("/ko/apps", "/ko/apps", &[("name", &"x".repeat(100_000))]).await;
    assert_eq!(huge.status, 413);
    assert!(huge.body.contains("<html lang=\"ko\">"));
}
