//! `private_key_jwt` against RFC 7523 and RFC 8725; each test is named after its line in the conformance list.

use crate::app::TestApp;
use crate::app::signer::{ASSERTION_TYPE, Keyed, Signer};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use mudeung_core::app::{AppRules, AppState};
use mudeung_core::credential::KeyAlgorithm;
use mudeung_store::{apps, credentials};
use mudeung_wire::ledger::entry::Status;
use reqwest::Response;
use serde_json::{Value, json};
use sha2::Sha256;
use std::time::Duration;

const UNIFORM: &str = "Unknown client_id, or a secret or assertion that is wrong, expired or revoked, or an app that is \
                       not active.";

/// Status, `error` and `error_description`.
async fn outcome(answer: Response) -> (u16, String, String) {
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    (status, text("error"), text("error_description"))
}

async fn assert_uniform(app: &TestApp, assertion: &str, what: &str) {
    let expected = (401, "invalid_client".to_owned(), UNIFORM.to_owned());
    assert_eq!(outcome(app.assert(assertion).await).await, expected, "{what}");
}

/// Refused with a text that says what to mend, because the client did sign it.
async fn assert_told(app: &TestApp, assertion: &str, hint: &str) {
    let (status, error, description) = outcome(app.assert(assertion).await).await;
    assert_eq!((status, error.as_str()), (401, "invalid_client"), "{hint}");
    assert!(description.contains(hint), "{description} lacks {hint}");
}

fn with(mut object: Value, name: &str, value: Value) -> Value {
    object[name] = value;
    object
}

fn without(mut object: Value, name: &str) -> Value {
    object.as_object_mut().unwrap().remove(name);
    object
}

#[tokio::test]
async fn oauth_18_every_algorithm_works_with_its_own_key_and_with_no_other() {
    let app = TestApp::start().await;
    for (seed, algorithm) in KeyAlgorithm::ALL.into_iter().enumerate() {
        let keyed = Keyed::register(&app, u8::try_from(seed).unwrap() + 1, algorithm).await;
        let answer = app.assert(&keyed.assertion(&app)).await;
        assert_eq!(answer.status(), 200, "{algorithm:?}");
        let body: Value = answer.json().await.unwrap();
        assert_eq!((&body["token_type"], body["expires_in"].as_u64()), (&json!("Bearer"), Some(1_200)));
        let names = KeyAlgorithm::ALL.map(KeyAlgorithm::as_str);
        for other in names.into_iter().chain(["none", "None", "HS256", "HS512", "RS512", "ES256K", ""]) {
            if other != algorithm.as_str() {
                let header = with(keyed.signer.header(), "alg", json!(other)).to_string();
                let assertion = keyed.signer.raw(&header, &keyed.claims(&app).to_string());
                assert_uniform(&app, &assertion, &format!("{other} with a key for {algorithm:?}")).await;
            }
        }
    }
    let keyed = Keyed::register(&app, 50, KeyAlgorithm::Ed25519).await;
    let header = with(keyed.signer.header(), "alg", json!("EdDSA")).to_string();
    let older = keyed.signer.raw(&header, &keyed.claims(&app).to_string());
    assert_eq!(app.assert(&older).await.status(), 200, "the older name of Ed25519");
    let unsigned = keyed.assertion(&app);
    let unsigned = unsigned.rsplit_once('.').unwrap().0;
    assert_uniform(&app, &format!("{unsigned}."), "without a signature").await;
}

