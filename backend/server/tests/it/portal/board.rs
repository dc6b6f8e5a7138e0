//! A board of five with two from outside: quorum, recusal, votes that change, and what they say.

use super::{Browser, Shown};
use crate::app::TestApp;
use crate::app::fixture::PASSWORD;
use mudeung_core::id::MemberId;
use mudeung_core::member::{Member, MemberState, Role};
use mudeung_core::secret::Secret;
use mudeung_server::portal;

/// A server whose board must have five members, two of them external, and offices as they are said.
pub(super) async fn start_with_board(sign_offs: &str) -> TestApp {
    let text = format!("sign_offs = {sign_offs:?}");
    let app = TestApp::start_with(|config| config.review = toml::from_str(&text).unwrap()).await;
    for number in 0..4 {
        let role = if number < 3 { Role::Reviewer } else { Role::External };
        add_member(&app, &format!("seat{number}"), vec![role]).await;
    }
    app
}

/// Adds a member of the hospital; gives the address.
pub(super) async fn add_member(app: &TestApp, name: &str, roles: Vec<Role>) -> String {
    let state = app.state();
    let member = Member {
        id: MemberId::generate(&*app.clock, &*state.entropy),
        organization: app.fixture.hospital,
        email: format!("{name}@example.org"),
        name: format!("Member {name}"),
        roles,
        state: MemberState::Active,
        created_at: app.now(),
    };
    let email = member.email.clone();
    let hash = portal::password::hash(&Secret::new(PASSWORD.to_owned()), &*state.entropy).unwrap();
    app.change_and_see(move |conn| mudeung_store::members::insert_member(conn, &member, &hash)).await;
    email
}

/// What an approval opens.
pub(super) const TERMS: [(&str, &str); 4] = [("column", "visits.age"), ("gib", "1"), ("rows", "1,000"), ("days", "30")];

/// The members of the board: three from inside beside `reviewer`, and two from outside.
pub(super) const SEATS: [&str; 6] = ["reviewer", "seat0", "seat1", "seat2", "seat3", "external"];

/// Signs in as a member of the board and votes.
pub(super) async fn vote(app: &TestApp, page: &str, who: &str, ballot: &str) -> Shown {
    let mut browser = Browser::with(app, &format!("{who}@example.org")).await;
    let fields = [("ballot", ballot), ("reason", "I have read it")];
    browser.submit(page, &format!("{page}/vote"), &fields).await
}

/// Files a request and finds it complete; gives its page.
pub(super) async fn reviewed(app: &TestApp) -> String {
    let mut developer = Browser::of(app, Role::Developer).await;
    let page = super::requests::file(app, &mut developer, &app.fixture.reader.id).await;
    let mut reviewer = Browser::of(app, Role::Reviewer).await;
    assert_eq!(reviewer.submit(&page, &format!("{page}/accept"), &[]).await.status, 303);
    page
}

#[actix_web::test]
async fn five_votes_with_two_from_outside_approve_and_four_do_not() {
    let app = start_with_board("").await;
    let page = reviewed(&app).await;
    let mut reviewer = Browser::of(&app, Role::Reviewer).await;
    let approve = format!("{page}/approve");
    for who in &SEATS[..4] {
        assert_eq!(vote(&app, &page, who, "for").await.status, 303, "{who}");
        let early = reviewer.submit(&page, &approve, &TERMS).await;
        assert_eq!(early.status, 422, "{who}");
        assert!(early.body.contains("Too few members have voted"), "{}", early.body);
    }
    assert_eq!(vote(&app, &page, "seat3", "for").await.status, 303);
    let early = reviewer.submit(&page, &approve, &TERMS).await;
    assert!(early.status == 422 && early.body.contains("Too few external members"), "{}", early.body);
    assert_eq!(vote(&app, &page, "external", "abstain").await.status, 303, "who abstains is present");
    let shown = reviewer.get(&page).await.body;
    assert!(shown.contains("6 / 6") && shown.contains("Member seat3"), "{shown}");
    let wrong = reviewer.submit(&page, &format!("{page}/reject"), &[("reason", "I disagree")]).await;
    assert!(wrong.status == 422 && wrong.body.contains("The votes say: approve"), "nobody decides against the votes");
    assert_eq!(reviewer.submit(&page, &approve, &TERMS).await.status, 303);
    let entries = app.entries().await;
    let votes = entries.iter().filter(|entry| entry.operation == "request.vote").count();
    assert_eq!(votes, 12, "INTENT and OUTCOME of each vote");
    assert!(vote(&app, &page, "seat0", "against").await.status == 409, "it is decided");
    let minutes = reviewer.get(&format!("{page}/minutes")).await;
    assert_eq!(minutes.status, 200, "{}", minutes.body);
    assert!(minutes.body.contains("Member seat3") && minutes.body.contains("I have read it"));
    let printed = reviewer.get(&format!("{page}/minutes.pdf")).await;
    assert_eq!((printed.status, printed.header("content-type")), (200, "application/pdf"), "{}", printed.body);
    let name = format!("attachment; filename=\"minutes-{}.pdf\"", page.rsplit('/').next().unwrap());
    assert_eq!(printed.header("content-disposition"), name);
    assert!(printed.body.starts_with("%PDF-1.7"));
}

