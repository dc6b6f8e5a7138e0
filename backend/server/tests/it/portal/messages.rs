//! Messages on a request: both sides read them, the hospital's remarks stay with the hospital, and there is an end to both.

use super::Browser;
use super::board::TERMS;
use super::requests::file;
use crate::app::TestApp;
use mudeung_core::member::Role;
use mudeung_core::request::case::MESSAGES_MAX;
use mudeung_core::request::event::{Actor, Happening};
use mudeung_wire::ledger::entry::Kind;

const SECRET: &str = "Between us: the company is late with its invoice";

#[actix_web::test]
async fn both_sides_read_what_they_write_to_each_other_and_who_waits_stays_as_it_is() {
    let app = TestApp::start().await;
    let mut developer = Browser::of(&app, Role::Developer).await;
    let page = file(&app, &mut developer, &app.fixture.reader.id).await;
    let mut reviewer = Browser::of(&app, Role::Reviewer).await;
    let script = [("message", "Which day?\n<script>alert(1)</script>")];
    let (message, reply) = (format!("{page}/message"), format!("{page}/reply"));
    let before = reviewer.get("/en/home").await.between("<table>", "</table>");
    assert_eq!(developer.submit(&page, &message, &script).await.status, 303);
    assert_eq!(reviewer.submit(&page, &reply, &[("message", "On Monday")]).await.status, 303);
    for body in [developer.get(&page).await.body, reviewer.get(&page).await.body] {
        assert!(body.contains("Which day?") && body.contains("On Monday"), "{body}");
        assert!(!body.contains("<script") && body.contains("&#60;script&#62;"), "{body}");
    }
    let told = developer.get(&page).await.body;
    assert!(!told.contains("</strong> reviewer <"), "no names of the hospital's people: {told}");
    assert_eq!(reviewer.get("/en/home").await.between("<table>", "</table>"), before);
    let entries = app.entries().await;
    for operation in ["request.message", "request.reply"] {
        let of = |kind| entries.iter().filter(|it| it.operation == operation && it.kind == kind).count();
        assert_eq!((of(Kind::Intent), of(Kind::Outcome)), (1, 1), "{operation}");
    }
    let told = entries.iter().filter_map(|entry| entry.detail.as_ref()).any(|text| text.contains("Monday"));
    assert!(!told, "the ledger keeps no text");
    let too_long = "x".repeat(2_001);
    for bad in ["", "  ", "a\u{202e}b", "a\0b", &too_long] {
        assert_eq!(developer.submit(&page, &message, &[("message", bad)]).await.status, 422, "{bad:?}");
        assert_eq!(reviewer.submit(&page, &reply, &[("message", bad)]).await.status, 422, "{bad:?}");
    }
}

#[actix_web::test]
async fn no_page_of_the_company_has_a_remark_of_the_hospital() {
    let app = TestApp::start().await;
    let mut developer = Browser::of(&app, Role::Developer).await;
    let page = file(&app, &mut developer, &app.fixture.reader.id).await;
    for role in [Role::Steward, Role::Reviewer, Role::External, Role::Auditor, Role::Admin] {
        let mut browser = Browser::of(&app, role).await;
        let remark = browser.submit(&page, &format!("{page}/remark"), &[("message", SECRET)]).await;
        assert_eq!(remark.status, 303, "{}", role.as_str());
        assert!(browser.get(&page).await.body.contains(SECRET), "{}", role.as_str());
    }
    let mut reviewer = Browser::of(&app, Role::Reviewer).await;
    assert_eq!(reviewer.submit(&page, &format!("{page}/return"), &[("reason", "More")]).await.status, 303);
    let pages = ["/home", "/requests", "/grants", "/usage", "/apps"];
    let mut paths: Vec<String> = pages.iter().flat_map(|path| ["/en", "/ko"].map(|it| format!("{it}{path}"))).collect();
    paths.extend([page.clone(), page.replace("/en/", "/ko/"), format!("{page}/edit")]);
    for path in &paths {
        let shown = developer.get(path).await;
        assert_eq!(shown.status, 200, "{path}");
        assert!(!shown.body.contains("Between us") && !shown.body.contains("id=\"remarks\""), "{path}");
    }
    for (from, to) in [("remark", 403), ("reply", 403)] {
        let shown = developer.submit(&page, &format!("{page}/{from}"), &[("message", "x")]).await;
        assert_eq!(shown.status, to, "{from}");
        assert!(!shown.body.contains("Between us"), "{from}");
    }
}

#[actix_web::test]
async fn messages_end_with_the_request_and_at_their_limit() {
    let app = TestApp::start().await;
    let mut developer = Browser::of(&app, Role::Developer).await;
    let page = file(&app, &mut developer, &app.fixture.reader.id).await;
    let id = page.rsplit('/').next().unwrap().parse().unwrap();
    let author = app.fixture.members.iter().find(|(role, _, _)| *role == Role::Developer).unwrap().2;
    let now = app.now();
    app.change(move |conn| {
        for _ in 0..MESSAGES_MAX {
            let what = Happening::Asked { text: "Again".to_owned() };
            mudeung_store::requests::append_event(conn, id, now, Actor::Member(author), what)?;
        }
        Ok(())
    })
    .await;
    let message = [("message", "One more")];
    let shown = developer.submit(&page, &format!("{page}/message"), &message).await;
    assert!(shown.status == 422 && shown.body.contains("no more than 200"), "{}", shown.body);
    let mut reviewer = Browser::of(&app, Role::Reviewer).await;
    assert_eq!(reviewer.submit(&page, &format!("{page}/remark"), &message).await.status, 303);
    assert_eq!(reviewer.submit(&page, &format!("{page}/approve"), &TERMS).await.status, 303, "there is room to decide");
    for (browser, form) in [(&mut developer, "message"), (&mut reviewer, "remark")] {
        assert_eq!(browser.submit("/en/home", &format!("{page}/{form}"), &message).await.status, 409, "{form}");
    }
}
