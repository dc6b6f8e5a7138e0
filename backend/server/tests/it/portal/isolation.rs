//! Who sees what: companies apart from each other, roles apart from each other.

use super::Browser;
use crate::app::TestApp;
use crate::app::fixture::PASSWORD;
use mudeung_core::id::MemberId;
use mudeung_core::member::{Member, MemberState, Role};
use mudeung_core::secret::Secret;
use mudeung_server::portal;
use mudeung_server::route::Access;

/// Adds a developer of the other company.
pub(crate) async fn outsider(app: &TestApp, roles: Vec<Role>) -> String {
    let state = app.state();
    let stranger = app.fixture.stranger.id.parse().unwrap();
    let organization = state.snapshots.present().apps[&stranger].organization;
    let member = Member {
        id: MemberId::generate(&*app.clock, &*state.entropy),
        organization,
        email: "outsider@example.org".to_owned(),
        name: "Outsider".to_owned(),
        roles,
        state: MemberState::Active,
        created_at: app.now(),
    };
    let hash = portal::password::hash(&Secret::new(PASSWORD.to_owned()), &*state.entropy).unwrap();
    app.change_and_see(move |conn| mudeung_store::members::insert_member(conn, &member, &hash)).await;
    "outsider@example.org".to_owned()
}

#[actix_web::test]
async fn a_company_sees_and_changes_nothing_of_another() {
    let app = TestApp::start().await;
    let email = outsider(&app, vec![Role::Developer]).await;
    let mut browser = Browser::with(&app, &email).await;
    let (reader, credential, grant) = (app.fixture.reader_app, app.fixture.reader_credential, app.fixture.grant);
    for list in ["/en/apps", "/en/grants", "/en/usage", "/en/requests"] {
        let shown = browser.get(list).await;
        assert_eq!(shown.status, 200, "{list}");
        assert!(!shown.body.contains(&reader.to_string()) && !shown.body.contains(&grant.to_string()), "{list}");
        assert!(!shown.body.contains("Reader"), "{list}");
    }
    let page = format!("/en/apps/{reader}");
    assert_eq!(browser.get(&page).await.status, 404);
    for path in
        [format!("{page}/revoke"), format!("{page}/credentials"), format!("{page}/credentials/{credential}/revoke")]
    {
        let shown = browser.submit("/en/apps", &path, &[("confirm", "Reader"), ("label", "x")]).await;
        assert_eq!(shown.status, 404, "{path}");
    }
    // Its own app as the way to another's credential does not work either.
    let own = format!("/en/apps/{}/credentials/{credential}/revoke", app.fixture.stranger.id);
    assert_eq!(browser.submit("/en/apps", &own, &[]).await.status, 404);
    app.token(&app.fixture.reader).await;
}

#[actix_web::test]
async fn an_access_request_of_another_company_is_not_there() {
    let app = TestApp::start().await;
    let mut developer = Browser::of(&app, Role::Developer).await;
    let request = super::requests::file(&app, &mut developer, &app.fixture.reader.id).await;
    let email = outsider(&app, vec![Role::Developer]).await;
    let mut browser = Browser::with(&app, &email).await;
    assert_eq!(browser.get(&request).await.status, 404);
    assert_eq!(browser.submit("/en/apps", &format!("{request}/withdraw"), &[]).await.status, 404);
    // An app of another company cannot be put into a request.
    let form = super::requests::fields(&app, &app.fixture.reader.id);
    let shown = super::requests::send_new(&mut browser, "/en/requests", &form).await;
    assert!(shown.status == 422 && shown.body.contains("This app cannot be used"), "{}", shown.body);
}

#[actix_web::test]
async fn hospital_roles_of_a_company_member_open_nothing() {
    let app = TestApp::start().await;
    let email = outsider(&app, vec![Role::Admin, Role::Auditor, Role::Reviewer, Role::Steward]).await;
    let mut browser = Browser::with(&app, &email).await;
    for path in ["/en/ledger", "/en/organizations", "/en/releases", "/en/apps"] {
        assert_eq!(browser.get(path).await.status, 403, "{path}");
    }
}

/// Each role against each route: what the table says is what happens.
#[actix_web::test]
async fn every_page_opens_to_the_roles_of_the_table_alone() {
    let app = TestApp::start().await;
    let routes = portal::ROUTES.iter().filter(|route| route.path.starts_with("/en"));
    let routes: Vec<_> = routes.filter(|route| !route.path.ends_with("/sign-out")).collect();
    let nobody = "app_01234567890123456789012345";
    for role in Role::ALL {
        let mut browser = Browser::of(&app, role).await;
        let token = browser.get("/en/home").await.form_token();
        for route in &routes {
            let Access::Session(roles) = route.access else { continue };
            let parts = route.path.split('/').map(|part| if part.starts_with('{') { nobody } else { part });
            let path = parts.collect::<Vec<_>>().join("/");
            let shown = match route.method {
                "GET" => browser.get(&path).await,
                _ => browser.post(&path, &[("form_token", &token), ("reason", "x"), ("confirm", "x")]).await,
            };
            let may_enter = roles.is_empty() || roles.contains(&role);
            assert_eq!(shown.status != 403, may_enter, "{} {} as {}", route.method, route.path, role.as_str());
            assert!(shown.status < 500, "{} {}", route.method, route.path);
        }
    }
}

#[actix_web::test]
async fn nobody_enters_a_members_page_without_signing_in() {
    let app = TestApp::start().await;
    let mut browser = Browser::new(&app);
    let before = app.entry_count().await;
    for route in portal::ROUTES {
        let Access::Session(_) = route.access else { continue };
        let path = route.path.replace(['{', '}'], "");
        let shown = match route.method {
            "GET" => browser.get(&path).await,
            _ => browser.post(&path, &[]).await,
        };
        let to_sign_in = shown.status == 303 && shown.location().contains("/sign-in?next=");
        assert!(to_sign_in || shown.status == 403, "{} {} {}", route.method, path, shown.status);
    }
    assert_eq!(app.entry_count().await, before);
}
