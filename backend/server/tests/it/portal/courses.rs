//! A grant from its first day to its certificate: reports, renewal, and the proof that what was read is destroyed.

use super::board::TERMS;
use super::members::with_mail;
use super::requests::{fields, file, send_new};
use super::{Browser, Shown};
use crate::app::TestApp;
use crate::carrier::Memory;
use mudeung_core::member::Role;
use mudeung_wire::ledger::entry::{Entry, Status};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);
const REPORT: &str = "The model was validated on two thirds of the rows; <b>a paper</b> follows.";
const TABLE: &str = "/v1/datasets/cohort/deidentified/tables/visits";

fn page(app: &TestApp) -> String {
    format!("/en/grants/{}", app.fixture.grant)
}

/// The form of a declaration that is right on the first day, with some fields changed.
fn declaration<'f>(changes: &[(&'f str, &'f str)]) -> Vec<(&'f str, &'f str)> {
    let mut fields = vec![
        ("until", "2026-03-02"),
        ("method", "erased"),
        ("copies", "Two Parquet files on the analysis server, and its nightly backup."),
        ("kept", ""),
        ("witness", "Kim Hana"),
        ("promise", "yes"),
    ];
    fields.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    fields.extend_from_slice(changes);
    fields
}

async fn declare(app: &TestApp, browser: &mut Browser<'_>, changes: &[(&str, &str)]) -> Shown {
    let to = format!("{}/destruction", page(app));
    browser.submit(&page(app), &to, &declaration(changes)).await
}

async fn report(app: &TestApp, browser: &mut Browser<'_>, text: &str) -> Shown {
    browser.submit(&page(app), &format!("{}/reports", page(app)), &[("report", text)]).await
}

async fn reads(app: &TestApp, token: &str) -> u16 {
    app.get(TABLE).bearer_auth(token).send().await.unwrap().status().as_u16()
}

async fn completed(app: &TestApp, operation: &str) -> Vec<Entry> {
    let is = |entry: &Entry| entry.operation == operation && entry.status == Some(Status::Completed);
    app.entries().await.into_iter().filter(is).collect()
}

#[actix_web::test]
async fn a_report_reaches_the_hospital_and_its_answer_the_company() {
    let (app, post) = (TestApp::start_with(with_mail).await, Memory::default());
    let mut developer = Browser::of(&app, Role::Developer).await;
    let mut reviewer = Browser::of(&app, Role::Reviewer).await;
    let shown = report(&app, &mut developer, "too short").await;
    assert!(shown.status == 422 && shown.body.contains(">too short</textarea>"), "{}", shown.body);
    assert_eq!(report(&app, &mut developer, REPORT).await.location(), format!("{}?done=grant-reported", page(&app)));
    let mails = post.mails(&app).await;
    assert!(mails.iter().any(|mail| mail.to == "reviewer@example.org" && mail.text.contains(&page(&app)[3..])));
    assert!(reviewer.get("/en/home").await.body.contains("Reports to read and declarations"));
    let seen = reviewer.get(&page(&app)).await.body;
    assert!(seen.contains("Not read yet") && seen.contains("&#60;b&#62;a paper"), "escaped: {seen}");
    let to = format!("{}/reports/answer", page(&app));
    assert_eq!(reviewer.submit(&page(&app), &to, &[("answer", "")]).await.status, 422);
    assert_eq!(reviewer.submit(&page(&app), &to, &[("answer", "Thank you.")]).await.status, 303);
    assert_eq!(reviewer.submit(&page(&app), &to, &[("answer", "Again.")]).await.status, 409, "it was read");
    assert!(!reviewer.get("/en/home").await.body.contains("Reports to read and declarations"));
    let seen = developer.get(&page(&app)).await.body;
    assert!(seen.contains("Thank you.") && !seen.contains("Not read yet"));
    let mut auditor = Browser::of(&app, Role::Auditor).await;
    let refused = auditor.submit("/en/home", &to, &[("answer", "Me too.")]).await;
    assert_eq!(refused.status, 403);
    for operation in ["grant.report", "grant.read_reports"] {
        let entries = completed(&app, operation).await;
        assert_eq!(entries.len(), 1, "{operation}");
        let detail = entries[0].detail.clone().unwrap_or_default();
        assert_eq!(detail, app.fixture.grant.to_string(), "what was written is not in the ledger");
    }
}

