//! Incidents: reported by whoever knows, told at once to those who watch, and handled against the clock of the law.

use super::members::with_mail;
use super::{Browser, Shown};
use crate::app::TestApp;
use crate::carrier::Memory;
use mudeung_core::member::Role;
use mudeung_wire::ledger::entry::Status;
use std::time::Duration;

const WHAT: &str = "A file lay in a <b>public</b> folder for an hour.";
const HOUR: Duration = Duration::from_secs(3_600);

/// At nine in the morning of the day on which the clock stands, in Korea: the moment of the clock itself.
async fn report(browser: &mut Browser<'_>, changes: &[(&str, &str)]) -> Shown {
    let mut fields = vec![
        ("kind", "disclosure"),
        ("day", "2026-03-02"),
        ("time", "08:00"),
        ("dataset", "cohort"),
        ("description", WHAT),
    ];
    fields.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    fields.extend_from_slice(changes);
    browser.submit("/en/incidents", "/en/incidents", &fields).await
}

async fn id(browser: &mut Browser<'_>) -> String {
    let page = browser.get("/en/incidents").await;
    format!("/en/incidents/inc_{}", page.between("aria-labelledby=\"inc_", "\"").unwrap())
}

#[actix_web::test]
async fn a_company_reports_the_hospital_is_told_at_once_and_once_more_when_72_hours_are_over() {
    let (app, post) = (TestApp::start_with(with_mail).await, Memory::default());
    let mut developer = Browser::of(&app, Role::Developer).await;
    assert_eq!(report(&mut developer, &[]).await.location(), "/en/incidents?done=incident-reported");
    let mails = post.mails(&app).await;
    let mut told: Vec<String> = mails.iter().map(|mail| mail.to.clone()).collect();
    told.sort_unstable();
    assert_eq!(told, ["admin@example.org", "auditor@example.org"]);
    assert!(mails.iter().all(|mail| mail.text.contains("/ko/incidents")));
    let mut auditor = Browser::of(&app, Role::Auditor).await;
    assert!(auditor.get("/en/home").await.body.contains("still to be told"));
    let page = auditor.get("/en/incidents").await.body;
    assert!(page.contains("2026-03-05 08:00"), "72 hours after it was known: {page}");
    assert!(page.contains("&#60;b&#62;public") && !page.contains("Overdue"));
    app.clock.advance(HOUR * 70);
    for (hours, expected) in [(0, 0), (1, 2), (24, 0)] {
        app.clock.advance(HOUR * hours);
        mudeung_server::lapses::lapse_requests(app.state()).await.unwrap();
        let late = post.mails(&app).await.into_iter().filter(|mail| mail.subject.contains("72시간"));
        assert_eq!(late.count(), expected, "the auditor and the administrator, once");
    }
    let mut auditor = Browser::of(&app, Role::Auditor).await;
    assert!(auditor.get("/en/incidents").await.body.contains("Overdue"));
}

#[actix_web::test]
async fn it_is_handled_by_those_who_watch_and_closed_after_everybody_was_told() {
    let app = TestApp::start().await;
    let mut developer = Browser::of(&app, Role::Developer).await;
    report(&mut developer, &[]).await;
    let mut auditor = Browser::of(&app, Role::Auditor).await;
    let incident = id(&mut auditor).await;
    let step = async |browser: &mut Browser<'_>, form: &str, fields: &[(&str, &str)]| {
        browser.submit("/en/incidents", &format!("{incident}/{form}"), fields).await.status
    };
    assert_eq!(step(&mut auditor, "note", &[("text", "The folder is closed.")]).await, 303);
    assert_eq!(step(&mut auditor, "note", &[("text", "")]).await, 422);
    assert_eq!(step(&mut auditor, "close", &[("text", "Over.")]).await, 409, "nobody was told");
    assert_eq!(step(&mut auditor, "tell", &[("text", "By letter"), ("whom", "everybody")]).await, 422);
    assert_eq!(step(&mut auditor, "tell", &[("text", "By letter"), ("whom", "persons")]).await, 303);
    assert_eq!(step(&mut auditor, "tell", &[("text", "By letter"), ("whom", "persons")]).await, 409, "once");
    assert_eq!(step(&mut auditor, "tell", &[("text", "KISA 17"), ("whom", "authority")]).await, 303);
    assert_eq!(step(&mut developer, "note", &[("text", "Me too")]).await, 403, "not by the company");
    assert_eq!(step(&mut auditor, "close", &[("text", "Folders are private now.")]).await, 303);
    assert_eq!(step(&mut auditor, "note", &[("text", "More")]).await, 409, "it is closed");
    let page = auditor.get("/en/incidents").await.body;
    for said in ["The folder is closed.", "KISA 17", "Folders are private now.", "Closed"] {
        assert!(page.contains(said), "{said}");
    }
    let page = developer.get("/en/incidents").await.body;
    assert!(page.contains("Closed") && !page.contains("KISA 17"), "what the hospital does is its own");
    let entries = app.entries().await;
    for (operation, times) in
        [("incident.report", 1), ("incident.note", 1), ("incident.tell", 2), ("incident.close", 1)]
    {
        let done = |entry: &&mudeung_wire::ledger::entry::Entry| {
            entry.operation == operation && entry.status == Some(Status::Completed)
        };
        assert_eq!(entries.iter().filter(done).count(), times, "{operation}");
        let all = entries.iter().filter(|entry| entry.operation == operation);
        assert!(all.clone().all(|entry| !entry.detail.clone().unwrap_or_default().contains("public")), "no words");
    }
}

#[actix_web::test]
async fn a_company_sees_its_own_and_what_makes_no_sense_is_told() {
    let app = TestApp::start().await;
    let mut admin = Browser::of(&app, Role::Admin).await;
    report(&mut admin, &[("description", "The ledger was slow for a minute."), ("kind", "failure")]).await;
    let email = super::isolation::outsider(&app, vec![Role::Developer]).await;
    let mut stranger = Browser::with(&app, &email).await;
    let company = app.state().snapshots.present().apps[&app.fixture.reader_app].organization.to_string();
    assert_eq!(report(&mut stranger, &[("company", &company)]).await.status, 303);
    let mut developer = Browser::of(&app, Role::Developer).await;
    let page = developer.get("/en/incidents").await.body;
    assert!(!page.contains("inc_"), "neither the hospital's own nor what another said of it: {page}");
    assert!(stranger.get("/en/incidents").await.body.contains("inc_"));
    for change in
        [("kind", "flood"), ("day", "2026-03-03"), ("day", "soon"), ("time", "24:00"), ("time", "8"), ("time", "09:01")]
    {
        let shown = report(&mut developer, &[change]).await;
        assert_eq!(shown.status, 422, "{change:?}");
        assert!(shown.body.contains("&#60;b&#62;public"), "what was typed is there again");
    }
    assert_eq!(report(&mut developer, &[("description", "short")]).await.status, 422);
    assert_eq!(report(&mut developer, &[("time", "09:00")]).await.status, 303, "now");
}
