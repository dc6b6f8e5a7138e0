//! Attacks on the way of a request: somebody else's, another role's, fields that are not on the form, two at once, twice,
//! and scripts in every free text.

use super::Browser;
use super::board::{TERMS, reviewed, start_with_board, vote};
use super::requests::{fields, file, send_new};
use crate::app::TestApp;
use futures_util::future::join_all;
use mudeung_core::member::Role;
use mudeung_store::requests::{Filed, RequestsOf};

async fn filed(app: &TestApp, page: &str) -> Filed {
    let id = page.rsplit('/').next().unwrap().parse().unwrap();
    let find = move |conn: &mut mudeung_store::Conn| mudeung_store::requests::find_filed(conn, id);
    app.state().db.read("find", find).await.unwrap().unwrap()
}

async fn all(app: &TestApp) -> Vec<mudeung_core::request::AccessRequest> {
    let list =
        |conn: &mut mudeung_store::Conn| mudeung_store::requests::list_requests(conn, RequestsOf::Everybody, None, 100);
    app.state().db.read("list", list).await.unwrap()
}

#[actix_web::test]
async fn two_who_decide_at_once_make_one_decision() {
    let app = TestApp::start().await;
    super::board::add_member(&app, "second", vec![Role::Reviewer]).await;
    for _ in 0..5 {
        let mut developer = Browser::of(&app, Role::Developer).await;
        let page = file(&app, &mut developer, &app.fixture.reader.id).await;
        let mut deciders = Vec::new();
        for who in ["reviewer@example.org", "second@example.org"] {
            for _ in 0..3 {
                deciders.push(Browser::with(&app, who).await);
            }
        }
        let decisions = deciders.iter_mut().enumerate().map(|(number, browser)| {
            let page = page.clone();
            async move {
                match number % 2 {
                    0 => browser.submit(&page, &format!("{page}/approve"), &TERMS).await.status,
                    _ => browser.submit(&page, &format!("{page}/reject"), &[("reason", "No")]).await.status,
                }
            }
        });
        let answers = join_all(decisions).await;
        assert_eq!(answers.iter().filter(|status| **status == 303).count(), 1, "{answers:?}");
        assert!(answers.iter().all(|status| matches!(status, 303 | 409)), "{answers:?}");
        let filed = filed(&app, &page).await;
        let decided = filed.events.iter().filter(|event| event.what.as_str() == "decided").count();
        assert_eq!(decided, 1);
        let id = filed.request.id;
        let snapshot = app.state().snapshots.present();
        let grants = snapshot.grants.values().flatten().filter(|grant| grant.request == Some(id)).count();
        assert_eq!(grants, usize::from(filed.request.state.as_str() == "approved"));
    }
}

#[actix_web::test]
async fn a_form_that_is_sent_many_times_is_one_request() {
    let app = TestApp::start().await;
    let mut developer = Browser::of(&app, Role::Developer).await;
    let form = developer.get("/en/requests/new").await;
    let (token, key) = (form.form_token(), form.between("name=\"request\" value=\"", "\"").unwrap());
    let typed = fields(&app, &app.fixture.reader.id);
    let mut all_fields: Vec<(&str, &str)> = vec![("form_token", &token), ("request", &key)];
    all_fields.extend(typed.iter().map(|(name, value)| (*name, value.as_str())));
    let sent = (0..8).map(|_| {
        let request = developer.request(app.post("/en/requests").form(&all_fields));
        async move { request.send().await.unwrap().status().as_u16() }
    });
    let answers = join_all(sent).await;
    assert!(answers.iter().all(|status| matches!(status, 303 | 409)), "{answers:?}");
    assert_eq!(all(&app).await.len(), 1);
    let again = developer.post("/en/requests", &all_fields).await;
    assert_eq!(again.status, 303, "who reloads is led to the request there is");
    assert!(again.location().contains(&all(&app).await[0].id.to_string()));
    assert_eq!(all(&app).await.len(), 1);
    // An identifier of one's own making, another session's, or none.
    let other = Browser::of(&app, Role::Developer).await.get("/en/requests/new").await;
    let foreign = other.between("name=\"request\" value=\"", "\"").unwrap();
    let bare = key.split('~').next().unwrap().to_owned();
    for key in ["", "x", "~", &bare, &format!("{bare}~"), &format!("req_7zzzzzzzzzzzzzzzzzzzzzzzzz~{bare}"), &foreign] {
        all_fields[1].1 = key;
        assert_eq!(developer.post("/en/requests", &all_fields).await.status, 422, "{key}");
    }
    assert_eq!(all(&app).await.len(), 1);
}