#[actix_web::test]
async fn what_is_owed_is_told_once_before_and_once_after_its_day_and_holds_the_next_approval() {
    let (app, post) = (TestApp::start_with(with_mail).await, Memory::default());
    let mut developer = Browser::of(&app, Role::Developer).await;
    let request = file(&app, &mut developer, &app.fixture.reader.id).await;
    post.mails(&app).await;
    let told = async |days: u32| {
        app.clock.advance(DAY * days);
        let mut all = Vec::new();
        for _ in 0..2 {
            mudeung_server::lapses::lapse_requests(app.state()).await.unwrap();
            let mails = post.mails(&app).await;
            all.extend(mails.into_iter().filter(|mail| mail.subject.contains("경과보고")));
        }
        let mut to: Vec<String> = all.into_iter().map(|mail| mail.to).collect();
        to.sort_unstable();
        to
    };
    let company = ["developer@example.org", "representative@example.org"];
    assert_eq!(told(165).await, Vec::<String>::new(), "not yet");
    assert_eq!(told(1).await, company, "fourteen days before");
    assert_eq!(told(13).await, Vec::<String>::new(), "once");
    let mut reviewer = Browser::of(&app, Role::Reviewer).await;
    assert!(!reviewer.get(&request).await.body.contains("is late with a report"));
    assert_eq!(told(1).await, ["admin@example.org", company[0], company[1], "reviewer@example.org"], "both sides");
    let mut developer = Browser::of(&app, Role::Developer).await;
    let seen = developer.get(&page(&app)).await.body;
    assert!(seen.contains("Overdue") && seen.contains("no request of this company can be approved"), "{seen}");
    assert!(developer.get("/en/home").await.body.contains("Reports to write and destruction"));
    let mut reviewer = Browser::of(&app, Role::Reviewer).await;
    let refused = reviewer.submit(&request, &format!("{request}/approve"), &TERMS).await;
    assert!(refused.status == 422 && refused.body.contains("is late with a report"), "{}", refused.body);
    assert_eq!(report(&app, &mut developer, REPORT).await.status, 303);
    assert_eq!(reviewer.submit(&request, &format!("{request}/approve"), &TERMS).await.status, 303);
}

