//! The agreement: versions that never change, what changed with each, and until when each must be signed.

use super::Browser;
use super::members::with_mail;
use crate::app::TestApp;
use crate::carrier::Memory;
use mudeung_core::member::Role;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn publish(browser: &mut Browser<'_>, version: &str, text: &str, days: &str) -> super::Shown {
    let fields = [
        ("version", version),
        ("title_ko", "데이터 이용 약정"),
        ("title_en", "Data use agreement"),
        ("text_ko", "약정\n새 조항"),
        ("text_en", text),
        ("days", days),
    ];
    browser.submit("/en/agreements", "/en/agreements", &fields).await
}

async fn tokens(app: &TestApp) -> u16 {
    app.ask_token(&app.fixture.reader, None).await.status().as_u16()
}

#[actix_web::test]
async fn a_new_version_is_signed_in_time_or_stops_tokens_on_its_day() {
    let (app, post) = (TestApp::start_with(with_mail).await, Memory::default());
    let mut admin = Browser::of(&app, Role::Admin).await;
    let shown = publish(&mut admin, "2", "Agreement\nA new clause", "30").await;
    assert_eq!(shown.location(), "/en/agreements?done=agreement-published", "{}", shown.body);
    let mut told: Vec<String> = post.mails(&app).await.into_iter().map(|mail| mail.to).collect();
    told.sort_unstable();
    assert_eq!(told, ["developer@example.org", "representative@example.org"]);
    assert_eq!(tokens(&app).await, 200, "there is time");
    assert!(admin.get("/en/agreements").await.body.contains("<th scope=\"row\">Company</th>"), "who has not signed");
    app.clock.advance(DAY * 30);
    assert_eq!(tokens(&app).await, 400, "the time is over");
    let mut leader = Browser::of(&app, Role::Representative).await;
    let home = leader.get("/en/home").await.body;
    assert!(home.contains("Sign the new version") && home.contains("until 2026-04-01 09:00"), "{home}");
    let listed = leader.get("/en/agreements").await;
    assert!(!listed.body.contains("id=\"publish\""));
    let page = format!("/en/agreements/agr_{}", listed.between("/en/agreements/agr_", "\"").unwrap());
    let shown = leader.get(&page).await;
    assert!(shown.body.contains("<ins>") && shown.body.contains("A new clause"), "what changed is shown");
    assert_eq!(leader.submit(&page, &format!("{page}/sign"), &[]).await.status, 400);
    assert_eq!(leader.submit(&page, &format!("{page}/sign"), &[("accept", "yes")]).await.status, 303);
    assert_eq!(leader.submit(&page, &format!("{page}/sign"), &[("accept", "yes")]).await.status, 303, "twice is once");
    assert_eq!(tokens(&app).await, 200);
    let old = format!("/en/agreements/{}", app.fixture.agreement);
    assert_eq!(
        leader.submit(&page, &format!("{old}/sign"), &[("accept", "yes")]).await.status,
        404,
        "only what is in force"
    );
}

#[actix_web::test]
async fn a_version_is_published_whole_by_the_operator_and_never_over_another() {
    let app = TestApp::start().await;
    let mut admin = Browser::of(&app, Role::Admin).await;
    for (version, text, days) in [("2", "", "30"), ("2", "New", "181"), ("2", "New", "x"), ("3", "New", "30")] {
        let shown = publish(&mut admin, version, text, days).await;
        assert_eq!(shown.status, 422, "{version} {text} {days}");
        assert!(shown.body.contains("새 조항"), "what was typed is kept");
    }
    assert_eq!(publish(&mut admin, "2", "First", "30").await.status, 303);
    assert_eq!(publish(&mut admin, "2", "Second", "30").await.status, 422, "somebody was first");
    assert_eq!(publish(&mut admin, "3", "First", "30").await.status, 422, "the text is the same");
    let mut anyone = Browser::new(&app);
    let listed = anyone.get("/en/agreements").await;
    assert!(listed.body.contains("v2") && listed.body.contains("v1") && !listed.body.contains("id=\"publish\""));
    for role in [Role::Auditor, Role::Representative, Role::Steward] {
        let mut other = Browser::of(&app, role).await;
        let token = other.get("/en/home").await.form_token();
        assert_eq!(other.post("/en/agreements", &[("form_token", &token)]).await.status, 403, "{}", role.as_str());
    }
}

#[actix_web::test]
async fn a_text_with_markup_is_shown_as_it_was_written() {
    let app = TestApp::start().await;
    let mut admin = Browser::of(&app, Role::Admin).await;
    let evil = "</textarea><script>alert(1)</script>\n\"><img src=x onerror=alert(1)>";
    publish(&mut admin, "2", evil, "30").await;
    let listed = admin.get("/en/agreements").await;
    let page = format!("/en/agreements/agr_{}", listed.between("/en/agreements/agr_", "\"").unwrap());
    for shown in [listed, admin.get(&page).await] {
        assert!(!shown.body.contains("<script") && !shown.body.contains("<img src=x"), "{}", shown.body);
    }
}