#[tokio::test]
async fn oauth_19_a_public_key_is_no_shared_secret() {
    let app = TestApp::start().await;
    for (seed, algorithm) in [(1, KeyAlgorithm::Rs256), (2, KeyAlgorithm::Es256)] {
        let keyed = Keyed::register(&app, seed, algorithm).await;
        let jwk = keyed.signer.jwk();
        let bytes = |name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap_or_default()).unwrap();
        for secret in [jwk.to_string().into_bytes(), bytes("n"), bytes("x"), Vec::new()] {
            let header = json!({ "alg": "HS256", "kid": "first" }).to_string();
            let claims = keyed.claims(&app).to_string();
            let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
            let mut mac = Hmac::<Sha256>::new_from_slice(&secret).unwrap();
            mac.update(message.as_bytes());
            let forged = format!("{message}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()));
            assert_uniform(&app, &forged, "HMAC under the public key").await;
        }
    }
}

#[tokio::test]
async fn oauth_20_kid_chooses_among_the_clients_own_keys() {
    let app = TestApp::start().await;
    let keyed = Keyed::register(&app, 1, KeyAlgorithm::Es256).await;
    let other = Keyed::register(&app, 2, KeyAlgorithm::Es256).await;
    let claims = || keyed.claims(&app).to_string();
    let without_kid = json!({ "alg": "ES256" }).to_string();
    let answer = app.assert(&keyed.signer.raw(&without_kid, &claims())).await;
    assert_eq!(answer.status(), 200, "the only key needs no name");
    let stolen = other.signer.jwt(&keyed.claims(&app));
    assert_uniform(&app, &stolen, "signed with another client's key of the same name").await;
    for kid in ["../../etc/passwd", "' OR 1=1 --", "http://169.254.169.254/", "FIRST", "first\u{0}", ""] {
        let header = with(keyed.signer.header(), "kid", json!(kid)).to_string();
        assert_uniform(&app, &keyed.signer.raw(&header, &claims()), kid).await;
    }
    for kid in [json!(1), json!(null), json!(["first"])] {
        let header = with(keyed.signer.header(), "kid", kid).to_string();
        assert_uniform(&app, &keyed.signer.raw(&header, &claims()), "a kid that is no text").await;
    }
    let second = Signer::new("second", KeyAlgorithm::Es256);
    let credential = second.credential(keyed.app, 9);
    app.change_and_see(move |conn| credentials::insert_credential(conn, &credential)).await;
    assert_uniform(&app, &keyed.signer.raw(&without_kid, &claims()), "two keys fit, so one must be named").await;
    assert_eq!(app.assert(&second.jwt(&keyed.claims(&app))).await.status(), 200);
    assert_eq!(app.assert(&keyed.assertion(&app)).await.status(), 200);
}

#[tokio::test]
async fn oauth_21_the_header_brings_no_key_and_no_rules() {
    let app = TestApp::start().await;
    let keyed = Keyed::register(&app, 1, KeyAlgorithm::Es256).await;
    let attacker = Signer::new("first", KeyAlgorithm::Es256);
    // Somebody listens where the header points: nobody must come.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let there = format!("http://{}/keys", listener.local_addr().unwrap());
    for (member, value) in [
        ("jwk", attacker.jwk()),
        ("jku", json!(there)),
        ("x5u", json!(there)),
        ("x5c", json!(["MIIB"])),
        ("crit", json!(["exp"])),
        ("b64", json!(false)),
    ] {
        let header = with(attacker.header(), member, value.clone()).to_string();
        assert_uniform(&app, &attacker.raw(&header, &keyed.claims(&app).to_string()), member).await;
        let header = with(keyed.signer.header(), member, value).to_string();
        assert_told(&app, &keyed.signer.raw(&header, &keyed.claims(&app).to_string()), "Only registered keys").await;
    }
    let came = tokio::time::timeout(Duration::from_millis(100), listener.accept()).await;
    assert!(came.is_err(), "an address in a header was fetched");
}

