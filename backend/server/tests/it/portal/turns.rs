//! Those whose turn it is are told: when it begins, before its end, and when it is late; the operator when it is very
//! late.

use super::Browser;
use super::members::with_mail;
use crate::app::TestApp;
use crate::carrier::Memory;
use mudeung_core::member::Role;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

/// The mails of a look at the clocks, so many days later: to whom, and what about.
async fn later(app: &TestApp, post: &Memory, days: u32) -> Vec<(String, &'static str)> {
    app.clock.advance(DAY * days);
    let mut told = Vec::new();
    for _ in 0..2 {
        mudeung_server::lapses::lapse_requests(app.state()).await.unwrap();
        told.extend(post.mails(app).await);
    }
    let about = |subject: &str| {
        [
            ("request.due", "처리 기한이 다가옵니다"),
            ("request.overdue", "처리 기한이 지났습니다"),
            ("request.escalated", "운영자가 살펴 주세요"),
            ("request.opinion_wanted", "부서 의견이 필요합니다"),
            ("request.answer_due", "답할 기한이 다가옵니다"),
            ("condition.unconfirmed", "확인 기한이 지났습니다"),
        ]
        .into_iter()
        .find_map(|(topic, text)| subject.contains(text).then_some(topic))
        .unwrap_or("another")
    };
    let mut told: Vec<_> =
        told.iter().map(|mail| (mail.to.split('@').next().unwrap().to_owned(), about(&mail.subject))).collect();
    told.sort();
    told
}

fn to(names: &[&str], topic: &'static str) -> Vec<(String, &'static str)> {
    names.iter().map(|name| ((*name).to_owned(), topic)).collect()
}

async fn file(app: &TestApp, post: &Memory) -> String {
    let mut developer = Browser::of(app, Role::Developer).await;
    let page = super::requests::file(app, &mut developer, &app.fixture.reader.id).await;
    post.mails(app).await;
    page
}

#[actix_web::test]
async fn a_check_is_pressed_before_its_end_at_it_and_the_operator_is_told_when_it_is_very_late() {
    let (app, post) = (TestApp::start_with(with_mail).await, Memory::default());
    file(&app, &post).await;
    assert_eq!(later(&app, &post, 2).await, []);
    assert_eq!(later(&app, &post, 1).await, to(&["admin", "reviewer"], "request.due"));
    assert_eq!(later(&app, &post, 2).await, to(&["admin", "reviewer"], "request.overdue"));
    assert_eq!(later(&app, &post, 1).await, []);
    assert_eq!(later(&app, &post, 1).await, to(&["admin"], "request.escalated"), "the badge says that they were told");
    assert_eq!(later(&app, &post, 30).await, [], "each once");
}

#[actix_web::test]
async fn offices_are_asked_for_their_opinion_and_voters_from_outside_are_pressed_too() {
    let post = Memory::default();
    let app = TestApp::start_with(|config| {
        with_mail(config);
        config.review = toml::from_str("sign_offs = \"all(steward, auditor)\"").unwrap();
    })
    .await;
    let page = file(&app, &post).await;
    assert_eq!(later(&app, &post, 0).await, [], "offices are not asked before it is complete");
    let mut reviewer = Browser::of(&app, Role::Reviewer).await;
    assert_eq!(reviewer.submit(&page, &format!("{page}/accept"), &[]).await.status, 303);
    post.mails(&app).await;
    assert_eq!(later(&app, &post, 0).await, to(&["auditor", "steward"], "request.opinion_wanted"));
    let mut steward = Browser::of(&app, Role::Steward).await;
    let opinion = [("office", "steward"), ("reason", "No objection")];
    assert_eq!(steward.submit(&page, &format!("{page}/sign-off"), &opinion).await.status, 303);
    let turn = ["admin", "auditor", "external", "reviewer"];
    assert_eq!(later(&app, &post, 17).await, []);
    assert_eq!(later(&app, &post, 1).await, to(&turn, "request.due"), "the steward has said theirs");
    assert_eq!(later(&app, &post, 2).await, to(&turn, "request.overdue"));
    assert_eq!(later(&app, &post, 2).await, to(&["admin"], "request.escalated"));
}

#[actix_web::test]
async fn a_company_is_told_before_the_end_of_what_waits_on_it() {
    let (app, post) = (TestApp::start_with(with_mail).await, Memory::default());
    let page = file(&app, &post).await;
    let mut reviewer = Browser::of(&app, Role::Reviewer).await;
    assert_eq!(reviewer.submit(&page, &format!("{page}/return"), &[("reason", "More")]).await.status, 303);
    post.mails(&app).await;
    assert_eq!(later(&app, &post, 27).await, []);
    assert_eq!(later(&app, &post, 1).await, to(&["developer", "representative"], "request.answer_due"));
    assert_eq!(later(&app, &post, 1).await, []);
}

#[actix_web::test]
async fn a_condition_that_was_answered_presses_the_hospital_and_not_the_company() {
    let (app, post) = (TestApp::start_with(with_mail).await, Memory::default());
    let mut developer = Browser::of(&app, Role::Developer).await;
    let mut follows = super::requests::fields(&app, &app.fixture.reader.id);
    follows.retain(|(name, _)| !["ethics", "ethics_reason"].contains(name));
    follows.extend([("ethics", "follows"), ("ethics_by", "2026-03-10")].map(|(name, value)| (name, value.to_owned())));
    let page = super::requests::file_with(&mut developer, &follows).await;
    let mut reviewer = Browser::of(&app, Role::Reviewer).await;
    assert_eq!(reviewer.submit(&page, &format!("{page}/approve"), &super::board::TERMS).await.status, 303);
    let waits_on = "<dt>Waits on</dt><dd>";
    assert_eq!(reviewer.get(&page).await.between(waits_on, "<").unwrap(), "The company");
    post.mails(&app).await;
    assert_eq!(later(&app, &post, 7).await, to(&["developer", "representative"], "request.answer_due"));
    let mut developer = Browser::of(&app, Role::Developer).await;
    let answer = format!("{page}/conditions/0/answer");
    assert_eq!(developer.submit(&page, &answer, &[("answer", "IRB 2026-17")]).await.status, 303);
    assert_eq!(developer.get(&page).await.between(waits_on, "<").unwrap(), "The hospital&#39;s reviewer");
    post.mails(&app).await;
    assert_eq!(later(&app, &post, 4).await, [], "the company has done its part");
    let mut admin = Browser::of(&app, Role::Admin).await;
    assert!(admin.get(&page).await.body.contains("2026-03-14 09:00"), "five days after the answer");
    assert_eq!(later(&app, &post, 1).await, to(&["admin", "reviewer"], "condition.unconfirmed"));
    assert_eq!(later(&app, &post, 9).await, [], "once, and nothing lapses");
}
