//! Registration of apps by programs against RFC 7591 and RFC 7592; each test is named after its line in the conformance
//! list.

use crate::app::{Client, TestApp};
use crate::portal::Browser;
use mudeung_core::member::{MemberState, Role};
use mudeung_core::organization::OrganizationState;
use mudeung_store::{members, organizations};
use mudeung_wire::ledger::entry::{Kind, Status};
use reqwest::Response;
use serde_json::{Value, json};
use std::time::Duration;

const TOKENS: &str = "/en/registration-tokens";
const REGISTER: &str = "/oauth2/register";

/// A registration token that a developer of the company made.
async fn token(app: &TestApp, uses: &str) -> String {
    let mut browser = Browser::of(app, Role::Developer).await;
    let shown = browser.submit(TOKENS, TOKENS, &[("label", "ci"), ("uses", uses), ("days", "1")]).await;
    assert_eq!((shown.status, shown.header("cache-control")), (200, "no-store"), "{}", shown.body);
    let token = shown.between("<code class=\"secret\">", "</code>").unwrap();
    assert!(!browser.get(TOKENS).await.body.contains(&token), "it is shown once");
    token
}

async fn register(app: &TestApp, token: &str, metadata: &Value) -> Response {
    app.post(REGISTER).bearer_auth(token).json(metadata).send().await.unwrap()
}

async fn registered(app: &TestApp) -> Value {
    let token = token(app, "1").await;
    let answer = register(app, &token, &json!({ "client_name": "Risk model" })).await;
    assert_eq!(answer.status(), 201);
    answer.json().await.unwrap()
}

async fn ask(app: &TestApp, method: &str, client: &Value, token: &str, body: Option<Value>) -> Response {
    let uri = client["registration_client_uri"].as_str().unwrap();
    let request = app.request(method, uri.strip_prefix(&app.url).unwrap()).bearer_auth(token);
    body.map_or(request.try_clone().unwrap(), |body| request.json(&body)).send().await.unwrap()
}

/// Status and `error` of a refusal.
async fn refusal(answer: Response) -> String {
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    format!("{status} {}", body["error"].as_str().unwrap())
}

fn text<'v>(client: &'v Value, name: &str) -> &'v str {
    client[name].as_str().unwrap()
}

#[actix_web::test]
async fn oauth_66_a_program_registers_an_app_with_a_token_of_its_company() {
    let app = TestApp::start().await;
    let token = token(&app, "2").await;
    let metadata = json!({ "client_name": "위험도", "scope": "catalog.read synthetic.read admin.orgs" });
    let answer = register(&app, &token, &metadata).await;
    assert_eq!((answer.status().as_u16(), &answer.headers()["cache-control"]), (201, &"no-store".parse().unwrap()));
    let client: Value = answer.json().await.unwrap();
    let now = app.now().seconds();
    assert_eq!(client["client_id_issued_at"], json!(now));
    assert_eq!(client["client_secret_expires_at"], json!(now + 90 * 86_400));
    assert_eq!(client["scope"], "catalog.read synthetic.read", "only what the portal would give");
    let works = Client { id: text(&client, "client_id").to_owned(), secret: text(&client, "client_secret").to_owned() };
    let access = app.token(&works).await;
    assert_eq!(app.get("/v1/datasets").bearer_auth(&access).send().await.unwrap().status(), 200);
    let mut browser = Browser::of(&app, Role::Developer).await;
    assert!(browser.get("/ko/apps").await.body.contains("위험도"), "it appears like any other");
    let entries = app.entries().await;
    let of = |kind| entries.iter().filter(move |e| e.operation == "client.register" && e.kind == kind);
    assert_eq!((of(Kind::Intent).count(), of(Kind::Outcome).count()), (1, 1));
    assert!(of(Kind::Intent).all(|e| e.member.is_some() && e.organization == Some(app.fixture.company.to_string())));
}