#[actix_web::test]
async fn fields_that_are_not_on_the_form_change_nothing() {
    let app = TestApp::start().await;
    let mut developer = Browser::of(&app, Role::Developer).await;
    let planted = [
        ("state", "approved"),
        ("organization", "org_00000000000000000000000000"),
        ("author", "mem_00000000000000000000000000"),
        ("submitted_at", "0"),
        ("decided_by", "mem_00000000000000000000000000"),
        ("grant_id", "grt_00000000000000000000000000"),
        ("condition.0", "none"),
        ("id", "req_00000000000000000000000000"),
    ];
    let mut sent = fields(&app, &app.fixture.reader.id);
    sent.extend(planted.iter().map(|(name, value)| (*name, (*value).to_owned())));
    let shown = send_new(&mut developer, "/en/requests", &sent).await;
    assert_eq!(shown.status, 303);
    let page = shown.location().split('?').next().unwrap().to_owned();
    let request = filed(&app, &page).await.request;
    assert_eq!((request.state.as_str(), request.organization), ("submitted", app.fixture.company));
    let member = app.fixture.members.iter().find(|(role, _, _)| *role == Role::Developer).unwrap().2;
    assert_eq!(request.author, member);

    // Dataset and app cannot be exchanged in what was returned.
    let mut reviewer = Browser::of(&app, Role::Reviewer).await;
    reviewer.submit(&page, &format!("{page}/return"), &[("reason", "More")]).await;
    sent.retain(|(name, _)| *name != "app" && *name != "dataset");
    sent.extend([("app", app.fixture.stranger.id.clone()), ("dataset", "other".to_owned())]);
    let sent: Vec<(&str, &str)> = sent.iter().map(|(key, value)| (*key, value.as_str())).collect();
    assert_eq!(developer.submit(&page, &format!("{page}/submit"), &sent).await.status, 303);
    let after = filed(&app, &page).await.request;
    assert_eq!((after.app, after.dataset, after.organization), (request.app, request.dataset, request.organization));

    // A vote is one's own: no field votes for somebody else or for another office.
    let page = {
        let app = start_with_board("").await;
        let page = reviewed(&app).await;
        let mut reviewer = Browser::of(&app, Role::Reviewer).await;
        let other = app.fixture.members.iter().find(|(role, _, _)| *role == Role::External).unwrap().2.to_string();
        let fields = [("ballot", "for"), ("reason", "x"), ("member", &*other), ("by", &*other)];
        assert_eq!(reviewer.submit(&page, &format!("{page}/vote"), &fields).await.status, 303);
        let case = filed(&app, &page).await.case;
        let own = app.fixture.members.iter().find(|(role, _, _)| *role == Role::Reviewer).unwrap().2;
        assert_eq!(case.votes.keys().copied().collect::<Vec<_>>(), [own]);
        page
    };
    assert!(page.contains("/requests/"));
}

#[actix_web::test]
async fn no_role_outside_the_board_votes_and_no_voter_decides_alone() {
    let app = start_with_board("").await;
    let page = reviewed(&app).await;
    for role in [Role::Admin, Role::Steward, Role::Auditor, Role::Developer] {
        let mut browser = Browser::of(&app, role).await;
        for step in ["vote", "recuse"] {
            let fields = [("ballot", "for"), ("reason", "x")];
            assert_eq!(browser.submit("/en/home", &format!("{page}/{step}"), &fields).await.status, 403);
        }
    }
    let mut admin = Browser::of(&app, Role::Admin).await;
    assert_eq!(admin.submit(&page, &format!("{page}/approve"), &TERMS).await.status, 422, "an operator is no board");
    assert_eq!(vote(&app, &page, "external", "for").await.status, 303);
    assert_eq!(filed(&app, &page).await.request.state.as_str(), "in_review");
}

#[actix_web::test]
async fn scripts_in_any_free_text_are_shown_as_text() {
    const SCRIPT: &str = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>";
    let app = TestApp::start().await;
    let mut developer = Browser::of(&app, Role::Developer).await;
    let mut sent = fields(&app, &app.fixture.reader.id);
    for (name, value) in &mut sent {
        if matches!(*name, "purpose" | "ethics_reason") {
            *value = SCRIPT.to_owned();
        }
    }
    let shown = send_new(&mut developer, "/en/requests", &sent).await;
    let page = shown.location().split('?').next().unwrap().to_owned();
    let mut reviewer = Browser::of(&app, Role::Reviewer).await;
    let mut external = Browser::of(&app, Role::External).await;
    let reason = [("reason", SCRIPT), ("ballot", "for")];
    assert_eq!(reviewer.submit(&page, &format!("{page}/return"), &reason).await.status, 303);
    let edit = developer.get(&format!("{page}/edit")).await.body;
    let again: Vec<(&str, &str)> = sent.iter().map(|(key, value)| (*key, value.as_str())).collect();
    assert_eq!(developer.submit(&page, &format!("{page}/submit"), &again).await.status, 303);
    assert_eq!(reviewer.submit(&page, &format!("{page}/accept"), &[]).await.status, 303);
    assert_eq!(external.submit(&page, &format!("{page}/recuse"), &reason).await.status, 303);
    assert_eq!(
        reviewer.submit(&page, &format!("{page}/vote"), &[("ballot", "conditional"), reason[0]]).await.status,
        303
    );
    let conditions = [TERMS.as_slice(), &[("condition.0", SCRIPT), ("due.0", "2026-03-10")]].concat();
    let approved = reviewer.submit(&page, &format!("{page}/approve"), &conditions).await;
    assert_eq!(approved.status, 303, "{}", approved.body);
    let answered = developer.submit(&page, &format!("{page}/conditions/0/answer"), &[("answer", SCRIPT)]).await;
    assert_eq!(answered.status, 303);
    let pages = [
        edit,
        developer.get(&page).await.body,
        developer.get("/ko/requests").await.body,
        developer.get("/en/grants").await.body,
        reviewer.get(&page).await.body,
        reviewer.get(&format!("{page}/minutes")).await.body,
        reviewer.get("/en/home").await.body,
        Browser::of(&app, Role::Admin).await.get("/en/ledger").await.body,
    ];
    for body in &pages {
        assert!(!body.contains("<script>") && !body.contains("<img src=x") && !body.contains("onerror=alert(1)>\""));
    }
    let shown = pages.iter().filter(|body| body.contains("&#60;script&#62;") || body.contains("&lt;script&gt;"));
    assert!(shown.count() >= 5, "the texts are on the pages");
}
