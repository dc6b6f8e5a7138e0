//! The way of a request: draft, return, resubmission, conditional approval, and the clocks.

use super::board::TERMS;
use super::requests::{fields, file, file_with, send_new};
use super::{Browser, Shown};
use crate::app::TestApp;
use mudeung_core::id::RequestId;
use mudeung_core::member::{MemberState, Role};
use mudeung_core::request::AccessRequest;
use mudeung_wire::ledger::entry::{Entry, Kind, Status};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);
const TABLE: &str = "/v1/datasets/cohort/deidentified/tables/visits";

fn but(app: &TestApp, changes: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    let mut fields = fields(app, &app.fixture.stranger.id);
    fields.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    fields.extend(changes.iter().map(|(name, value)| (*name, (*value).to_owned())));
    fields
}

async fn send(browser: &mut Browser<'_>, from: &str, to: &str, fields: &[(&'static str, String)]) -> Shown {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(key, value)| (*key, value.as_str())).collect();
    browser.submit(from, to, &fields).await
}

/// A developer of the company whose app has no grant.
async fn applicant(app: &TestApp) -> Browser<'_> {
    let email = super::isolation::outsider(app, vec![Role::Developer]).await;
    Browser::with(app, &email).await
}

async fn reads(app: &TestApp) -> u16 {
    let token = app.token(&app.fixture.stranger).await;
    app.get(TABLE).bearer_auth(&token).send().await.unwrap().status().as_u16()
}

#[actix_web::test]
async fn a_draft_is_the_companys_own_until_it_is_handed_in() {
    let app = TestApp::start().await;
    let mut developer = applicant(&app).await;
    let unfinished = but(&app, &[("purpose", "later"), ("accept", ""), ("ethics_reason", "")]);
    let shown = send_new(&mut developer, "/en/requests/drafts", &unfinished).await;
    assert_eq!(shown.status, 303, "{}", shown.body);
    let page = shown.location().split('?').next().unwrap().to_owned();
    let mut reviewer = Browser::of(&app, Role::Reviewer).await;
    assert_eq!(reviewer.get(&page).await.status, 404);
    assert!(!reviewer.get("/en/requests").await.body.contains(&page));
    assert!(developer.get("/en/home").await.body.contains("Finish and file it"));
    let (edit, submit) = (format!("{page}/edit"), format!("{page}/submit"));
    assert!(developer.get(&edit).await.body.contains(">later</textarea>"));
    assert_eq!(send(&mut developer, &edit, &submit, &unfinished).await.status, 422, "it is not finished");
    assert_eq!(send(&mut developer, &edit, &submit, &but(&app, &[])).await.status, 303);
    assert_eq!(reviewer.get(&page).await.status, 200);
    assert!(reviewer.get("/en/home").await.body.contains("Check whether it is complete"));
    assert_eq!(send(&mut developer, "/en/home", &submit, &but(&app, &[])).await.status, 409, "handed in once");
    assert_eq!(developer.get(&edit).await.status, 303, "there is nothing to change now");
}