#[actix_web::test]
async fn oauth_66_without_a_token_that_allows_it_nothing_is_registered() {
    let app = TestApp::start().await;
    let metadata = json!({ "client_name": "a" });
    let none = app.post(REGISTER).json(&metadata).send().await.unwrap();
    assert!(none.headers()["www-authenticate"].to_str().unwrap().starts_with("Bearer "));
    assert_eq!(refusal(none).await, "401 invalid_token");
    let access = app.token(&app.fixture.reader).await;
    for wrong in ["mdg_wrong", "x y", &access] {
        assert_eq!(refusal(register(&app, wrong, &metadata).await).await, "401 invalid_token", "{wrong}");
    }
    // A refused registration uses nothing up; a successful one does.
    let once = token(&app, "1").await;
    assert_eq!(refusal(register(&app, &once, &json!({})).await).await, "400 invalid_client_metadata");
    assert_eq!(register(&app, &once, &metadata).await.status(), 201);
    assert_eq!(refusal(register(&app, &once, &metadata).await).await, "401 invalid_token");
    let old = token(&app, "5").await;
    app.clock.advance(Duration::from_secs(86_400));
    assert_eq!(refusal(register(&app, &old, &metadata).await).await, "401 invalid_token");
}

#[actix_web::test]
async fn oauth_66_one_use_is_one_app_however_many_ask_at_once() {
    let app = TestApp::start().await;
    let token = token(&app, "1").await;
    let metadata = json!({ "client_name": "a" });
    let asked = (0..6).map(|_| register(&app, &token, &metadata));
    let statuses: Vec<u16> =
        futures_util::future::join_all(asked).await.iter().map(|answer| answer.status().as_u16()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 201 | 401)), "{statuses:?}");
}

#[actix_web::test]
async fn oauth_66_a_token_ends_with_its_revocation_its_member_and_its_company() {
    for end in ["token", "member", "company"] {
        let app = TestApp::start().await;
        let token = token(&app, "5").await;
        let (now, member, company) = (app.now(), app.fixture.members[0].2, app.fixture.company);
        match end {
            "token" => {
                let mut browser = Browser::of(&app, Role::Developer).await;
                let id = browser.get(TOKENS).await.between("/registration-tokens/", "/revoke").unwrap();
                assert_eq!(browser.submit(TOKENS, &format!("{TOKENS}/{id}/revoke"), &[]).await.status, 303);
            }
            "member" => {
                let disabled = MemberState::Disabled { disabled_at: now };
                app.change_and_see(move |conn| members::update_member_state(conn, member, disabled)).await;
            }
            _ => {
                let suspended = OrganizationState::Active.suspend(now).unwrap();
                app.change_and_see(move |conn| organizations::update_organization_state(conn, company, suspended))
                    .await;
            }
        }
        let answer = register(&app, &token, &json!({ "client_name": "a" })).await;
        assert_eq!(refusal(answer).await, "401 invalid_token", "{end}");
    }
}

#[actix_web::test]
async fn oauth_66_tokens_are_bounded_and_only_for_developers() {
    let app = TestApp::start().await;
    for _ in 0..10 {
        token(&app, "1").await;
    }
    let mut browser = Browser::of(&app, Role::Developer).await;
    let form = [("label", "one more"), ("uses", "1")];
    assert_eq!(browser.submit(TOKENS, TOKENS, &form).await.status, 422);
    for wrong in [[("label", ""), ("uses", "1")], [("label", "a"), ("uses", "21")], [("label", "a"), ("uses", "0")]] {
        assert_eq!(browser.submit(TOKENS, TOKENS, &wrong).await.status, 422);
    }
    app.clock.advance(Duration::from_secs(86_400));
    token(&app, "1").await;
    let mut admin = Browser::of(&app, Role::Admin).await;
    assert_eq!(admin.get(TOKENS).await.status, 403);
}

#[actix_web::test]
async fn oauth_67_redirect_addresses_mean_nothing_and_are_passed_over() {
    let app = TestApp::start().await;
    let token = token(&app, "1").await;
    let metadata = json!({ "client_name": "a", "redirect_uris": ["https://x.example/"], "logo_uri": "javascript:1" });
    let answer: Value = register(&app, &token, &metadata).await.json().await.unwrap();
    assert!(answer.get("redirect_uris").is_none() && answer.get("logo_uri").is_none());
}

