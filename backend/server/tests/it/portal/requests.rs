//! The way of an access request: filed, decided, and effective in the data plane.

use super::{Browser, Shown};
use crate::app::{Client, TestApp};
use mudeung_core::member::Role;
use mudeung_wire::ledger::entry::Kind;

const PURPOSE: &str = "Validate a model of readmission on a public cohort.";
const TABLE: &str = "/v1/datasets/cohort/deidentified/tables/visits";

/// How the data is used, as the form says it.
pub(super) const USE: [(&str, &str); 9] = [
    ("study", "methods"),
    ("for_profit", "yes"),
    ("commercial", "yes"),
    ("legal", "research"),
    ("publishes", "no"),
    ("collaborates", "no"),
    ("returns", "no"),
    ("genetic", "no"),
    ("place", "korea"),
];

/// The fields of a request for an app.
pub(super) fn fields(app: &TestApp, client_id: &str) -> Vec<(&'static str, String)> {
    let mut fields = vec![
        ("dataset", "cohort".to_owned()),
        ("app", client_id.to_owned()),
        ("purpose", PURPOSE.to_owned()),
        ("ethics", "exempt".to_owned()),
        ("ethics_reason", "Nothing can be traced to a person".to_owned()),
        ("agreement", app.fixture.agreement.to_string()),
        ("accept", "yes".to_owned()),
    ];
    fields.extend(USE.map(|(name, value)| (name, value.to_owned())));
    fields
}

/// Sends the form for a new request, with the identifier that the form carries.
pub(super) async fn send_new(browser: &mut Browser<'_>, to: &str, fields: &[(&'static str, String)]) -> Shown {
    let form = browser.get("/en/requests/new").await;
    let key = form.between("name=\"request\" value=\"", "\"").unwrap();
    let token = form.form_token();
    let mut all: Vec<(&str, &str)> = vec![("form_token", &token), ("request", &key)];
    all.extend(fields.iter().map(|(key, value)| (*key, value.as_str())));
    browser.post(to, &all).await
}

/// Files a request; gives its page.
pub(super) async fn file(app: &TestApp, browser: &mut Browser<'_>, client_id: &str) -> String {
    file_with(browser, &fields(app, client_id)).await
}

/// Files a request with these fields; gives its page.
pub(super) async fn file_with(browser: &mut Browser<'_>, fields: &[(&'static str, String)]) -> String {
    let shown = send_new(browser, "/en/requests", fields).await;
    assert_eq!(shown.status, 303, "{}", shown.body);
    shown.location().split('?').next().unwrap().to_owned()
}

async fn new_client(browser: &mut Browser<'_>) -> Client {
    let shown = browser.submit("/en/apps", "/en/apps", &[("name", "Fresh")]).await;
    let page = shown.location().split('?').next().unwrap().to_owned();
    let shown = browser.submit(&page, &format!("{page}/credentials"), &[("label", "one")]).await;
    let secret = shown.between("<code class=\"secret\">", "</code>").unwrap();
    Client { id: page.rsplit('/').next().unwrap().to_owned(), secret }
}

#[actix_web::test]
async fn an_approved_request_opens_the_chosen_columns_and_nothing_else() {
    let app = TestApp::start().await;
    let mut developer = Browser::of(&app, Role::Developer).await;
    let client = new_client(&mut developer).await;
    let token = app.token(&client).await;
    assert_eq!(app.get(TABLE).bearer_auth(&token).send().await.unwrap().status(), 404);

    let page = file(&app, &mut developer, &client.id).await;
    let mut reviewer = Browser::of(&app, Role::Reviewer).await;
    assert!(reviewer.get("/en/home").await.body.contains("Access requests to review"));
    let decision = [
        ("column", "visits.age"),
        ("column", "visits.no_such_column"),
        ("rows.visits", "age >= 18"),
        ("gib", "1"),
        ("rows", "1,000"),
        ("days", "30"),
    ];
    let shown = reviewer.submit(&page, &format!("{page}/approve"), &decision).await;
    assert_eq!(shown.status, 303, "{}", shown.body);

    let described: serde_json::Value = app.get(TABLE).bearer_auth(&token).send().await.unwrap().json().await.unwrap();
    let columns: Vec<&str> =
        described["columns"].as_array().unwrap().iter().map(|column| column["name"].as_str().unwrap()).collect();
    assert_eq!((columns, described["row_filter"].as_str()), (vec!["age"], Some("\"age\" >= 18")));
    let grants = developer.get("/en/grants").await.body;
    assert!(grants.contains("&#34;age&#34; &#62;= 18"), "{grants}");

    let again = reviewer.submit(&page, &format!("{page}/approve"), &decision).await;
    assert_eq!(again.status, 409);
    let entries = app.entries().await;
    let of = |operation: &'static str, kind| entries.iter().filter(move |e| e.operation == operation && e.kind == kind);
    assert_eq!((of("request.submit", Kind::Intent).count(), of("request.submit", Kind::Outcome).count()), (1, 1));
    assert_eq!((of("request.decide", Kind::Intent).count(), of("request.decide", Kind::Outcome).count()), (2, 2));
}