#[actix_web::test]
async fn a_returned_request_is_changed_handed_in_again_and_its_history_stays() {
    let app = TestApp::start().await;
    let mut developer = applicant(&app).await;
    let page = file_with(&mut developer, &but(&app, &[])).await;
    let mut reviewer = Browser::of(&app, Role::Reviewer).await;
    let back = format!("{page}/return");
    assert_eq!(reviewer.submit(&page, &back, &[("reason", "")]).await.status, 422);
    assert_eq!(reviewer.submit(&page, &back, &[("reason", "Which outcome?")]).await.status, 303);
    let home = developer.get("/en/home").await.body;
    assert!(home.contains("Change it and file it again") && home.contains("2026-04-01 09:00"), "{home}");
    assert!(developer.get(&format!("{page}/edit")).await.body.contains("Which outcome?"));
    let better = but(&app, &[("purpose", "Predict readmission within thirty days of discharge.")]);
    let saved = send(&mut developer, &page, &format!("{page}/save"), &better).await;
    assert_eq!(saved.status, 303);
    assert!(reviewer.get(&page).await.body.contains("Sent back"), "kept is not handed in");
    app.clock.advance(Duration::from_secs(60));
    assert_eq!(send(&mut developer, &page, &format!("{page}/submit"), &better).await.status, 303);
    let history = reviewer.get(&page).await.body;
    for said in ["Which outcome?", "Validate a model of readmission", "Predict readmission within thirty days"] {
        assert!(history.contains(said), "{said}");
    }
    for (form, fields) in [("approve", TERMS.as_slice()), ("accept", &[]), ("return", &[("reason", "More")])] {
        let stale = [fields, &[("submitted", "1772409600000000")]].concat();
        let late = reviewer.submit(&page, &format!("{page}/{form}"), &stale).await;
        assert!(late.status == 422 && late.body.contains("has changed since you looked"), "{form}: {}", late.body);
    }
    assert_eq!(reviewer.submit(&page, &format!("{page}/approve"), &TERMS).await.status, 303);
    let grants = developer.get("/en/grants").await.body;
    assert!(grants.contains("Predict readmission within thirty days"), "the grant is for what was written last");
    for (operation, times) in [("request.save", 1), ("request.submit", 2), ("request.return", 1)] {
        let entries = app.entries().await;
        let of = |kind| entries.iter().filter(|entry| entry.operation == operation && entry.kind == kind).count();
        assert_eq!((of(Kind::Intent), of(Kind::Outcome)), (times, times), "{operation}");
    }
}

#[actix_web::test]
async fn a_company_takes_its_request_back_at_any_time_before_the_decision() {
    let app = TestApp::start().await;
    let mut developer = Browser::of(&app, Role::Developer).await;
    let mut reviewer = Browser::of(&app, Role::Reviewer).await;
    for step in [None, Some("accept"), Some("return")] {
        let page = file(&app, &mut developer, &app.fixture.reader.id).await;
        if let Some(step) = step {
            let taken = reviewer.submit(&page, &format!("{page}/{step}"), &[("reason", "x")]).await;
            assert_eq!(taken.status, 303);
        }
        assert_eq!(developer.submit(&page, &format!("{page}/withdraw"), &[]).await.status, 303, "after {step:?}");
        let late = reviewer.submit("/en/home", &format!("{page}/approve"), &TERMS).await;
        assert_eq!(late.status, 409);
    }
    let page = file(&app, &mut developer, &app.fixture.reader.id).await;
    assert_eq!(reviewer.submit(&page, &format!("{page}/approve"), &TERMS).await.status, 303);
    assert_eq!(developer.submit("/en/home", &format!("{page}/withdraw"), &[]).await.status, 409);
}

#[actix_web::test]
async fn an_ethics_approval_that_follows_holds_the_grant_until_the_hospital_has_seen_it() {
    let app = TestApp::start().await;
    let mut developer = applicant(&app).await;
    let page = file_with(&mut developer, &but(&app, &[("ethics", "follows"), ("ethics_by", "2026-04-30")])).await;
    let mut reviewer = Browser::of(&app, Role::Reviewer).await;
    assert_eq!(reviewer.submit(&page, &format!("{page}/approve"), &TERMS).await.status, 303);
    assert_eq!(reads(&app).await, 404, "the grant is held");
    let shown = developer.get(&page).await.body;
    assert!(shown.contains("Approved with conditions") && shown.contains("Hand in the IRB approval number"), "{shown}");
    assert!(shown.contains("Last day to answer 2026-04-30"), "the day that was said");
    assert!(developer.get("/en/grants").await.body.contains("Held"));
    assert!(developer.get("/en/home").await.body.contains("Answer to a condition"));
    let condition = format!("{page}/conditions/0");
    let confirm = format!("{condition}/confirm");
    assert_eq!(reviewer.submit("/en/home", &confirm, &[]).await.status, 409, "there is no answer yet");
    assert_eq!(developer.submit(&page, &format!("{condition}/answer"), &[("answer", "")]).await.status, 422);
    let answer = [("answer", "IRB 2026-17")];
    assert_eq!(developer.submit(&page, &format!("{condition}/answer"), &answer).await.status, 303);
    assert_eq!(reads(&app).await, 404, "an answer opens nothing");
    assert!(reviewer.get("/en/home").await.body.contains("See whether a condition is met"));
    assert_eq!(reviewer.submit(&page, &confirm, &[]).await.status, 303);
    assert_eq!(reads(&app).await, 200);
    assert_eq!(reviewer.submit("/en/home", &confirm, &[]).await.status, 409, "once");
    let entries = app.entries().await;
    let done = |entry: &&Entry| entry.operation == "request.confirm" && entry.status == Some(Status::Completed);
    assert!(entries.iter().find(done).is_some_and(|entry| entry.grant.is_some()), "the entry names the grant");
}