#[tokio::test]
async fn oauth_22_iss_and_sub_are_the_client_id() {
    let app = TestApp::start().await;
    let keyed = Keyed::register(&app, 1, KeyAlgorithm::Es256).await;
    let stranger = json!(app.fixture.stranger.id);
    for value in [stranger, json!([keyed.id]), json!(null), json!(1), json!(""), json!(keyed.id.to_uppercase())] {
        let assertion = keyed.signer.jwt(&with(keyed.claims(&app), "sub", value.clone()));
        assert_told(&app, &assertion, "sub must be the client_id").await;
        let assertion = keyed.signer.jwt(&with(keyed.claims(&app), "iss", value.clone()));
        assert_uniform(&app, &assertion, &format!("iss is {value}")).await;
    }
    assert_told(&app, &keyed.signer.jwt(&without(keyed.claims(&app), "sub")), "sub must be").await;
    assert_uniform(&app, &keyed.signer.jwt(&without(keyed.claims(&app), "iss")), "no iss").await;
}

#[tokio::test]
async fn oauth_23_and_30_the_audience_is_the_issuer_and_nothing_else() {
    let app = TestApp::start().await;
    let keyed = Keyed::register(&app, 1, KeyAlgorithm::Es256).await;
    let endpoint = format!("{}/oauth2/token", app.url);
    let aud = |value: Value| keyed.signer.jwt(&with(keyed.claims(&app), "aud", value));
    for value in [json!([app.url]), json!([app.url, "https://evil.example"]), json!([])] {
        assert_told(&app, &aud(value), "not an array").await;
    }
    assert_told(&app, &aud(json!(endpoint)), "aud is the token endpoint").await;
    for value in [json!("https://other.example"), json!(format!("{}/", app.url)), json!(null), json!({})] {
        assert_told(&app, &aud(value), "exactly the issuer").await;
    }
    for header in ["host", "x-forwarded-host", "forwarded"] {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", &aud(json!("http://evil.example"))),
        ];
        let request = app.post("/oauth2/token").header(header, "evil.example");
        assert_eq!(outcome(request.form(&form).send().await.unwrap()).await.0, 401, "{header} says nothing");
    }
    assert_eq!(app.remembered().await, 0);
    let id = keyed.app;
    let rules = AppRules { token_endpoint_audience: true, ..AppRules::default() };
    app.change_and_see(move |conn| apps::update_app_rules(conn, id, &rules)).await;
    assert_eq!(app.assert(&aud(json!(endpoint))).await.status(), 200);
    assert_eq!(app.assert(&aud(json!(app.url))).await.status(), 200, "the issuer is right all the same");
    assert_told(&app, &aud(json!([endpoint])), "not an array").await;
}

#[tokio::test]
async fn oauth_24_exp_is_required_ahead_and_not_too_far() {
    let app = TestApp::start().await;
    let keyed = Keyed::register(&app, 1, KeyAlgorithm::Es256).await;
    let now = app.now().seconds();
    let exp = |value: Value| keyed.signer.jwt(&with(keyed.claims(&app), "exp", value));
    assert_told(&app, &keyed.signer.jwt(&without(keyed.claims(&app), "exp")), "exp is missing").await;
    for (value, hint) in [
        (json!(now), "exp has passed"),
        (json!(0), "exp has passed"),
        (json!(now + 3_601), "too far ahead"),
        (json!(-5), "must be a number"),
        (json!(1e300), "must be a number"),
        (json!((now + 60).to_string()), "must be a number"),
        (json!(null), "must be a number"),
        (json!(u64::MAX), "must be a number"),
    ] {
        assert_told(&app, &exp(value), hint).await;
    }
    for number in ["1e400", "-1e400", "99999999999999999999999999", "NaN", "0x10"] {
        let right = format!("\"exp\":{}", now + 60);
        let claims = keyed.claims(&app).to_string().replace(&right, &format!("\"exp\":{number}"));
        let answer = app.assert(&keyed.signer.raw(&keyed.signer.header().to_string(), &claims)).await;
        assert_eq!(answer.status(), 401, "{number}");
    }
    // The cap counts from now, not from an iat that the client chooses.
    let early = with(with(keyed.claims(&app), "iat", json!(now - 86_400)), "exp", json!(now + 3_601));
    assert_told(&app, &keyed.signer.jwt(&early), "too far ahead").await;
    for value in [json!(now + 1), json!(now + 3_600), json!(1_772_409_660.5)] {
        assert_eq!(app.assert(&exp(value.clone())).await.status(), 200, "{value}");
    }
}

