//! The dry run says what is wrong, uses nothing up, and tells strangers nothing.

use crate::app::TestApp;
use crate::app::signer::{JWT_BEARER, Keyed, Signer};
use mudeung_core::app::AppRules;
use mudeung_core::credential::KeyAlgorithm;
use mudeung_store::apps;
use reqwest::Response;
use serde_json::{Value, json};

async fn dry_run(app: &TestApp, assertion: &str) -> Response {
    app.post("/oauth2/validate-assertion").form(&[("assertion", assertion)]).send().await.unwrap()
}

/// Status, `valid`, and the checks that failed.
async fn outcome(answer: Response) -> (u16, bool, Vec<String>) {
    let status = answer.status().as_u16();
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let body: Value = answer.json().await.unwrap();
    let checks = body["checks"].as_array().unwrap();
    for check in checks {
        assert_eq!(check["passed"], json!(check.get("problem").is_none()), "{check}");
    }
    let failed = checks.iter().filter(|check| check["passed"] == false);
    (status, body["valid"] == true, failed.map(|check| check["check"].as_str().unwrap().to_owned()).collect())
}

#[tokio::test]
async fn a_right_assertion_passes_any_number_of_dry_runs_and_still_works() {
    let app = TestApp::start().await;
    let keyed = Keyed::register(&app, 1, KeyAlgorithm::Es256).await;
    let assertion = keyed.assertion(&app);
    let before = app.entry_count().await;
    for _ in 0..3 {
        assert_eq!(outcome(dry_run(&app, &assertion).await).await, (200, true, Vec::new()));
    }
    assert_eq!((app.remembered().await, app.entry_count().await), (0, before), "nothing changed");
    assert_eq!(app.assert(&assertion).await.status(), 200);
    assert_eq!(outcome(dry_run(&app, &assertion).await).await, (200, false, vec!["jti_unused".to_owned()]));
}

#[tokio::test]
async fn every_mistake_is_named_at_once() {
    let app = TestApp::start().await;
    let keyed = Keyed::register(&app, 1, KeyAlgorithm::Es256).await;
    let mut claims = keyed.claims(&app);
    claims["aud"] = json!([app.url]);
    claims["exp"] = json!("soon");
    claims["jti"] = json!("");
    claims.as_object_mut().unwrap().remove("sub");
    let assertion = keyed.signer.jwt(&claims);
    let failed = ["sub", "aud", "exp", "jti"].map(str::to_owned).to_vec();
    assert_eq!(outcome(dry_run(&app, &assertion).await).await, (200, false, failed.clone()));
    let form = [("assertion", assertion.as_str()), ("grant_type", JWT_BEARER)];
    let answer = app.post("/oauth2/validate-assertion").form(&form).send().await.unwrap();
    assert_eq!(outcome(answer).await, (200, false, failed[1..].to_vec()), "that grant needs no sub");
    let korean = app.post("/oauth2/validate-assertion").header("accept-language", "ko");
    let body: Value = korean.form(&[("assertion", &assertion)]).send().await.unwrap().json().await.unwrap();
    assert!(body.to_string().contains("배열이 아니라"), "{body}");
}

#[tokio::test]
async fn strangers_learn_nothing_of_clients_and_their_keys() {
    let app = TestApp::start().await;
    let keyed = Keyed::register(&app, 1, KeyAlgorithm::Es256).await;
    let id = keyed.app;
    let rules = AppRules { token_endpoint_audience: true, ..AppRules::default() };
    app.change_and_see(move |conn| apps::update_app_rules(conn, id, &rules)).await;
    let used = keyed.claims(&app);
    assert_eq!(app.assert(&keyed.signer.jwt(&used)).await.status(), 200);
    let mut answers = Vec::new();
    for (name, kid, algorithm) in [
        (keyed.id.as_str(), "first", KeyAlgorithm::Es256),
        (keyed.id.as_str(), "first", KeyAlgorithm::Ed25519),
        (keyed.id.as_str(), "no such key", KeyAlgorithm::Es256),
        (app.fixture.reader.id.as_str(), "first", KeyAlgorithm::Es256),
        ("app_00000000000000000000000000", "first", KeyAlgorithm::Es256),
        ("nobody", "first", KeyAlgorithm::Rs256),
    ] {
        let mut claims = used.clone();
        claims["iss"] = json!(name);
        claims["sub"] = json!(name);
        claims["aud"] = json!(format!("{}/oauth2/token", app.url));
        let answer = dry_run(&app, &Signer::new(kid, algorithm).jwt(&claims)).await;
        assert_eq!(answer.status(), 401);
        answers.push(answer.text().await.unwrap());
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    assert!(answers[0].contains("\"invalid_client\"") && !answers[0].contains("jti_unused"), "{}", answers[0]);
    for nonsense in ["", "x", "a.b.c"] {
        let (status, valid, failed) = outcome(dry_run(&app, nonsense).await).await;
        assert_eq!((status, valid, failed), (401, false, vec!["form".to_owned()]), "{nonsense}");
    }
}

#[tokio::test]
async fn dry_runs_have_the_brakes_of_the_token_endpoint() {
    let app = TestApp::start_with(|config| {
        config.limits.tokens_per_minute = 2;
        config.limits.token_failures_per_minute = 2;
    })
    .await;
    let keyed = Keyed::register(&app, 1, KeyAlgorithm::Es256).await;
    let forged = Signer::new("first", KeyAlgorithm::Es256).jwt(&keyed.claims(&app));
    for assertion in [&forged, &keyed.assertion(&app)] {
        let mut statuses = Vec::new();
        for _ in 0..3 {
            statuses.push(dry_run(&app, assertion).await.status().as_u16());
        }
        assert_eq!((statuses[0] == statuses[1], statuses[2]), (true, 429), "{statuses:?}");
    }
}