#[actix_web::test]
async fn conditions_of_the_board_are_all_to_be_met_and_lapse_unanswered() {
    let app = TestApp::start().await;
    let mut developer = applicant(&app).await;
    let page = file_with(&mut developer, &but(&app, &[])).await;
    let mut reviewer = Browser::of(&app, Role::Reviewer).await;
    let conditions = |due: &'static str| {
        let own = [("condition.0", "A security plan"), ("due.0", "2026-03-10"), ("condition.3", "A contact")];
        [TERMS.as_slice(), &own, &[("due.3", due)]].concat()
    };
    let approve = format!("{page}/approve");
    for due in ["", "2026-03-01", "2028-01-01", "soon"] {
        assert_eq!(reviewer.submit(&page, &approve, &conditions(due)).await.status, 422, "{due:?}");
    }
    assert_eq!(reviewer.submit(&page, &approve, &conditions("2026-03-20")).await.status, 303);
    for (number, answered) in [(0, 303), (1, 303), (2, 409)] {
        let path = format!("{page}/conditions/{number}/answer");
        assert_eq!(developer.submit(&page, &path, &[("answer", "Here")]).await.status, answered);
        if number == 0 {
            let path = format!("{page}/conditions/0/confirm");
            assert_eq!(reviewer.submit(&page, &path, &[]).await.status, 303);
            assert_eq!(reads(&app).await, 404, "one of two is not enough");
        }
    }

    let other = file_with(&mut developer, &but(&app, &[])).await;
    assert_eq!(reviewer.submit(&other, &format!("{other}/approve"), &conditions("2026-03-20")).await.status, 303);
    app.clock.advance(DAY * 8);
    assert_eq!(mudeung_server::lapses::lapse_requests(app.state()).await.unwrap(), 0, "the day is not over");
    app.clock.advance(DAY);
    assert_eq!(mudeung_server::lapses::lapse_requests(app.state()).await.unwrap(), 1, "answered ones go on");
    assert_eq!(mudeung_server::lapses::lapse_requests(app.state()).await.unwrap(), 0, "once");
    let mut developer = Browser::with(&app, "outsider@example.org").await;
    let shown = developer.get(&other).await.body;
    assert!(shown.contains("Lapsed") && shown.contains("By itself, as its time was over"), "{shown}");
    assert!(developer.get("/en/grants").await.body.contains("not answered in time"), "the grant ended with it");
    let late = developer.submit("/en/home", &format!("{other}/conditions/0/answer"), &[("answer", "Late")]).await;
    assert_eq!(late.status, 409);
    let entries = app.entries().await;
    let of = |kind| entries.iter().filter(move |entry| entry.operation == "request.lapse" && entry.kind == kind);
    assert_eq!((of(Kind::Intent).count(), of(Kind::Outcome).count()), (1, 1));
    assert!(of(Kind::Outcome).all(|entry| entry.status == Some(Status::Completed)));
}

