//! Every route, every role, own and other organization: what belongs to somebody else is not there.

use super::Browser;
use crate::app::TestApp;
use mudeung_core::member::Role;
use mudeung_server::portal;
use mudeung_server::route::{Access, Recording};
use mudeung_wire::ledger::entry::Status;

/// The address of a route about what belongs to the company of the reader.
fn path(app: &TestApp, pattern: &str, request: &str) -> String {
    let fixture = &app.fixture;
    [
        ("{app}", fixture.reader_app.to_string()),
        ("{credential}", fixture.reader_credential.to_string()),
        ("{grant}", fixture.grant.to_string()),
        ("{request}", request.rsplit('/').next().unwrap().to_owned()),
        ("{condition}", "0".to_owned()),
        ("{attachment}", "1".to_owned()),
        ("{organization}", fixture.company.to_string()),
        ("{level}", "app".to_owned()),
        ("{version}", "ver_00000000000000000000000000".to_owned()),
        ("{index}", "0".to_owned()),
        ("{member}", fixture.members[0].2.to_string()),
        ("{agreement}", fixture.agreement.to_string()),
        ("{invitation}", "inv_00000000000000000000000000".to_owned()),
        ("{webhook}", "whk_00000000000000000000000000".to_owned()),
    ]
    .iter()
    .fold(pattern.to_owned(), |path, (name, value)| path.replace(name, value))
}

const ABOUT_A_COMPANY: [&str; 7] =
    ["{app}", "{credential}", "{grant}", "{request}", "{member}", "{invitation}", "{webhook}"];

#[actix_web::test]
async fn oauth_88_no_member_of_another_company_reaches_anything_by_its_identifier() {
    let app = TestApp::start().await;
    let mut developer = Browser::of(&app, Role::Developer).await;
    let request = super::requests::file(&app, &mut developer, &app.fixture.reader.id).await;
    // Whatever roles stand in the database, a company's member is a developer and nothing else.
    let email = super::isolation::outsider(&app, Role::ALL.to_vec()).await;
    let mut outsider = Browser::with(&app, &email).await;
    let token = outsider.get("/en/home").await.form_token();
    let completed = async || {
        let entries = app.entries().await;
        entries.iter().filter(|entry| entry.status == Some(Status::Completed)).count()
    };
    let before = completed().await;
    let mut tried = 0;
    for route in portal::ROUTES.iter().filter(|route| route.path.starts_with("/en")) {
        let Access::Session(_) = route.access else { continue };
        if !ABOUT_A_COMPANY.iter().any(|parameter| route.path.contains(parameter)) {
            continue;
        }
        let path = path(&app, route.path, &request);
        let fields = [
            ("form_token", token.as_str()),
            ("reason", "x"),
            ("confirm", "Reader"),
            ("label", "x"),
            ("target", "x"),
            ("networks", ""),
            ("column", "visits.age"),
            ("gib", "1"),
            ("rows", "1"),
            ("days", "1"),
            ("ballot", "for"),
            ("answer", "x"),
            ("message", "x"),
        ];
        let shown = match route.method {
            "GET" => outsider.get(&path).await,
            _ => outsider.post(&path, &fields).await,
        };
        assert!(matches!(shown.status, 403 | 404), "{} {}: {}", route.method, route.path, shown.status);
        assert!(!shown.body.contains("Reader"), "{} {}", route.method, route.path);
        tried += 1;
    }
    assert!(tried >= 10, "{tried}");
    assert_eq!(completed().await, before, "nothing was changed");
    app.token(&app.fixture.reader).await;
}

#[actix_web::test]
async fn oauth_88_each_role_of_each_side_enters_exactly_its_own_routes() {
    let app = TestApp::start().await;
    for role in Role::ALL {
        let mut browser = Browser::of(&app, role).await;
        for route in portal::ROUTES.iter().filter(|route| route.path.starts_with("/ko") && route.method == "GET") {
            let Access::Session(roles) = route.access else { continue };
            let path = path(&app, route.path, "req_00000000000000000000000000");
            let status = browser.get(&path).await.status;
            let enters = roles.is_empty() || roles.contains(&role);
            assert_eq!(status != 403, enters, "{} as {}: {status}", route.path, role.as_str());
            let recorded = matches!(route.recording, Recording::Entry);
            assert!(!recorded || !enters || status < 500, "{}", route.path);
        }
    }
}