#[tokio::test]
async fn oauth_24_the_cap_can_be_stricter() {
    let app = TestApp::start_with(|config| config.tokens.assertion_seconds_max = 300).await;
    let keyed = Keyed::register(&app, 1, KeyAlgorithm::Es256).await;
    let exp = |seconds: i64| keyed.signer.jwt(&with(keyed.claims(&app), "exp", json!(app.now().seconds() + seconds)));
    assert_told(&app, &exp(301), "too far ahead").await;
    assert_eq!(app.assert(&exp(300)).await.status(), 200);
}

#[tokio::test]
async fn oauth_25_iat_and_nbf_may_be_a_minute_ahead() {
    let app = TestApp::start().await;
    let keyed = Keyed::register(&app, 1, KeyAlgorithm::Es256).await;
    let now = app.now().seconds();
    for claim in ["iat", "nbf"] {
        let at = |value: Value| keyed.signer.jwt(&with(keyed.claims(&app), claim, value));
        assert_eq!(app.assert(&at(json!(now + 60))).await.status(), 200);
        assert_told(&app, &at(json!(now + 61)), "lies in the future").await;
        assert_told(&app, &at(json!("yesterday")), "no number").await;
    }
    let neither = without(keyed.claims(&app), "iat");
    assert_eq!(app.assert(&keyed.signer.jwt(&neither)).await.status(), 200);
}

#[tokio::test]
async fn oauth_28_what_is_not_proved_uses_up_no_jti() {
    let app = TestApp::start().await;
    let keyed = Keyed::register(&app, 1, KeyAlgorithm::Es256).await;
    let attacker = Signer::new("first", KeyAlgorithm::Es256);
    let claims = keyed.claims(&app);
    assert_uniform(&app, &attacker.jwt(&claims), "a forged assertion with the victim's jti").await;
    assert_told(&app, &keyed.signer.jwt(&with(claims.clone(), "aud", json!("https://other.example"))), "issuer").await;
    assert_told(&app, &keyed.signer.jwt(&with(claims.clone(), "exp", json!(1))), "exp has passed").await;
    assert_eq!(app.remembered().await, 0, "failures leave no row");
    assert_eq!(app.assert(&keyed.signer.jwt(&claims)).await.status(), 200, "the jti is still good");
    assert_eq!(app.remembered().await, 1);
}

#[tokio::test]
async fn oauth_31_only_one_spelling_of_an_assertion_is_understood() {
    let app = TestApp::start().await;
    let keyed = Keyed::register(&app, 1, KeyAlgorithm::Es256).await;
    let header = keyed.signer.header().to_string();
    let claims = keyed.claims(&app).to_string();
    let twice = claims.replacen('{', &format!("{{\"iss\":\"{}\",", app.fixture.stranger.id), 1);
    assert_uniform(&app, &keyed.signer.raw(&header, &twice), "a claim stands twice").await;
    let twice = header.replacen('{', "{\"alg\":\"none\",", 1);
    assert_uniform(&app, &keyed.signer.raw(&twice, &claims), "alg stands twice").await;
    let nested = claims.replacen('{', "{\"x\":{\"a\":1,\"a\":2},", 1);
    assert_uniform(&app, &keyed.signer.raw(&header, &nested), "a name stands twice inside").await;
    assert_uniform(&app, &keyed.signer.raw(&header, &format!("{claims}x")), "something follows the claims").await;
    assert_uniform(&app, &keyed.signer.raw(&header, "[]"), "claims that are no object").await;
    let good = keyed.signer.raw(&header, &claims);
    let parts: Vec<&str> = good.split('.').collect();
    for (what, other) in [
        ("padding", format!("{good}==")),
        ("a line break", format!("{good}\n")),
        ("a fourth part", format!("{good}.")),
        ("five parts", format!("{good}.x.y")),
        ("another alphabet", good.replace(['-', '_'], "+")),
        ("trailing bits", format!("{}.{}.{}", parts[0], parts[1], respelled(parts[2]))),
        ("trailing bytes", format!("{}.{}.{}AAAA", parts[0], parts[1], parts[2])),
    ] {
        if other != good {
            assert_uniform(&app, &other, what).await;
        }
    }
    assert_uniform(&app, &"x".repeat(20_000), "far too long").await;
    assert_eq!(app.assert(&good).await.status(), 200);
}

