//! Profiles for sharing clients: a link is made, opened once, and what it gave works.

use super::Browser;
use crate::app::TestApp;
use mudeung_core::member::Role;
use serde_json::Value;
use std::time::Duration;

/// Makes a link for the reader's app; gives its path.
async fn link(app: &TestApp, browser: &mut Browser<'_>) -> String {
    let page = format!("/en/apps/{}", app.fixture.reader.id);
    let fields = [("label", "Data team"), ("days", "30")];
    let shown = browser.submit(&page, &format!("{page}/activation-links"), &fields).await;
    assert_eq!(shown.status, 200, "{}", shown.body);
    let link = shown.between("<code class=\"secret\">", "</code>").unwrap();
    link.strip_prefix(&app.url).unwrap().to_owned()
}

fn token_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}

#[actix_web::test]
async fn a_link_hands_out_a_working_profile_once() {
    let app = TestApp::start().await;
    let mut browser = Browser::of(&app, Role::Developer).await;
    let path = link(&app, &mut browser).await;
    let mut colleague = Browser::new(&app);
    for _ in 0..2 {
        let shown = colleague.get(&path).await;
        assert_eq!(shown.status, 200, "looking uses nothing up");
        assert!(shown.body.contains("Reader") && shown.body.contains("Company"), "it says whose it is");
        assert_eq!(shown.header("cache-control"), "no-store");
    }
    let saved = colleague.submit(&path, "/en/activate", &[("link", token_of(&path))]).await;
    assert_eq!(saved.status, 200, "{}", saved.body);
    assert_eq!(saved.header("content-disposition"), "attachment; filename=\"mudeung.share\"");
    let profile: Value = serde_json::from_str(&saved.body).unwrap();
    assert_eq!(
        (&profile["shareCredentialsVersion"], &profile["type"]),
        (&2.into(), &"oauth_client_credentials".into())
    );
    let text = |name: &str| profile[name].as_str().unwrap().to_owned();
    let endpoint = text("endpoint");
    let token = app.http.post(text("tokenEndpoint")).basic_auth(text("clientId"), Some(text("clientSecret")));
    app.state().snapshots.refresh().await.unwrap();
    let token: Value = token.form(&[("grant_type", "client_credentials")]).send().await.unwrap().json().await.unwrap();
    let shares = app.http.get(format!("{endpoint}/shares")).bearer_auth(token["access_token"].as_str().unwrap());
    assert_eq!(shares.send().await.unwrap().status(), 200);
    assert_eq!(colleague.get(&path).await.status, 404);
    let again = colleague.submit("/en/sign-in", "/en/activate", &[("link", token_of(&path))]).await;
    assert_eq!(again.status, 404);
    let entries = app.entries().await;
    let done: Vec<&str> = entries.iter().rev().map(|entry| entry.operation.as_str()).collect();
    for operation in ["activation_link.create", "credential.activate"] {
        assert!(done.contains(&operation), "{operation}");
    }
    let secret = text("clientSecret");
    assert!(entries.iter().all(|entry| !String::from_utf8(entry.to_bytes().unwrap()).unwrap().contains(&secret)));
}

#[actix_web::test]
async fn of_many_who_open_a_link_at_once_one_gets_the_profile() {
    let app = TestApp::start().await;
    let mut browser = Browser::of(&app, Role::Developer).await;
    let path = link(&app, &mut browser).await;
    let open = async || {
        let mut browser = Browser::new(&app);
        browser.submit(&path, "/en/activate", &[("link", token_of(&path))]).await.status
    };
    let (a, b, c, d) = tokio::join!(open(), open(), open(), open());
    let mut statuses = [a, b, c, d];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 404, 404, 404]);
}

#[actix_web::test]
async fn a_link_ends_with_its_time_its_revocation_and_its_app() {
    let app = TestApp::start().await;
    let mut browser = Browser::of(&app, Role::Developer).await;
    let page = format!("/en/apps/{}", app.fixture.reader.id);
    let revoked = link(&app, &mut browser).await;
    let shown = browser.get(&page).await;
    let id = shown.between("/activation-links/", "/revoke").unwrap();
    let answer = browser.submit(&page, &format!("{page}/activation-links/{id}/revoke"), &[]).await;
    assert_eq!(answer.status, 303);
    assert_eq!(browser.get(&revoked).await.status, 404);
    let late = link(&app, &mut browser).await;
    let other = link(&app, &mut browser).await;
    app.clock.advance(Duration::from_secs(71 * 3_600));
    assert_eq!(Browser::new(&app).get(&late).await.status, 200);
    app.clock.advance(Duration::from_secs(3_601));
    assert_eq!(Browser::new(&app).get(&late).await.status, 404);
    let opened = Browser::new(&app).submit("/en/sign-in", "/en/activate", &[("link", token_of(&other))]).await;
    assert_eq!(opened.status, 404);
    for wrong in ["/en/activate/mdl_", "/en/activate/nonsense", "/ko/activate/mdl_%00"] {
        assert!(matches!(Browser::new(&app).get(wrong).await.status, 400 | 404), "{wrong}");
    }
}

#[actix_web::test]
async fn a_link_is_opened_from_our_page_alone_and_made_by_the_apps_own_company() {
    let app = TestApp::start().await;
    let mut browser = Browser::of(&app, Role::Developer).await;
    let path = link(&app, &mut browser).await;
    let mut stranger = Browser::new(&app);
    let forged = stranger.post("/en/activate", &[("form_token", "x"), ("link", token_of(&path))]).await;
    assert_eq!(forged.status, 403);
    assert_eq!(stranger.get(&path).await.status, 200, "a forged form uses nothing up");
    let foreign = format!("/en/apps/{}", app.fixture.stranger.id);
    let fields = [("label", "x"), ("days", "30")];
    let own = format!("/en/apps/{}", app.fixture.reader.id);
    let made = browser.submit(&own, &format!("{foreign}/activation-links"), &fields).await;
    assert_eq!(made.status, 404);
    for _ in 0..9 {
        link(&app, &mut browser).await;
    }
    let full = browser.submit(&own, &format!("{own}/activation-links"), &fields).await;
    assert_eq!(full.status, 422, "ten wait at most");
    let nameless = browser.submit(&own, &format!("{own}/activation-links"), &[("label", ""), ("days", "30")]).await;
    assert_eq!(nameless.status, 422);
}

#[actix_web::test]
async fn the_profile_of_an_app_with_keys_has_no_secret() {
    let app = TestApp::start().await;
    let mut browser = Browser::of(&app, Role::Developer).await;
    let made = browser.submit("/en/apps", "/en/apps", &[("name", "Keyed"), ("method", "private_key_jwt")]).await;
    let page = made.location().split('?').next().unwrap().to_owned();
    let shown = browser.get(&format!("{page}/profile.share")).await;
    let profile: Value = serde_json::from_str(&shown.body).unwrap();
    assert_eq!(profile["type"], "oauth_jwt_bearer_private_key_jwt");
    assert_eq!(profile["auth"]["clientId"], page.rsplit('/').next().unwrap());
    assert!(!shown.body.contains("ecret"));
    let with_secret = format!("/en/apps/{}/profile.share", app.fixture.reader.id);
    assert_eq!(browser.get(&with_secret).await.status, 404);
    let refused = browser.submit(&page, &format!("{page}/activation-links"), &[("label", "x"), ("days", "30")]).await;
    assert_eq!(refused.status, 409);
}