#[actix_web::test]
async fn a_decision_that_makes_no_sense_is_told_and_opens_nothing() {
    let app = TestApp::start().await;
    let mut developer = Browser::of(&app, Role::Developer).await;
    let page = file(&app, &mut developer, &app.fixture.reader.id).await;
    let mut reviewer = Browser::of(&app, Role::Reviewer).await;
    let good = [("column", "visits.age"), ("gib", "1"), ("rows", "1"), ("days", "1")];
    let but = |name: &'static str, value: &'static str| {
        good.map(|(key, old)| if key == name { (key, value) } else { (key, old) })
    };
    for bad in
        [but("column", "visits.nothing"), but("gib", "0"), but("gib", "x"), but("rows", "-1"), but("days", "9999")]
    {
        assert_eq!(reviewer.submit(&page, &format!("{page}/approve"), &bad).await.status, 422, "{bad:?}");
    }
    for filter in ["age >=", "nothing = 1"] {
        let bad = [good.as_slice(), &[("rows.visits", filter)]].concat();
        assert_eq!(reviewer.submit(&page, &format!("{page}/approve"), &bad).await.status, 422, "{filter}");
    }
    assert!(reviewer.get(&page).await.body.contains("Waiting for review"));
}

#[actix_web::test]
async fn a_rejected_request_says_why_and_a_withdrawn_one_cannot_be_decided() {
    let app = TestApp::start().await;
    let mut developer = Browser::of(&app, Role::Developer).await;
    let mut reviewer = Browser::of(&app, Role::Reviewer).await;
    let page = file(&app, &mut developer, &app.fixture.reader.id).await;
    let rejected = reviewer.submit(&page, &format!("{page}/reject"), &[("reason", "Too broad a purpose")]).await;
    assert_eq!(rejected.status, 303);
    assert!(developer.get(&page).await.body.contains("Too broad a purpose"));

    let page = file(&app, &mut developer, &app.fixture.reader.id).await;
    assert_eq!(developer.submit(&page, &format!("{page}/withdraw"), &[]).await.status, 303);
    let late = reviewer.submit("/en/home", &format!("{page}/reject"), &[("reason", "Late")]).await;
    assert_eq!(late.status, 409);
}

#[actix_web::test]
async fn a_request_needs_a_signature_a_purpose_an_ethics_committee_and_a_published_dataset() {
    let app = TestApp::start().await;
    let mut developer = Browser::of(&app, Role::Developer).await;
    for (name, value) in [
        ("accept", ""),
        ("agreement", "x"),
        ("purpose", "short"),
        ("dataset", "nothing"),
        ("app", "x"),
        ("ethics", ""),
        ("ethics", "approved"),
        ("ethics", "follows"),
        ("ethics_reason", ""),
        ("study", ""),
        ("study", "disease"),
        ("commercial", "maybe"),
        ("place", ""),
    ] {
        let mut fields = fields(&app, &app.fixture.reader.id);
        fields.iter_mut().filter(|(key, _)| *key == name).for_each(|field| field.1 = value.to_owned());
        let shown = send_new(&mut developer, "/en/requests", &fields).await;
        assert_eq!(shown.status, 422, "{name}={value}");
        assert!(shown.body.contains("role=\"alert\""), "{name}");
    }
    assert!(!developer.get("/en/requests").await.body.contains("/en/requests/req_"));
}