#[actix_web::test]
async fn oauth_68_a_registration_is_read_without_its_secret_changed_and_deleted() {
    let app = TestApp::start().await;
    let client = registered(&app).await;
    let first = text(&client, "registration_access_token");
    let shown: Value = ask(&app, "GET", &client, first, None).await.json().await.unwrap();
    assert!(shown.get("client_secret").is_none(), "{shown}");
    assert_eq!(shown["client_name"], "Risk model");

    let metadata = json!({ "client_id": client["client_id"], "client_name": "Other", "scope": "catalog.read" });
    let changed: Value = ask(&app, "PUT", &client, first, Some(metadata.clone())).await.json().await.unwrap();
    let second = text(&changed, "registration_access_token");
    assert_ne!(first, second);
    assert_eq!((&changed["client_name"], &changed["scope"]), (&json!("Other"), &json!("catalog.read")));
    assert!(changed.get("client_secret").is_none());
    assert_eq!(refusal(ask(&app, "GET", &client, first, None).await).await, "401 invalid_token", "it was rotated");
    for wrong in [
        json!({ "client_id": app.fixture.reader.id, "client_name": "a" }),
        json!({ "client_name": "a" }),
        json!({ "client_id": client["client_id"], "client_name": "a", "client_secret": "chosen" }),
        json!({ "client_id": client["client_id"], "client_name": "a", "scope": "admin.orgs" }),
    ] {
        let answer = ask(&app, "PUT", &client, second, Some(wrong.clone())).await;
        assert_eq!(refusal(answer).await, "400 invalid_client_metadata", "{wrong}");
    }
    let works = Client { id: text(&client, "client_id").to_owned(), secret: text(&client, "client_secret").to_owned() };
    let access = app.token(&works).await;
    assert_eq!(ask(&app, "DELETE", &client, second, None).await.status(), 204);
    assert_eq!(app.get("/v1/datasets").bearer_auth(&access).send().await.unwrap().status(), 401);
    assert_eq!(refusal(ask(&app, "GET", &client, second, None).await).await, "401 invalid_token");
    let entries = app.entries().await;
    for operation in ["client.update", "client.delete"] {
        let of = |kind| entries.iter().filter(move |e| e.operation == operation && e.kind == kind);
        assert_eq!((of(Kind::Intent).count(), of(Kind::Outcome).count()), (1, 1), "{operation}");
        assert!(of(Kind::Outcome).all(|entry| entry.status == Some(Status::Completed)));
    }
}

#[actix_web::test]
async fn oauth_68_the_address_of_another_client_is_refused_like_one_that_is_not_there() {
    let app = TestApp::start().await;
    let (client, other) = (registered(&app).await, registered(&app).await);
    let token = text(&client, "registration_access_token");
    let mut answers = Vec::new();
    for id in [text(&other, "client_id"), &app.fixture.reader.id, "app_00000000000000000000000000", "x"] {
        for method in ["GET", "PUT", "DELETE"] {
            let request = app.request(method, &format!("{REGISTER}/{id}")).bearer_auth(token);
            let answer = request.json(&json!({ "client_id": id, "client_name": "a" })).send().await.unwrap();
            let challenge = answer.headers()["www-authenticate"].to_str().unwrap().to_owned();
            answers.push((answer.status().as_u16(), challenge, answer.text().await.unwrap()));
        }
    }
    assert_eq!(answers[0].0, 401);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

#[actix_web::test]
async fn oauth_69_metadata_that_could_deceive_is_refused() {
    let app = TestApp::start().await;
    let token = token(&app, "1").await;
    for wrong in [
        json!({ "client_name": "<script>alert(1)</script>" }),
        json!({ "client_name": "a\u{202e}b" }),
        json!({ "client_name": "x".repeat(61) }),
        json!({ "client_name": "a", "jwks_uri": "http://169.254.169.254/" }),
        json!({ "client_name": "a", "token_endpoint_auth_method": "none" }),
    ] {
        assert_eq!(refusal(register(&app, &token, &wrong).await).await, "400 invalid_client_metadata", "{wrong}");
    }
    let statement = json!({ "client_name": "a", "software_statement": "x.y.z" });
    assert_eq!(refusal(register(&app, &token, &statement).await).await, "400 unapproved_software_statement");
    let form = app.post(REGISTER).bearer_auth(&token).form(&[("client_name", "a")]).send().await.unwrap();
    assert_eq!(refusal(form).await, "400 invalid_request");
}

#[actix_web::test]
async fn oauth_68_no_registration_token_is_stored_or_recorded() {
    let app = TestApp::start().await;
    let (unused, client) = (token(&app, "1").await, registered(&app).await);
    app.entries().await;
    let secrets =
        [unused, text(&client, "registration_access_token").to_owned(), text(&client, "client_secret").to_owned()];
    let folder = app.stop().await;
    for file in crate::app::files_below(folder.path()) {
        let bytes = std::fs::read(&file).unwrap();
        for secret in &secrets {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{secret} stands in {}", file.display());
        }
    }
}