#[actix_web::test]
async fn the_list_goes_on_where_a_page_ends_and_shows_each_request_once() {
    let app = TestApp::start().await;
    let mut developer = Browser::of(&app, Role::Developer).await;
    let page = file(&app, &mut developer, &app.fixture.reader.id).await;
    let id = page.rsplit('/').next().unwrap().parse().unwrap();
    app.change(move |conn| {
        let first = mudeung_store::requests::find_filed(conn, id)?.unwrap();
        for number in 1..=100 {
            let id = RequestId::from_bytes([number; 16]);
            let what = first.events[0].what.clone();
            mudeung_store::requests::insert_request(conn, &AccessRequest { id, ..first.request.clone() }, what)?;
        }
        Ok(())
    })
    .await;
    let mut reviewer = Browser::of(&app, Role::Reviewer).await;
    let links = |body: &str| body.matches("href=\"/en/requests/req_").count();
    let first = reviewer.get("/en/requests").await;
    let next = first.between("href=\"/en/requests?before=", "\"").unwrap();
    let second = reviewer.get(&format!("/en/requests?before={next}")).await;
    assert_eq!((links(&first.body), links(&second.body)), (100, 1));
    assert!(!first.body.contains(&page) || !second.body.contains(&page));
    assert!(!second.body.contains("href=\"/en/requests?before="), "it ends");
    assert_eq!(links(&reviewer.get("/en/requests?before=nonsense").await.body), 100);
}

#[actix_web::test]
async fn the_clocks_press_the_hospital_and_end_what_waits_on_the_company() {
    let app = TestApp::start().await;
    let mut developer = Browser::of(&app, Role::Developer).await;
    let page = file(&app, &mut developer, &app.fixture.reader.id).await;
    for (days, word) in [(0, "In time"), (3, "Due soon"), (2, "Overdue"), (2, "Overdue, the operator was told")] {
        app.clock.advance(DAY * days);
        let mut admin = Browser::of(&app, Role::Admin).await;
        let home = admin.get("/en/home").await.body;
        assert!(home.contains(word) && home.contains("2026-03-07 09:00"), "{word}: {home}");
    }
    let lapse = async || mudeung_server::lapses::lapse_requests(app.state()).await.unwrap();
    app.clock.advance(DAY * 300);
    assert_eq!(lapse().await, 0, "no company pays for the hospital's delay");
    let mut reviewer = Browser::of(&app, Role::Reviewer).await;
    assert_eq!(reviewer.submit(&page, &format!("{page}/return"), &[("reason", "More")]).await.status, 303);
    app.clock.advance(DAY * 30 - Duration::from_micros(1));
    assert_eq!(lapse().await, 0);
    app.clock.advance(Duration::from_micros(1));
    assert_eq!(lapse().await, 1);
    let mut developer = Browser::of(&app, Role::Developer).await;
    assert!(developer.get(&page).await.body.contains("Lapsed without an answer"));
}

#[actix_web::test]
async fn what_must_be_true_is_looked_at_again_at_the_decision() {
    let app = TestApp::start().await;
    let mut developer = applicant(&app).await;
    let until = [("ethics", "approved"), ("ethics_number", "IRB-1"), ("ethics_until", "2026-03-05")];
    let page = file_with(&mut developer, &but(&app, &until)).await;
    let mut reviewer = Browser::of(&app, Role::Reviewer).await;
    let approve = format!("{page}/approve");
    let author = {
        let found = move |conn: &mut mudeung_store::Conn| {
            mudeung_store::members::find_member_by_email(conn, "outsider@example.org")
        };
        app.state().db.read("find", found).await.unwrap().unwrap().0.id
    };
    let now = app.now();
    let state =
        |state| app.change_and_see(move |conn| mudeung_store::members::update_member_state(conn, author, state));
    state(MemberState::Disabled { disabled_at: now }).await;
    let refused = reviewer.submit(&page, &approve, &TERMS).await;
    assert!(refused.status == 422 && refused.body.contains("still with the company"), "{}", refused.body);
    assert!(reviewer.get(&page).await.body.contains("does not act for the company any more"));
    state(MemberState::Active).await;
    app.clock.advance(DAY * 4);
    let mut reviewer = Browser::of(&app, Role::Reviewer).await;
    let refused = reviewer.submit(&page, &approve, &TERMS).await;
    assert!(refused.status == 422 && refused.body.contains("The ethics approval is over"), "{}", refused.body);
    assert_eq!(reads(&app).await, 404);
    assert_eq!(reviewer.submit(&page, &format!("{page}/reject"), &[("reason", "Too late")]).await.status, 303);
}