#[actix_web::test]
async fn a_grant_ends_with_its_declaration_and_there_is_a_certificate_once_the_hospital_took_it() {
    let app = TestApp::start().await;
    let token = app.token(&app.fixture.reader).await;
    assert_eq!(reads(&app, &token).await, 200);
    let mut developer = Browser::of(&app, Role::Developer).await;
    let certificate = format!("{}/certificate", page(&app));
    for change in [
        ("until", "2026-03-03"),
        ("until", "2025-12-31"),
        ("until", "soon"),
        ("method", "magic"),
        ("copies", "all"),
        ("witness", ""),
        ("promise", ""),
    ] {
        let shown = declare(&app, &mut developer, &[change]).await;
        assert_eq!(shown.status, 422, "{change:?}");
        assert!(shown.body.contains("name=\"copies\""), "the form is there again");
    }
    assert_eq!(reads(&app, &token).await, 200, "nothing was declared");
    let shown = declare(&app, &mut developer, &[("kept", "A <i>model</i>")]).await;
    assert_eq!(shown.location(), format!("{}?done=destruction-declared", page(&app)), "{}", shown.body);
    assert_ne!(reads(&app, &token).await, 200, "it ended with it");
    assert_eq!(declare(&app, &mut developer, &[]).await.status, 422, "declared once");
    for early in [certificate.clone(), format!("{certificate}.pdf")] {
        assert_eq!(developer.get(&early).await.status, 404, "not before the hospital took it");
    }
    let mut reviewer = Browser::of(&app, Role::Reviewer).await;
    let (refuse, close) = (format!("{}/destruction/refuse", page(&app)), format!("{}/close", page(&app)));
    assert_eq!(reviewer.submit(&page(&app), &refuse, &[("reason", "")]).await.status, 422);
    assert_eq!(reviewer.submit(&page(&app), &refuse, &[("reason", "And the backup?")]).await.status, 303);
    assert_eq!(reviewer.submit("/en/home", &close, &[]).await.status, 409, "there is nothing to take now");
    assert!(developer.get(&page(&app)).await.body.contains("And the backup?"));
    assert_eq!(declare(&app, &mut developer, &[("kept", "A <i>model</i>")]).await.status, 303);
    assert_eq!(developer.submit("/en/home", &close, &[]).await.status, 403, "not by the company");
    assert_eq!(reviewer.submit(&page(&app), &close, &[]).await.status, 303);
    let shown = developer.get(&certificate).await.body;
    for said in ["Kim Hana", "nightly backup", "A &#60;i&#62;model", "Certificate of destruction", "2026-03-02"] {
        assert!(shown.contains(said), "{said}: {shown}");
    }
    let printed = developer.get(&format!("{certificate}.pdf")).await;
    assert_eq!((printed.status, printed.header("content-type")), (200, "application/pdf"));
    assert!(printed.body.starts_with("%PDF-1.7"));
    let declared = completed(&app, "grant.declare_destroyed").await;
    let closed = completed(&app, "grant.close").await;
    assert_eq!((declared.len(), closed.len()), (2, 1));
    let hash = closed[0].detail.as_deref().unwrap().split(' ').nth(1).unwrap().to_owned();
    assert_eq!(declared[1].detail, closed[0].detail, "what was taken is what was declared");
    assert!(hash.len() == 64 && shown.contains(&hash), "the certificate names what the ledger has: {hash}");
    assert_eq!(report(&app, &mut developer, REPORT).await.status, 409, "it is closed");
}

#[actix_web::test]
async fn a_renewal_is_filled_in_and_begins_where_its_grant_ends() {
    let app = TestApp::start().await;
    let grant = app.fixture.grant.to_string();
    let mut developer = Browser::of(&app, Role::Developer).await;
    let form = developer.get(&format!("/en/requests/new?renews={grant}")).await;
    assert_eq!(form.status, 200);
    for said in ["A study</textarea>", "name=\"renews\"", "value=\"visits.age\" checked"] {
        assert!(form.body.contains(said), "{said}: {}", form.body);
    }
    let mut fields = fields(&app, &app.fixture.reader.id);
    fields.push(("renews", grant.clone()));
    let shown = send_new(&mut developer, "/en/requests", &fields).await;
    assert_eq!(shown.status, 303, "{}", shown.body);
    let request = shown.location().split('?').next().unwrap().to_owned();
    assert!(developer.get(&page(&app)).await.body.contains(&request));
    let mut reviewer = Browser::of(&app, Role::Reviewer).await;
    assert!(reviewer.get(&request).await.body.contains(&grant), "the hospital sees what it goes on with");
    assert_eq!(reviewer.submit(&request, &format!("{request}/approve"), &TERMS).await.status, 303);
    let list = mudeung_store::grants::GrantsOf::All;
    let all = app.state().db.read("list", move |conn| mudeung_store::grants::list_grants(conn, list)).await.unwrap();
    let old = all.iter().find(|found| found.id == app.fixture.grant).unwrap();
    let new = all.iter().find(|found| found.id != app.fixture.grant).unwrap();
    assert_eq!(new.valid_from, old.valid_until);
    assert_eq!(new.valid_until.since(new.valid_from), DAY * 30);
    // What was read may stay: the old grant is over and nothing is owed for it, and it cannot be closed by itself.
    app.clock.advance(DAY * 366);
    let mut developer = Browser::of(&app, Role::Developer).await;
    let seen = developer.get(&page(&app)).await.body;
    assert!(seen.contains("Another grant goes on") && !seen.contains("Destruction to be declared"), "{seen}");
    assert_eq!(declare(&app, &mut developer, &[]).await.status, 422);
    let next = developer.get(&format!("/en/grants/{}", new.id)).await.body;
    assert!(next.contains("Declare destruction"), "{next}");
    let token = app.token(&app.fixture.reader).await;
    assert_eq!(reads(&app, &token).await, 200, "the new one opens what the old one did");
}