#[tokio::test]
async fn oauth_88_one_app_reads_nothing_of_another_through_the_interface() {
    let app = TestApp::start().await;
    let owner = app.token(&app.fixture.reader).await;
    let listed = app.get("/v1/datasets").bearer_auth(&owner).send().await.unwrap();
    let receipt = listed.headers()["mudeung-receipt"].to_str().unwrap().to_owned();
    let stranger = app.token(&app.fixture.stranger).await;
    for path in [
        format!("/v1/receipts/{receipt}"),
        format!("/v1/files/{}", app.fixture.deidentified_file),
        "/v1/datasets/cohort/deidentified/tables/visits".to_owned(),
        "/v1/datasets/cohort/deidentified/tables/visits/files".to_owned(),
        "/v1/datasets/cohort/deidentified/tables/visits/rows".to_owned(),
    ] {
        assert_eq!(app.get(&path).bearer_auth(&owner).send().await.unwrap().status(), 200, "{path}");
        let answer = app.get(&path).bearer_auth(&stranger).send().await.unwrap();
        assert_eq!(answer.status(), 404, "{path}");
    }
    for path in ["/v1/grants", "/v1/usage"] {
        let body = app.get(path).bearer_auth(&stranger).send().await.unwrap().text().await.unwrap();
        assert!(!body.contains(&app.fixture.grant.to_string()) && !body.contains(&app.fixture.reader.id), "{path}");
    }
}

#[actix_web::test]
async fn oauth_87_who_asks_never_decides() {
    let app = TestApp::start().await;
    let email = super::isolation::outsider(&app, vec![Role::Developer, Role::Reviewer, Role::Admin]).await;
    let mut applicant = Browser::with(&app, &email).await;
    let page = super::requests::file(&app, &mut applicant, &app.fixture.stranger.id).await;
    let decision = [("column", "visits.age"), ("gib", "1"), ("rows", "1"), ("days", "1"), ("reason", "x")];
    for step in ["approve", "reject"] {
        let shown = applicant.submit(&page, &format!("{page}/{step}"), &decision).await;
        assert_eq!(shown.status, 403, "a reviewer of the applicant's own organization cannot {step}");
    }
    let mut reviewer = Browser::of(&app, Role::Reviewer).await;
    assert_eq!(reviewer.submit(&page, &format!("{page}/approve"), &decision).await.status, 303);
}

#[tokio::test]
async fn oauth_84_no_answer_lets_another_site_use_the_browsers_credentials() {
    let app = TestApp::start().await;
    for (method, path) in
        [("POST", "/oauth2/token"), ("GET", "/v1/datasets"), ("GET", "/en/home"), ("GET", "/.well-known/jwks.json")]
    {
        let answer = app.request(method, path).header("origin", "https://evil.example").send().await.unwrap();
        assert!(!answer.headers().contains_key("access-control-allow-credentials"), "{path}");
        let allowed = answer.headers().get("access-control-allow-origin").map(|value| value.to_str().unwrap());
        assert_ne!(allowed, Some("https://evil.example"), "{path}");
    }
}

#[actix_web::test]
async fn oauth_85_behind_tls_the_session_is_bound_to_host_and_tls() {
    let app = TestApp::start_with(|config| {
        config.http.behind_tls_proxy = true;
        config.http.public_url = "https://data.example.org".to_owned();
    })
    .await;
    let mut browser = Browser::new(&app);
    let shown = browser.sign_in("auditor@example.org", crate::app::fixture::PASSWORD, "").await;
    assert_eq!(shown.status, 303);
    let cookies: Vec<_> = shown.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
    let session = cookies.iter().find(|cookie| cookie.starts_with("__Host-mudeung-session=")).unwrap();
    for part in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/"] {
        assert!(session.contains(part), "{session}");
    }
    assert!(!session.contains("Domain"), "{session}");
    assert!(shown.header("strict-transport-security").contains("max-age="));
}
