//! The `jwt-bearer` grant, with requests as delta-sharing 1.4 sends them.

use crate::app::TestApp;
use crate::app::signer::{ASSERTION_TYPE, JWT_BEARER, Keyed, Signer};
use mudeung_core::credential::KeyAlgorithm;
use reqwest::Response;
use serde_json::{Value, json};

/// What `PrivateKeyOAuthClient` signs: no `sub`, 120 seconds, `scope` and `resource` inside.
fn claims(app: &TestApp, keyed: &Keyed, scope: Option<&str>, resource: Option<&str>) -> Value {
    let mut claims = keyed.claims(app);
    let members = claims.as_object_mut().unwrap();
    members.remove("sub");
    members.insert("exp".to_owned(), json!(app.now().seconds() + 120));
    members.extend(scope.map(|scope| ("scope".to_owned(), json!(scope))));
    members.extend(resource.map(|resource| ("resource".to_owned(), json!(resource))));
    claims
}

async fn error(answer: Response) -> (u16, String) {
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    (status, body["error"].as_str().unwrap_or_default().to_owned())
}

fn invalid_grant() -> (u16, String) {
    (400, "invalid_grant".to_owned())
}

#[tokio::test]
async fn delta_sharing_gets_a_token_that_opens_data() {
    let app = TestApp::start().await;
    let keyed = Keyed::register(&app, 1, KeyAlgorithm::Rs256).await;
    let header = json!({ "alg": "RS256", "kid": "first" }).to_string();
    let claims = claims(&app, &keyed, None, None).to_string();
    let answer = app.assert_grant(&keyed.signer.raw(&header, &claims)).await;
    assert_eq!(answer.status(), 200);
    let body: Value = answer.json().await.unwrap();
    assert!(body["expires_in"].is_u64() && body.get("refresh_token").is_none());
    let token = body["access_token"].as_str().unwrap();
    assert_eq!(app.get("/v1/datasets").bearer_auth(token).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn scope_and_resource_inside_the_assertion_count_where_the_form_has_none() {
    let app = TestApp::start().await;
    let keyed = Keyed::register(&app, 1, KeyAlgorithm::Es256).await;
    let assertion = |scope, resource| keyed.signer.jwt(&claims(&app, &keyed, scope, resource));
    let answer = app.assert_grant(&assertion(Some("data.read admin.orgs"), Some(&app.url))).await;
    assert_eq!(answer.json::<Value>().await.unwrap()["scope"], "data.read");
    let answer = app.assert_grant(&assertion(None, Some("https://other.example"))).await;
    assert_eq!(error(answer).await, (400, "invalid_target".to_owned()));
    let answer = app.assert_grant(&assertion(Some("nothing"), None)).await;
    assert_eq!(error(answer).await, (400, "invalid_scope".to_owned()));
    let inside = assertion(Some("data.read"), None);
    let form = [("grant_type", JWT_BEARER), ("assertion", inside.as_str()), ("scope", "catalog.read")];
    let answer = app.post("/oauth2/token").form(&form).send().await.unwrap();
    assert_eq!(answer.json::<Value>().await.unwrap()["scope"], "catalog.read");
}

#[tokio::test]
async fn the_grant_obeys_the_rules_of_client_assertions_and_shares_their_memory() {
    let app = TestApp::start().await;
    let keyed = Keyed::register(&app, 1, KeyAlgorithm::Es256).await;
    let right = claims(&app, &keyed, None, None);
    let with = |name: &str, value: Value| {
        let mut claims = right.clone();
        claims[name] = value;
        keyed.signer.jwt(&claims)
    };
    for (name, value) in [
        ("sub", json!(app.fixture.reader.id)),
        ("iss", json!(app.fixture.reader.id)),
        ("aud", json!([app.url])),
        ("aud", json!("https://other.example")),
        ("exp", json!(app.now().seconds())),
        ("jti", json!("")),
    ] {
        assert_eq!(error(app.assert_grant(&with(name, value)).await).await, invalid_grant(), "{name}");
    }
    let forged = Signer::new("first", KeyAlgorithm::Es256).jwt(&right);
    assert_eq!(error(app.assert_grant(&forged).await).await, invalid_grant());
    assert_eq!(app.remembered().await, 0);
    let both = with("sub", json!(keyed.id));
    assert_eq!(app.assert_grant(&both).await.status(), 200, "sub may be there");
    assert_eq!(error(app.assert_grant(&both).await).await, invalid_grant(), "once");
    assert_eq!(app.assert(&both).await.status(), 401, "nor as a client assertion");
}

#[tokio::test]
async fn the_grant_stands_alone() {
    let app = TestApp::start().await;
    let keyed = Keyed::register(&app, 1, KeyAlgorithm::Es256).await;
    let client = &app.fixture.reader;
    let grant = ("grant_type", JWT_BEARER);
    let assertion = keyed.signer.jwt(&claims(&app, &keyed, None, None));
    let assertion = ("assertion", assertion.as_str());
    for form in [
        &[grant][..],
        &[grant, assertion, ("client_secret", &client.secret)],
        &[grant, assertion, ("client_assertion", "x"), ("client_assertion_type", ASSERTION_TYPE)],
        &[grant, assertion, ("client_id", &client.id)],
    ] {
        let answer = app.post("/oauth2/token").form(form).send().await.unwrap();
        assert_eq!(error(answer).await, (400, "invalid_request".to_owned()), "{form:?}");
    }
    let request = app.post("/oauth2/token").basic_auth(&client.id, Some(&client.secret));
    assert_eq!(error(request.form(&[grant, assertion]).send().await.unwrap()).await.0, 400);
    let form = [("grant_type", "client_credentials"), assertion];
    assert_eq!(error(app.post("/oauth2/token").form(&form).send().await.unwrap()).await.0, 401, "no client proof");
}