#[actix_web::test]
async fn attack_a_renewal_of_what_is_not_ones_own_or_of_something_else_is_refused() {
    let app = TestApp::start().await;
    let grant = app.fixture.grant.to_string();
    let email = super::isolation::outsider(&app, vec![Role::Developer, Role::Representative]).await;
    let mut stranger = Browser::with(&app, &email).await;
    assert_eq!(stranger.get(&format!("/en/requests/new?renews={grant}")).await.status, 404);
    assert_eq!(stranger.get(&page(&app)).await.status, 404);
    for form in ["certificate", "certificate.pdf"] {
        assert_eq!(stranger.get(&format!("{}/{form}", page(&app))).await.status, 404, "{form}");
    }
    let unknown = "grt_00000000000000000000000000".to_owned();
    for renews in [grant.clone(), unknown, "nonsense".to_owned()] {
        let mut fields = fields(&app, &app.fixture.stranger.id);
        fields.push(("renews", renews.clone()));
        let shown = send_new(&mut stranger, "/en/requests", &fields).await;
        assert!(shown.status == 422 && shown.body.contains("A renewal keeps"), "{renews}: {}", shown.body);
    }
    for (form, field) in [("reports", ("report", REPORT)), ("destruction", ("promise", "yes"))] {
        let shown = stranger.submit("/en/home", &format!("{}/{form}", page(&app)), &[field]).await;
        assert_eq!(shown.status, 404, "{form}");
    }
    assert!(completed(&app, "grant.report").await.is_empty());
    // Its own grant, for another of its apps.
    let mut developer = Browser::of(&app, Role::Developer).await;
    let shown = developer.submit("/en/apps", "/en/apps", &[("name", "Other")]).await;
    let other = shown.location().split('?').next().unwrap().rsplit('/').next().unwrap().to_owned();
    let mut fields = fields(&app, &other);
    fields.push(("renews", grant));
    let shown = send_new(&mut developer, "/en/requests", &fields).await;
    assert!(shown.status == 422 && shown.body.contains("A renewal keeps"), "{}", shown.body);
}

#[actix_web::test]
async fn nothing_is_reported_on_a_grant_that_is_still_held() {
    let app = TestApp::start().await;
    let mut developer = Browser::of(&app, Role::Developer).await;
    let request = file(&app, &mut developer, &app.fixture.reader.id).await;
    let mut reviewer = Browser::of(&app, Role::Reviewer).await;
    let terms = [TERMS.as_slice(), &[("condition.0", "A plan"), ("due.0", "2026-04-01")]].concat();
    let approved = reviewer.submit(&request, &format!("{request}/approve"), &terms).await;
    assert_eq!(approved.status, 303, "{}", approved.body);
    let held = developer.get(&request).await.between("/en/grants/grt_", "\"").unwrap();
    let held = format!("/en/grants/grt_{held}");
    let page = developer.get(&held).await;
    assert!(page.status == 200 && !page.body.contains("/reports\"") && !page.body.contains("/destruction\""));
    let shown = developer.submit(&held, &format!("{held}/reports"), &[("report", REPORT)]).await;
    assert!(shown.status == 422 && shown.body.contains("was never open"), "{}", shown.body);
    let shown = developer.submit(&held, &format!("{held}/destruction"), &declaration(&[])).await;
    assert!(shown.status == 422 && shown.body.contains("was never open"), "{}", shown.body);
}