/// The same bytes of base64url, with a last letter that differs only in bits that count for nothing.
fn respelled(text: &str) -> String {
    let (head, last) = text.split_at(text.len() - 1);
    let next = |letter: u8| char::from(letter + 1).to_string();
    format!("{head}{}", next(last.as_bytes()[0]))
}

#[tokio::test]
async fn oauth_32_an_assertion_is_no_access_token_and_the_other_way_round() {
    let app = TestApp::start().await;
    let keyed = Keyed::register(&app, 1, KeyAlgorithm::Es256).await;
    for kind in ["JWT", "jwt", "client-authentication+jwt", "application/client-authentication+jwt"] {
        let header = with(keyed.signer.header(), "typ", json!(kind)).to_string();
        let answer = app.assert(&keyed.signer.raw(&header, &keyed.claims(&app).to_string())).await;
        assert_eq!(answer.status(), 200, "{kind}");
    }
    let header = without(keyed.signer.header(), "typ").to_string();
    let answer = app.assert(&keyed.signer.raw(&header, &keyed.claims(&app).to_string())).await;
    assert_eq!(answer.status(), 200, "without typ");
    for kind in [json!("at+jwt"), json!("dpop+jwt"), json!("JWE"), json!(1), json!("")] {
        let header = with(keyed.signer.header(), "typ", kind).to_string();
        assert_told(&app, &keyed.signer.raw(&header, &keyed.claims(&app).to_string()), "typ must be").await;
    }
    let body: Value = app.assert(&keyed.assertion(&app)).await.json().await.unwrap();
    let token = body["access_token"].as_str().unwrap();
    assert_uniform(&app, token, "an access token as an assertion").await;
    let as_token = app.get("/v1/datasets").bearer_auth(keyed.assertion(&app)).send().await.unwrap();
    assert_eq!(as_token.status(), 401, "an assertion as an access token");
    assert_eq!(app.get("/v1/datasets").bearer_auth(token).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn oauth_10_and_14_who_is_not_proved_learns_nothing_and_the_registered_method_is_enforced() {
    let app = TestApp::start().await;
    let keyed = Keyed::register(&app, 1, KeyAlgorithm::Es256).await;
    let claims = keyed.claims(&app);
    let unknown = with(with(claims.clone(), "iss", json!("app_00000000000000000000000000")), "sub", json!("x"));
    assert_uniform(&app, &keyed.signer.jwt(&unknown), "an unknown client").await;
    let reader = json!(app.fixture.reader.id);
    let by_secret = with(with(claims.clone(), "iss", reader.clone()), "sub", reader);
    assert_uniform(&app, &keyed.signer.jwt(&by_secret), "a client without keys").await;
    // A key of an app that is registered for secrets proves nothing, and a secret of one registered for keys neither.
    let key = keyed.signer.credential(app.fixture.reader_app, 8);
    app.change_and_see(move |conn| credentials::insert_credential(conn, &key)).await;
    assert_uniform(&app, &keyed.signer.jwt(&by_secret), "a client that is registered for secrets").await;
    let secret = mudeung_server::oauth::secrets::mint(&mudeung_core::clock::CountingEntropy::starting_at(1 << 30));
    let id = mudeung_core::id::CredentialId::from_bytes([7; 16]);
    let credential = crate::app::fixture::new_credential(&app.state().keys, keyed.app, &secret, id);
    app.change_and_see(move |conn| credentials::insert_credential(conn, &credential)).await;
    let client = crate::app::Client { id: keyed.id.clone(), secret: secret.expose().clone() };
    assert_eq!(outcome(app.ask_token(&client, None).await).await.0, 401, "a secret of an app with keys");
    assert_eq!(app.assert(&keyed.assertion(&app)).await.status(), 200);
    let (credential, now, id) = (keyed.credential, app.now(), keyed.app);
    app.change_and_see(move |conn| apps::update_app_state(conn, id, AppState::Suspended { suspended_at: now })).await;
    assert_uniform(&app, &keyed.assertion(&app), "a suspended app").await;
    app.change_and_see(move |conn| {
        apps::update_app_state(conn, id, AppState::Active)?;
        let revoked = mudeung_core::credential::CredentialState::Revoked { revoked_at: now };
        credentials::update_credential_state(conn, credential, revoked)
    })
    .await;
    assert_uniform(&app, &keyed.assertion(&app), "a revoked key").await;
}

#[tokio::test]
async fn oauth_12_and_13_one_assertion_alone_in_its_right_form() {
    let app = TestApp::start().await;
    let keyed = Keyed::register(&app, 1, KeyAlgorithm::Es256).await;
    let grant = ("grant_type", "client_credentials");
    let kind = ("client_assertion_type", ASSERTION_TYPE);
    let assertion = keyed.assertion(&app);
    let assertion = ("client_assertion", assertion.as_str());
    let send = async |form: &[(&str, &str)]| outcome(app.post("/oauth2/token").form(form).send().await.unwrap()).await;
    for form in [
        &[grant, assertion][..],
        &[grant, kind],
        &[grant, assertion, ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer")],
        &[grant, kind, assertion, ("client_secret", "x")],
        &[grant, kind, assertion, ("client_id", &app.fixture.reader.id)],
        &[grant, kind, assertion, assertion],
    ] {
        let (status, error, _) = send(form).await;
        assert_eq!((status, error.as_str()), (400, "invalid_request"), "{form:?}");
    }
    assert_eq!(app.remembered().await, 0);
    assert_eq!(send(&[grant, kind, assertion, ("client_id", &keyed.id)]).await.0, 200);
}

#[tokio::test]
async fn oauth_90_refused_assertions_stand_in_the_ledger_with_their_reason() {
    let app = TestApp::start().await;
    let keyed = Keyed::register(&app, 1, KeyAlgorithm::Es256).await;
    let good = keyed.assertion(&app);
    let forged = Signer::new("first", KeyAlgorithm::Es256).jwt(&keyed.claims(&app));
    for assertion in [&good, &good, &forged] {
        app.assert(assertion).await;
    }
    app.assert("nonsense").await;
    mudeung_server::oauth::books::write_all(app.state()).await;
    let entries = app.entries().await;
    let of = |operation: &str| entries.iter().rev().filter(|entry| entry.operation == operation).collect::<Vec<_>>();
    let issued = of("oauth.issue_token");
    assert!(issued.iter().all(|entry| entry.app.as_ref() == Some(&keyed.id)));
    let told: Vec<_> = issued.iter().map(|entry| (entry.status, entry.detail.as_deref())).collect();
    assert_eq!(told[0].0, Some(Status::Completed));
    assert_eq!(issued[0].credential, Some(keyed.credential.to_string()));
    assert_eq!(
        told[1..],
        [(Some(Status::Denied), Some("invalid_client: Replayed")), (Some(Status::Denied), Some("invalid_client")),]
    );
    let counted = of("oauth.refusals")[0].detail.clone().unwrap();
    assert!(counted.starts_with("unknown_client: 1 from network "), "{counted}");
}
