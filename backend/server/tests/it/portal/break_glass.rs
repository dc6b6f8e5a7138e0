//! An emergency: opened at once, told at once, closed by itself, reviewed by somebody else.

use super::Browser;
use super::members::with_mail;
use crate::app::TestApp;
use crate::carrier::Memory;
use mudeung_core::member::{Member, MemberState, Role};
use mudeung_wire::ledger::entry::Status;
use std::time::Duration;

const REASON: &str = "A recall of an implant: every patient who has it must be found tonight.";
const ROWS: &str = "/v1/datasets/cohort/deidentified/tables/visits/rows";

async fn open(app: &TestApp, browser: &mut Browser<'_>, changes: &[(&str, &str)]) -> super::Shown {
    let stranger = app.fixture.stranger.id.clone();
    let mut fields = vec![
        ("dataset", "cohort"),
        ("app", stranger.as_str()),
        ("hours", "2"),
        ("gib", "1"),
        ("reason", REASON),
        ("confirm", "yes"),
    ];
    for (name, value) in changes {
        fields.retain(|(known, _)| known != name);
        fields.push((name, value));
    }
    browser.submit("/en/break-glass", "/en/break-glass", &fields).await
}

async fn reads(app: &TestApp) -> u16 {
    let token = app.token(&app.fixture.stranger).await;
    app.get(ROWS).bearer_auth(&token).send().await.unwrap().status().as_u16()
}

#[actix_web::test]
async fn an_emergency_opens_at_once_for_its_hours_and_everybody_who_watches_is_told() {
    let (app, post) = (TestApp::start_with(with_mail).await, Memory::default());
    assert_eq!(reads(&app).await, 404);
    let mut admin = Browser::of(&app, Role::Admin).await;
    let shown = open(&app, &mut admin, &[]).await;
    assert_eq!(shown.location(), "/en/break-glass?done=glass-broken", "{}", shown.body);
    assert_eq!(reads(&app).await, 200);
    let mails = post.mails(&app).await;
    assert!(mails.iter().all(|mail| mail.text.contains("/ko/break-glass")), "where it is reviewed");
    let mut told: Vec<String> = mails.into_iter().map(|mail| mail.to).collect();
    told.sort_unstable();
    assert_eq!(told, ["admin@example.org", "auditor@example.org"], "the company here has no members");
    let entries = app.entries().await;
    let opened = entries.iter().find(|entry| entry.operation == "break_glass.open" && entry.status.is_none()).unwrap();
    assert!(opened.purpose.as_deref().unwrap().contains(REASON) && opened.grant.is_some());
    let page = Browser::of(&app, Role::Auditor).await.get("/en/break-glass").await;
    assert!(page.body.contains(REASON) && !page.body.contains("id=\"open\""), "who watches cannot open");
    app.clock.advance(Duration::from_secs(2 * 60 * 60));
    assert_eq!(reads(&app).await, 404, "it closed by itself");
}

#[actix_web::test]
async fn nothing_opens_without_a_reason_a_word_and_limits() {
    let app = TestApp::start().await;
    let mut admin = Browser::of(&app, Role::Admin).await;
    for change in [
        ("reason", "too short"),
        ("confirm", ""),
        ("hours", "0"),
        ("hours", "25"),
        ("gib", "101"),
        ("dataset", "other"),
        ("app", "app_00000000000000000000000000"),
    ] {
        let shown = open(&app, &mut admin, &[change]).await;
        assert_eq!(shown.status, 422, "{change:?}");
        assert!(shown.body.contains("Nothing was opened"), "{change:?}");
    }
    assert_eq!(reads(&app).await, 404);
    for role in [Role::Auditor, Role::Reviewer, Role::Steward] {
        let mut other = Browser::of(&app, role).await;
        let token = other.get("/en/home").await.form_token();
        let shown = other.post("/en/break-glass", &[("form_token", &token)]).await;
        assert_eq!(shown.status, 403, "{}", role.as_str());
    }
}

#[actix_web::test]
async fn somebody_else_reviews_once_and_is_reminded() {
    let (app, post) = (TestApp::start_with(with_mail).await, Memory::default());
    let mut admin = Browser::of(&app, Role::Admin).await;
    open(&app, &mut admin, &[]).await;
    post.mails(&app).await;
    let page = admin.get("/en/break-glass").await;
    let grant = page.between("aria-labelledby=\"grt_", "\"").unwrap();
    let path = format!("/en/break-glass/grt_{grant}/review");
    let finding = [("verdict", "unjustified"), ("finding", "It could have waited.")];
    assert!(!page.body.contains("/review\""), "nobody reviews what they did");
    assert_eq!(admin.submit("/en/break-glass", &path, &finding).await.status, 409);
    app.clock.advance(Duration::from_secs(3 * 24 * 60 * 60));
    for expected in [2, 0] {
        mudeung_server::lapses::lapse_requests(app.state()).await.unwrap();
        assert_eq!(post.mails(&app).await.len(), expected, "the auditor and the operator, once");
    }
    let mut auditor = Browser::of(&app, Role::Auditor).await;
    assert!(auditor.get("/en/home").await.body.contains("/en/break-glass"));
    assert_eq!(auditor.submit("/en/break-glass", &path, &[("finding", "x")]).await.status, 422);
    assert_eq!(auditor.submit("/en/break-glass", &path, &finding).await.status, 303);
    assert_eq!(auditor.submit("/en/break-glass", &path, &finding).await.status, 409, "once");
    let page = auditor.get("/en/break-glass").await;
    assert!(page.body.contains("Not justified") && page.body.contains("It could have waited."));
    let entries = app.entries().await;
    let done = |entry: &&mudeung_wire::ledger::entry::Entry| {
        entry.operation == "break_glass.review" && entry.status == Some(Status::Completed)
    };
    assert_eq!(entries.iter().filter(done).count(), 1);
}

/// The company that gets such access hears of it too.
#[actix_web::test]
async fn the_company_hears_of_it() {
    let (app, post) = (TestApp::start_with(with_mail).await, Memory::default());
    let organization = app.state().snapshots.present().apps[&app.fixture.stranger.id.parse().unwrap()].organization;
    let member = Member {
        id: mudeung_core::id::MemberId::from_bytes([9; 16]),
        organization,
        email: "other@example.org".to_owned(),
        name: "Other".to_owned(),
        roles: vec![Role::Developer],
        state: MemberState::Active,
        created_at: app.now(),
    };
    app.change_and_see(move |conn| mudeung_store::members::insert_member(conn, &member, "x")).await;
    let mut admin = Browser::of(&app, Role::Admin).await;
    open(&app, &mut admin, &[]).await;
    let mails = post.mails(&app).await;
    let mail = mails.iter().find(|mail| mail.to == "other@example.org").unwrap();
    assert!(mail.text.contains("/ko/grants") && !mail.text.contains("/break-glass"), "which a company can open");
}
