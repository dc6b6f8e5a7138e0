//! Keys and metadata; each test is named after its line in the conformance list.

use crate::app::TestApp;
use crate::app::signer::{ASSERTION_TYPE, JWT_BEARER, Keyed};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mudeung_core::credential::KeyAlgorithm;
use reqwest::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use serde_json::{Value, json};

const SERVER: &str = "/.well-known/oauth-authorization-server";
const RESOURCE: &str = "/.well-known/oauth-protected-resource";
const KEYS: &str = "/.well-known/jwks.json";

async fn document(app: &TestApp, path: &str) -> Value {
    let answer = app.get(path).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    assert!(answer.headers()[CACHE_CONTROL].to_str().unwrap().contains("max-age="));
    answer.json().await.unwrap()
}

#[tokio::test]
async fn oauth_38_the_key_set_holds_public_keys_alone_and_can_be_cached() {
    let app = TestApp::start().await;
    let set = document(&app, KEYS).await;
    for key in set["keys"].as_array().unwrap() {
        let names: Vec<&String> = key.as_object().unwrap().keys().collect();
        assert_eq!(names, ["alg", "crv", "kid", "kty", "use", "x", "y"], "no private part");
        assert_eq!((&key["alg"], &key["use"]), (&json!("ES256"), &json!("sig")));
    }
    let answer = app.get(KEYS).send().await.unwrap();
    assert_eq!(answer.headers()[CONTENT_TYPE], "application/jwk-set+json");
    let tag = answer.headers()[ETAG].clone();
    let again = app.get(KEYS).header(IF_NONE_MATCH, &tag).send().await.unwrap();
    assert_eq!((again.status().as_u16(), &again.headers()[ETAG]), (304, &tag));
    let other = app.get(KEYS).header(IF_NONE_MATCH, "\"x\"").send().await.unwrap();
    assert_eq!(other.status(), 200);
}