#[actix_web::test]
async fn a_recused_member_counts_neither_for_the_quorum_nor_as_a_vote() {
    let app = start_with_board("").await;
    let page = reviewed(&app).await;
    for who in &SEATS[..5] {
        vote(&app, &page, who, "for").await;
    }
    vote(&app, &page, "external", "for").await;
    let mut external = Browser::of(&app, Role::External).await;
    let recuse = format!("{page}/recuse");
    let interest = [("reason", "I own shares of the company")];
    assert_eq!(external.submit(&page, &recuse, &interest).await.status, 303);
    assert_eq!(external.submit("/en/home", &recuse, &interest).await.status, 409, "once");
    assert_eq!(vote(&app, &page, "external", "for").await.status, 409, "and for good");
    let mut reviewer = Browser::of(&app, Role::Reviewer).await;
    let shown = reviewer.get(&page).await.body;
    assert!(shown.contains("5 / 5") && shown.contains("I own shares of the company"), "{shown}");
    let stopped = reviewer.submit(&page, &format!("{page}/approve"), &TERMS).await;
    assert!(stopped.status == 422 && stopped.body.contains("too small for its quorum"), "{}", stopped.body);
    add_member(&app, "another", vec![Role::External]).await;
    vote(&app, &page, "another", "for").await;
    assert_eq!(reviewer.submit(&page, &format!("{page}/approve"), &TERMS).await.status, 303);
}

#[actix_web::test]
async fn the_last_vote_counts_and_a_tie_rejects() {
    let app = start_with_board("").await;
    let page = reviewed(&app).await;
    for (who, ballot) in SEATS.iter().zip(["for", "for", "for", "for", "against", "against"]) {
        assert_eq!(vote(&app, &page, who, ballot).await.status, 303);
    }
    let mut reviewer = Browser::of(&app, Role::Reviewer).await;
    assert!(reviewer.get(&page).await.body.contains("<strong>Approve</strong>"));
    assert_eq!(vote(&app, &page, "seat0", "against").await.status, 303);
    assert!(reviewer.get(&page).await.body.contains("<strong>Reject</strong>"), "a tie is no approval");
    assert_eq!(reviewer.submit(&page, &format!("{page}/approve"), &TERMS).await.status, 422);
    let rejected = reviewer.submit(&page, &format!("{page}/reject"), &[("reason", "Too broad")]).await;
    assert_eq!(rejected.status, 303);
    let mut developer = Browser::of(&app, Role::Developer).await;
    let told = developer.get(&page).await.body;
    assert!(told.contains("Too broad") && !told.contains("I have read it"), "what the board said stays with the board");
    assert!(!told.contains("Member seat0") && !told.contains("id=\"board\""), "{told}");
    for form in ["minutes", "minutes.pdf"] {
        assert_eq!(developer.get(&format!("{page}/{form}")).await.status, 403, "{form}");
    }
}

#[actix_web::test]
async fn a_board_that_is_too_small_says_what_it_needs() {
    let app = TestApp::start_with(|config| config.review = toml::from_str("").unwrap()).await;
    let page = reviewed(&app).await;
    let mut reviewer = Browser::of(&app, Role::Reviewer).await;
    let shown = reviewer.get(&page).await.body;
    assert!(shown.contains("too small for its quorum") && shown.contains("needed 5"), "{shown}");
    assert_eq!(reviewer.submit(&page, &format!("{page}/approve"), &TERMS).await.status, 422);
}

#[actix_web::test]
async fn an_approval_waits_for_the_offices_that_the_hospital_names() {
    let app = start_with_board("any(steward, auditor)").await;
    let page = reviewed(&app).await;
    for who in SEATS {
        vote(&app, &page, who, "for").await;
    }
    let mut reviewer = Browser::of(&app, Role::Reviewer).await;
    let waiting = reviewer.submit(&page, &format!("{page}/approve"), &TERMS).await;
    assert!(waiting.status == 422 && waiting.body.contains("The opinion of an office is missing"));
    let opinion = [("office", "auditor"), ("reason", "The columns fit the purpose")];
    let mut steward = Browser::of(&app, Role::Steward).await;
    let other = steward.submit(&page, &format!("{page}/sign-off"), &opinion).await;
    assert_eq!(other.status, 422, "a steward speaks for no auditor");
    let mut auditor = Browser::of(&app, Role::Auditor).await;
    assert!(auditor.get("/en/home").await.body.contains("Give your office"), "it waits on them");
    assert_eq!(auditor.submit(&page, &format!("{page}/sign-off"), &opinion).await.status, 303);
    assert!(!steward.get("/en/home").await.body.contains("Give your office"), "one opinion is enough");
    assert_eq!(reviewer.submit(&page, &format!("{page}/approve"), &TERMS).await.status, 303);
}

#[actix_web::test]
async fn who_votes_from_outside_sees_requests_and_nothing_else_of_the_companies() {
    let app = start_with_board("").await;
    let page = reviewed(&app).await;
    let mut external = Browser::of(&app, Role::External).await;
    assert!(external.get("/en/home").await.body.contains(&page), "it waits on them");
    assert_eq!(external.get(&page).await.status, 200);
    for list in ["/en/grants", "/en/usage", "/en/invoices"] {
        let shown = external.get(list).await;
        assert_eq!(shown.status, 200, "{list}");
        assert!(!shown.body.contains("Reader") && !shown.body.contains(&app.fixture.grant.to_string()), "{list}");
    }
    for path in ["/en/apps", "/en/ledger", "/en/organizations", "/en/budgets"] {
        assert_eq!(external.get(path).await.status, 403, "{path}");
    }
    for step in ["accept", "return", "approve", "reject", "sign-off"] {
        assert_eq!(external.submit(&page, &format!("{page}/{step}"), &[("reason", "x")]).await.status, 403, "{step}");
    }
}