#[tokio::test]
async fn oauth_44_the_server_describes_itself() {
    let app = TestApp::start().await;
    let url = &app.url;
    let metadata = document(&app, SERVER).await;
    assert_eq!(metadata["issuer"], json!(url));
    for (name, value) in metadata.as_object().unwrap() {
        if name.ends_with("_endpoint") || name.ends_with("_uri") {
            assert!(value.as_str().unwrap().starts_with(&format!("{url}/")), "{name}");
        }
    }
    assert_eq!(app.get("/.well-known/oauth-authorization-server/x").send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn oauth_45_what_is_promised_works_and_what_is_not_does_not() {
    let app = TestApp::start().await;
    let metadata = document(&app, SERVER).await;
    let client = &app.fixture.reader;
    let keyed = Keyed::register(&app, 200, KeyAlgorithm::Es256).await;
    let promised = metadata["token_endpoint_auth_methods_supported"].as_array().unwrap();
    let grants = metadata["grant_types_supported"].as_array().unwrap();
    // What is promised of devices is kept in `oauth_device.rs`: they need a member to confirm them.
    let known = ["client_credentials", "authorization_code", "password", "implicit"];
    for grant in known {
        for method in ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"] {
            let request = app.http.post(metadata["token_endpoint"].as_str().unwrap());
            let form = [("grant_type", grant), ("client_id", client.id.as_str())];
            let assertion = keyed.assertion(&app);
            let signed = [form[0], ("client_assertion_type", ASSERTION_TYPE), ("client_assertion", &assertion)];
            let answer = match method {
                "client_secret_basic" => request.basic_auth(&client.id, Some(&client.secret)).form(&form),
                "client_secret_post" => request.form(&[form[0], form[1], ("client_secret", &client.secret)]),
                "private_key_jwt" => request.form(&signed),
                _ => request.form(&form),
            };
            let works = answer.send().await.unwrap().status() == 200;
            let said = promised.contains(&json!(method)) && grants.contains(&json!(grant)) && method != "none";
            assert_eq!(works, said, "{grant} with {method}");
        }
    }
    let works = app.assert_grant(&keyed.assertion(&app)).await.status() == 200;
    assert_eq!(works, grants.contains(&json!(JWT_BEARER)));
    let promised = &metadata["dpop_signing_alg_values_supported"];
    for algorithm in crate::oauth_dpop::ALGORITHMS {
        let said = promised.as_array().unwrap().contains(&json!(algorithm));
        assert_eq!(crate::oauth_dpop::works(&app, algorithm).await, said, "{algorithm}");
    }
    assert_eq!(&document(&app, RESOURCE).await["dpop_signing_alg_values_supported"], promised);
    let all = [&client.clone(), &app.fixture.hospital_account];
    let mut scopes: Vec<String> = Vec::new();
    for client in all {
        let answer: Value = app.ask_token(client, None).await.json().await.unwrap();
        scopes.extend(answer["scope"].as_str().unwrap().split(' ').map(str::to_owned));
    }
    assert_eq!(metadata["scopes_supported"], json!(scopes));
}

#[tokio::test]
async fn oauth_46_the_resource_describes_itself() {
    let app = TestApp::start().await;
    let metadata = document(&app, RESOURCE).await;
    assert_eq!(metadata["resource"], json!(app.url));
    assert_eq!(metadata["authorization_servers"], json!([app.url]));
    assert_eq!(metadata["bearer_methods_supported"], json!(["header"]));
    assert_eq!(metadata["scopes_supported"], document(&app, SERVER).await["scopes_supported"]);
    let dataset = document(&app, &format!("{RESOURCE}/v1/datasets/cohort")).await;
    assert_eq!(dataset["resource"], json!(format!("{}/v1/datasets/cohort", app.url)));
    assert_eq!(app.get(&format!("{RESOURCE}/v1/datasets/nothing")).send().await.unwrap().status(), 404);
    assert_eq!(app.get(&format!("{RESOURCE}/v1/usage")).send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn oauth_47_every_promised_algorithm_proves_a_client_and_no_other_does() {
    let app = TestApp::start().await;
    let metadata = document(&app, SERVER).await;
    let promised = metadata["token_endpoint_auth_signing_alg_values_supported"].as_array().unwrap();
    let mut keys = Vec::new();
    for (seed, algorithm) in KeyAlgorithm::ALL.into_iter().enumerate() {
        keys.push(Keyed::register(&app, u8::try_from(seed).unwrap() + 1, algorithm).await);
    }
    let names = ["ES256", "ES384", "ES512", "ES256K", "PS256", "PS384", "RS256", "RS384", "RS512"];
    for name in names.into_iter().chain(["Ed25519", "EdDSA", "HS256", "none"]) {
        let mut works = false;
        for keyed in &keys {
            let mut header = keyed.signer.header();
            header["alg"] = json!(name);
            let assertion = keyed.signer.raw(&header.to_string(), &keyed.claims(&app).to_string());
            works |= app.assert(&assertion).await.status() == 200;
        }
        assert_eq!(works, promised.contains(&json!(name)), "{name}");
    }
}

/// RFC 8414 wants lists without elements left out.
#[tokio::test]
async fn oauth_47_nothing_is_said_of_what_there_is_not() {
    let app = TestApp::start().await;
    let metadata = document(&app, SERVER).await;
    assert!(metadata.get("authorization_endpoint").is_none());
    let answer = app.post("/oauth2/authorize").form(&[("token", "x")]).send().await.unwrap();
    assert_eq!(answer.status(), 404);
}

/// A token request with these resources.
async fn ask_for(app: &TestApp, resources: &[&str]) -> reqwest::Response {
    let client = &app.fixture.reader;
    let mut form = vec![("grant_type", "client_credentials")];
    form.extend(resources.iter().map(|resource| ("resource", *resource)));
    app.post("/oauth2/token").basic_auth(&client.id, Some(&client.secret)).form(&form).send().await.unwrap()
}

#[tokio::test]
async fn oauth_52_a_token_is_for_the_one_resource_that_was_asked_for() {
    let app = TestApp::start().await;
    let cohort = format!("{}/v1/datasets/cohort", app.url);
    for (resource, audience) in
        [(app.url.as_str(), app.url.as_str()), (&format!("{}/", app.url), &app.url), (&cohort, &cohort)]
    {
        let answer = ask_for(&app, &[resource]).await;
        assert_eq!(answer.status(), 200, "{resource}");
        let answer: Value = answer.json().await.unwrap();
        let part = answer["access_token"].as_str().unwrap().split('.').nth(1).unwrap().to_owned();
        let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
        assert_eq!(claims["aud"], json!(audience));
    }
    assert_eq!(ask_for(&app, &[&cohort, &cohort]).await.status(), 200, "the same twice is one");
    for wrong in [
        vec!["https://other.example"],
        vec!["cohort"],
        vec![&format!("{cohort}#x")],
        vec![&format!("{}/v1/datasets/nothing", app.url)],
        vec![&format!("{}/v1/usage", app.url)],
        vec![&cohort, &app.url],
    ] {
        let refused = ask_for(&app, &wrong).await;
        assert_eq!(refused.status(), 400, "{wrong:?}");
        assert_eq!(refused.json::<Value>().await.unwrap()["error"], "invalid_target", "{wrong:?}");
    }
}

#[tokio::test]
async fn oauth_53_a_token_for_one_dataset_opens_that_dataset_alone() {
    let app = TestApp::start().await;
    let answer: Value = ask_for(&app, &[&format!("{}/v1/datasets/cohort", app.url)]).await.json().await.unwrap();
    let token = answer["access_token"].as_str().unwrap();
    for (path, status) in [
        ("/v1/datasets/cohort", 200),
        ("/v1/datasets/cohort/synthetic/tables/visits/rows?limit=1", 200),
        ("/v1/datasets", 401),
        ("/v1/datasets/other", 401),
        ("/v1/usage", 401),
        ("/v1/grants", 401),
    ] {
        assert_eq!(app.get(path).bearer_auth(token).send().await.unwrap().status(), status, "{path}");
    }
}

#[tokio::test]
async fn oauth_37_a_token_for_data_ends_with_the_first_grant_that_does() {
    let app = TestApp::start().await;
    let expires_in = async |scope: &str| -> Value {
        let answer: Value = app.ask_token(&app.fixture.reader, Some(scope)).await.json().await.unwrap();
        answer["expires_in"].clone()
    };
    assert_eq!(expires_in("data.read").await, json!(1_200));
    app.clock.advance(std::time::Duration::from_secs(365 * 86_400 - 100));
    assert_eq!(expires_in("data.read").await, json!(100));
    assert_eq!(expires_in("query.run").await, json!(100));
    assert_eq!(expires_in("synthetic.read").await, json!(1_200), "synthetic data needs no grant");
    app.clock.advance(std::time::Duration::from_secs(100));
    assert_eq!(
        expires_in("data.read").await,
        json!(1_200),
        "without a grant the token opens nothing, and ends with nothing"
    );
    let admin: Value = app.ask_token(&app.fixture.hospital_account, None).await.json().await.unwrap();
    assert_eq!(admin["expires_in"], json!(300));
}
