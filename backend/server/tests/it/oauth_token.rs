//! The token endpoint against RFC 6749 and the rules it adds; each test is named after its line in the conformance list.

use crate::app::fixture::new_credential;
use crate::app::{Client, TestApp};
use mudeung_core::agreement::{Agreement, Signature};
use mudeung_core::id::{AgreementId, CredentialId};
use mudeung_core::secret::Secret;
use mudeung_server::oauth::secrets;
use mudeung_store::{agreements, apps, credentials, organizations};
use mudeung_wire::ledger::entry::Status;
use reqwest::Response;
use reqwest::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use serde_json::Value;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Sends a form as it stands, with the secret in the header.
async fn send(app: &TestApp, body: &str) -> Response {
    let client = &app.fixture.reader;
    let request = app.post("/oauth2/token").basic_auth(&client.id, Some(&client.secret));
    request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body.to_owned()).send().await.unwrap()
}

/// Status and `error` of an answer; checks that the rest is as RFC 6749 section 5.2 wants it.
async fn refusal(answer: Response) -> (u16, String) {
    let status = answer.status().as_u16();
    assert_eq!(answer.headers()[CONTENT_TYPE], "application/json");
    assert_eq!(answer.headers()[CACHE_CONTROL], "no-store");
    let body: Value = answer.json().await.unwrap();
    let description = body["error_description"].as_str().unwrap();
    assert!(description.is_ascii() && !description.contains(['"', '\\']), "{description}");
    (status, body["error"].as_str().unwrap().to_owned())
}

fn refused(status: u16, error: &str) -> (u16, String) {
    (status, error.to_owned())
}

#[tokio::test]
async fn oauth_01_only_post_and_nothing_from_the_address() {
    let app = TestApp::start().await;
    let client = &app.fixture.reader;
    for method in ["GET", "PUT", "DELETE", "PATCH"] {
        let answer = app.request(method, "/oauth2/token").send().await.unwrap();
        assert_eq!(answer.status(), 405, "{method}");
        assert_eq!(answer.headers()["allow"], "POST");
    }
    assert_eq!(app.request("HEAD", "/oauth2/token").send().await.unwrap().status(), 405);
    let path =
        format!("/oauth2/token?grant_type=client_credentials&client_id={}&client_secret={}", client.id, client.secret);
    let answer = app.post(&path).form(&[("a", "b")]).send().await.unwrap();
    assert_eq!(refusal(answer).await, refused(400, "invalid_request"));
}

#[tokio::test]
async fn oauth_02_forms_with_and_without_charset_and_no_json() {
    let app = TestApp::start().await;
    let client = &app.fixture.reader;
    for kind in [
        "application/x-www-form-urlencoded",
        "application/x-www-form-urlencoded;charset=UTF-8",
        "application/x-www-form-urlencoded; charset=\"utf-8\"",
        "APPLICATION/X-WWW-FORM-URLENCODED",
    ] {
        let request = app.post("/oauth2/token").basic_auth(&client.id, Some(&client.secret));
        let answer = request.header(CONTENT_TYPE, kind).body("grant_type=client_credentials").send().await.unwrap();
        assert_eq!(answer.status(), 200, "{kind}");
    }
    for (kind, body) in [
        ("application/json", r#"{"grant_type":"client_credentials"}"#),
        ("application/x-www-form-urlencoded; charset=euc-kr", "grant_type=client_credentials"),
        ("text/plain", "grant_type=client_credentials"),
    ] {
        let request = app.post("/oauth2/token").basic_auth(&client.id, Some(&client.secret));
        let answer = request.header(CONTENT_TYPE, kind).body(body).send().await.unwrap();
        assert_eq!(refusal(answer).await, refused(400, "invalid_request"), "{kind}");
    }
    let request = app.post("/oauth2/token").basic_auth(&client.id, Some(&client.secret));
    let answer = request.body("grant_type=client_credentials").send().await.unwrap();
    assert_eq!(refusal(answer).await, refused(400, "invalid_request"), "no content type");
}

#[tokio::test]
async fn oauth_03_any_accept_header_works() {
    let app = TestApp::start().await;
    let client = &app.fixture.reader;
    for accept in ["application/json, */*", "*/*", "application/json;q=0.9", "text/html"] {
        let request = app.post("/oauth2/token").basic_auth(&client.id, Some(&client.secret)).header("accept", accept);
        let answer = request.form(&[("grant_type", "client_credentials")]).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{accept}");
    }
}

#[tokio::test]
async fn oauth_04_the_grant_type_is_checked() {
    let app = TestApp::start().await;
    assert_eq!(refusal(send(&app, "scope=catalog.read").await).await, refused(400, "invalid_request"));
    for other in ["password", "authorization_code", "CLIENT_CREDENTIALS", "%00"] {
        let answer = send(&app, &format!("grant_type={other}")).await;
        assert_eq!(refusal(answer).await, refused(400, "unsupported_grant_type"), "{other}");
    }
}

#[tokio::test]
async fn oauth_05_repeated_parameters_are_refused_empty_ones_absent_unknown_ones_ignored() {
    let app = TestApp::start().await;
    for body in [
        "grant_type=client_credentials&scope=data.read&scope=catalog.read",
        "grant_type=client_credentials&grant_type=client_credentials",
        "grant_type=client_credentials&x=1&x=2",
    ] {
        assert_eq!(refusal(send(&app, body).await).await, refused(400, "invalid_request"), "{body}");
    }
    let answer = send(&app, "grant_type=client_credentials&scope=&audience=x&foo=bar").await;
    assert_eq!(answer.status(), 200);
    assert_eq!(refusal(send(&app, "grant_type=&scope=data.read").await).await, refused(400, "invalid_request"));
}

#[tokio::test]
async fn oauth_06_and_07_a_token_answer_has_the_right_shape() {
    let app = TestApp::start().await;
    let answer = app.ask_token(&app.fixture.reader, Some("data.read")).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()[CONTENT_TYPE], "application/json");
    assert_eq!(answer.headers()[CACHE_CONTROL], "no-store");
    assert_eq!(answer.headers()["pragma"], "no-cache");
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["expires_in"].as_u64(), Some(1_200), "an integer, not a text");
    assert_eq!(body["scope"], "data.read");
    assert!(body.get("refresh_token").is_none());
    let keys: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["access_token", "expires_in", "scope", "token_type"]);
}

#[tokio::test]
async fn oauth_08_errors_come_from_the_registry() {
    let registered = [
        "invalid_request",
        "invalid_client",
        "unsupported_grant_type",
        "invalid_scope",
        "invalid_target",
        "temporarily_unavailable",
    ];
    let app = TestApp::start().await;
    for body in ["", "grant_type=x", "grant_type=client_credentials&scope=nothing", "%ff", "\u{1}", "a=b&&=&"] {
        let (status, error) = refusal(send(&app, body).await).await;
        assert!(registered.contains(&error.as_str()) && status == 400, "{body}: {status} {error}");
    }
}

#[tokio::test]
async fn oauth_09_failed_authentication_is_401_with_a_challenge_only_to_the_header() {
    let app = TestApp::start().await;
    let id = &app.fixture.reader.id;
    let grant = ("grant_type", "client_credentials");
    let by_header = app.post("/oauth2/token").basic_auth(id, Some("wrong")).form(&[grant]).send().await.unwrap();
    assert!(by_header.headers()[WWW_AUTHENTICATE].to_str().unwrap().starts_with("Basic "));
    assert_eq!(refusal(by_header).await, refused(401, "invalid_client"));
    let form = [grant, ("client_id", id), ("client_secret", "wrong")];
    let by_body = app.post("/oauth2/token").form(&form).send().await.unwrap();
    assert!(by_body.headers().get(WWW_AUTHENTICATE).is_none());
    assert_eq!(refusal(by_body).await, refused(401, "invalid_client"));
    let not_at_all = app.post("/oauth2/token").form(&[grant]).send().await.unwrap();
    assert!(not_at_all.headers().get(WWW_AUTHENTICATE).is_none());
    assert_eq!(refusal(not_at_all).await, refused(401, "invalid_client"));
    for odd in ["Bearer abc", "Basic", "Basic !!!", "Basic YWJj", "Negotiate x", "Basic Og=="] {
        let request = app.post("/oauth2/token").header(AUTHORIZATION, odd).form(&[grant]);
        let answer = request.send().await.unwrap();
        assert!(answer.headers().contains_key(WWW_AUTHENTICATE), "{odd}");
        assert_eq!(refusal(answer).await, refused(401, "invalid_client"), "{odd}");
    }
}

/// Everything of an answer that a client can see, but for what differs from call to call.
async fn visible(answer: Response) -> (u16, Vec<(String, String)>, String) {
    let status = answer.status().as_u16();
    let changing = ["mudeung-call", "traceparent", "date"];
    let headers = answer.headers().iter().filter(|(name, _)| !changing.contains(&name.as_str()));
    let mut headers: Vec<_> =
        headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    headers.sort();
    (status, headers, answer.text().await.unwrap())
}

#[tokio::test]
async fn oauth_10_unknown_wrong_disabled_and_expired_look_the_same() {
    let app = TestApp::start().await;
    let reader = app.fixture.reader.clone();
    let stranger = app.fixture.stranger.clone();
    let unknown = Client { id: "app_00000000000000000000000000".to_owned(), secret: reader.secret.clone() };
    let nonsense = Client { id: "nobody".to_owned(), secret: "nothing".to_owned() };
    let wrong = Client { secret: format!("{}x", reader.secret), ..reader.clone() };
    let others = Client { secret: stranger.secret.clone(), ..reader.clone() };
    let model = visible(app.ask_token(&unknown, None).await).await;
    assert_eq!(model.0, 401);
    for client in [nonsense, wrong, others] {
        assert_eq!(visible(app.ask_token(&client, None).await).await, model);
    }
    let (expired, expired_client) = other_credential(&app, 1);
    let expired = mudeung_core::credential::Credential { expires_at: Some(app.now()), ..expired };
    let (early, early_client) = other_credential(&app, 2);
    let early = mudeung_core::credential::Credential { not_before: app.now().plus(Duration::from_secs(60)), ..early };
    let reader_app = app.fixture.reader_app;
    let now = app.now();
    app.change_and_see(move |conn| {
        credentials::insert_credential(conn, &expired)?;
        credentials::insert_credential(conn, &early)
    })
    .await;
    assert_eq!(visible(app.ask_token(&expired_client, None).await).await, model, "expired");
    assert_eq!(visible(app.ask_token(&early_client, None).await).await, model, "not yet begun");
    app.change_and_see(move |conn| {
        let suspended = mudeung_core::app::AppState::Suspended { suspended_at: now };
        apps::update_app_state(conn, reader_app, suspended)
    })
    .await;
    assert_eq!(visible(app.ask_token(&reader, None).await).await, model, "disabled");
}

/// Another credential of the reader, with its client.
fn other_credential(app: &TestApp, seed: u8) -> (mudeung_core::credential::Credential, Client) {
    let secret = secrets::mint(&mudeung_core::clock::CountingEntropy::starting_at(1_000_000 * i64::from(seed)));
    let id = CredentialId::from_bytes([seed; 16]);
    let credential = new_credential(&app.state().keys, app.fixture.reader_app, &secret, id);
    (credential, Client { id: app.fixture.reader.id.clone(), secret: secret.expose().clone() })
}

#[tokio::test]
async fn oauth_11_basic_credentials_are_form_decoded() {
    let app = TestApp::start().await;
    let client = &app.fixture.reader;
    let encoded = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let request = app.post("/oauth2/token").basic_auth(encoded(&client.id), Some(encoded(&client.secret)));
    let answer = request.form(&[("grant_type", "client_credentials")]).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let twice = encoded(&encoded(&client.secret));
    let request = app.post("/oauth2/token").basic_auth(&client.id, Some(twice));
    let answer = request.form(&[("grant_type", "client_credentials")]).send().await.unwrap();
    assert_eq!(answer.status(), 401, "decoded once, never twice");
}

#[tokio::test]
async fn oauth_12_two_ways_to_authenticate_at_once_are_refused() {
    let app = TestApp::start().await;
    let client = &app.fixture.reader;
    let grant = ("grant_type", "client_credentials");
    let secret = ("client_secret", client.secret.as_str());
    let assertion = ("client_assertion", "x.y.z");
    for second in [secret, assertion] {
        let request = app.post("/oauth2/token").basic_auth(&client.id, Some(&client.secret));
        let answer = request.form(&[grant, second]).send().await.unwrap();
        assert_eq!(refusal(answer).await, refused(400, "invalid_request"));
    }
    let form = [grant, ("client_id", client.id.as_str()), secret, assertion];
    let answer = app.post("/oauth2/token").form(&form).send().await.unwrap();
    assert_eq!(refusal(answer).await, refused(400, "invalid_request"));
    let request = app.post("/oauth2/token").basic_auth(&client.id, Some(&client.secret));
    let request = request.header(AUTHORIZATION, "Basic YTpi");
    let answer = request.form(&[grant]).send().await.unwrap();
    assert_eq!(refusal(answer).await, refused(400, "invalid_request"), "two headers");
}

#[tokio::test]
async fn oauth_13_the_client_id_in_the_body_must_be_the_one_in_the_header() {
    let app = TestApp::start().await;
    let client = &app.fixture.reader;
    for (id, status) in [(client.id.as_str(), 200), (app.fixture.stranger.id.as_str(), 400)] {
        let request = app.post("/oauth2/token").basic_auth(&client.id, Some(&client.secret));
        let answer = request.form(&[("grant_type", "client_credentials"), ("client_id", id)]).send().await.unwrap();
        assert_eq!(answer.status(), status);
    }
}

#[tokio::test]
async fn oauth_14_an_assertion_does_not_open_a_client_with_a_secret() {
    let app = TestApp::start().await;
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", app.fixture.reader.id.as_str()),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", "x.y.z"),
    ];
    let answer = app.post("/oauth2/token").form(&form).send().await.unwrap();
    assert_eq!(refusal(answer).await, refused(401, "invalid_client"));
}

#[tokio::test]
async fn oauth_15_scopes_are_never_widened_and_the_answer_says_what_is_left() {
    let app = TestApp::start().await;
    let scope_of = async |wanted: Option<&str>| {
        let answer = app.ask_token(&app.fixture.reader, wanted).await;
        let body: Value = answer.json().await.unwrap();
        body["scope"].as_str().map(str::to_owned)
    };
    assert_eq!(scope_of(Some("data.read admin.orgs all-apis data.read")).await.as_deref(), Some("data.read"));
    let all = "catalog.read data.read synthetic.read query.run usage.read receipts.read requests.write";
    assert_eq!(scope_of(None).await.as_deref(), Some(all));
    for none in ["admin.orgs", "DATA.READ", "x", "  "] {
        let answer = app.ask_token(&app.fixture.reader, Some(none)).await;
        assert_eq!(refusal(answer).await, refused(400, "invalid_scope"), "{none:?}");
    }
}

#[tokio::test]
async fn oauth_16_a_suspended_organization_gets_no_token() {
    let app = TestApp::start().await;
    let (company, now) = (app.fixture.company, app.now());
    app.change_and_see(move |conn| {
        let suspended = mudeung_core::organization::OrganizationState::Suspended { suspended_at: now };
        organizations::update_organization_state(conn, company, suspended)
    })
    .await;
    let answer = app.ask_token(&app.fixture.reader, None).await;
    assert_eq!(refusal(answer).await, refused(401, "invalid_client"));
    assert_eq!(app.ask_token(&app.fixture.stranger, None).await.status(), 200, "others are not touched");
}

#[tokio::test]
async fn oauth_16_a_superseded_agreement_stops_tokens_until_the_newer_one_is_signed() {
    let app = TestApp::start().await;
    let (company, old, now) = (app.fixture.company, app.fixture.agreement, app.now());
    let member = app.fixture.members[0].2;
    let newer = AgreementId::from_bytes([77; 16]);
    app.change_and_see(move |conn| {
        let signed = agreements::find_agreement(conn, old)?.unwrap();
        let agreement = Agreement { id: newer, version: signed.version + 1, text_sha256: "b".repeat(64), ..signed };
        agreements::insert_agreement(conn, &agreement)
    })
    .await;
    let answer = app.ask_token(&app.fixture.reader, None).await;
    assert_eq!(answer.status(), 400);
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["error"], "unauthorized_client");
    let page = body["error_uri"].as_str().unwrap();
    assert!(page.starts_with(&app.url) && page.ends_with("/docs/problems/agreement_superseded"), "{page}");
    assert_eq!(app.get(page.trim_start_matches(&app.url)).send().await.unwrap().status(), 200, "the page is there");
    assert_eq!(app.ask_token(&app.fixture.stranger, None).await.status(), 200, "who has no grant is not touched");
    app.change_and_see(move |conn| {
        let signature = Signature { agreement: newer, organization: company, member, signed_at: now };
        agreements::insert_signature(conn, &signature)
    })
    .await;
    assert_eq!(app.ask_token(&app.fixture.reader, None).await.status(), 200);
}

#[tokio::test]
async fn oauth_17_large_bodies_large_headers_and_slow_clients_are_cut_off() {
    let app = TestApp::start_with(|config| {
        config.limits.header_seconds = 1;
        config.limits.body_seconds = 1;
    })
    .await;
    let body = format!("grant_type=client_credentials&x={}", "x".repeat(64 << 10));
    assert_eq!(refusal(send(&app, &body).await).await, refused(413, "invalid_request"));
    let request = app.post("/oauth2/token").header("x-large", "x".repeat(40 << 10));
    assert_eq!(request.form(&[("a", "b")]).send().await.unwrap().status(), 431);
    let head = "POST /oauth2/token HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\
                content-type: application/x-www-form-urlencoded\r\n";
    for sent in [head.to_owned(), format!("{head}\r\ngrant_type=")] {
        let mut stream = tokio::net::TcpStream::connect(app.url.trim_start_matches("http://")).await.unwrap();
        stream.write_all(sent.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let read = tokio::time::timeout(Duration::from_secs(8), stream.read_to_string(&mut answer)).await;
        assert!(answer.starts_with("HTTP/1.1 408"), "{read:?}: {answer}");
    }
}

#[tokio::test]
async fn oauth_75_several_secrets_live_side_by_side_and_their_last_use_is_known() {
    let app = TestApp::start().await;
    let (credential, client) = other_credential(&app, 7);
    let id = credential.id;
    app.change_and_see(move |conn| credentials::insert_credential(conn, &credential)).await;
    app.token(&app.fixture.reader).await;
    app.clock.advance(Duration::from_secs(60));
    app.token(&client).await;
    mudeung_server::oauth::books::write_all(app.state()).await;
    let (first, second) = (app.fixture.reader_credential, id);
    let used = app
        .state()
        .db
        .read("look", move |conn| {
            let of = |conn: &mut mudeung_store::Conn, id| credentials::find_credential(conn, id);
            Ok((of(conn, first)?.unwrap().last_used_at, of(conn, second)?.unwrap().last_used_at))
        })
        .await
        .unwrap();
    assert_eq!(used, (Some(crate::app::BEGIN), Some(app.now())));
}

#[tokio::test]
async fn oauth_79_failures_in_a_clients_name_never_lock_it_out() {
    let app = TestApp::start_with(|config| config.limits.token_failures_per_minute = 3).await;
    let wrong = Client { secret: "wrong".to_owned(), ..app.fixture.reader.clone() };
    let mut statuses = Vec::new();
    for _ in 0..5 {
        statuses.push(app.ask_token(&wrong, None).await.status().as_u16());
    }
    assert_eq!(statuses, [401, 401, 401, 429, 429]);
    assert_eq!(app.ask_token(&app.fixture.reader, None).await.status(), 200);
}

#[tokio::test]
async fn oauth_80_retry_after_is_the_time_that_is_really_left() {
    let app = TestApp::start_with(|config| config.limits.tokens_per_minute = 2).await;
    let client = app.fixture.reader.clone();
    for _ in 0..2 {
        assert_eq!(app.ask_token(&client, None).await.status(), 200);
    }
    app.clock.advance(Duration::from_secs(20));
    let answer = app.ask_token(&client, None).await;
    assert_eq!(answer.headers()["retry-after"], "10");
    assert_eq!(refusal(answer).await, refused(429, "temporarily_unavailable"));
    app.clock.advance(Duration::from_secs(10));
    assert_eq!(app.ask_token(&client, None).await.status(), 200);
    assert_eq!(app.ask_token(&app.fixture.stranger, None).await.status(), 200);
}

#[tokio::test]
async fn every_token_and_every_refusal_of_a_known_client_is_in_the_ledger_and_strangers_are_counted() {
    let app = TestApp::start().await;
    let token = app.ask_token(&app.fixture.reader, Some("data.read")).await.json::<Value>().await.unwrap();
    app.ask_token(&app.fixture.reader, Some("nothing")).await;
    app.ask_token(&Client { secret: "wrong".to_owned(), ..app.fixture.reader.clone() }, None).await;
    let stranger = Client { id: "nobody".to_owned(), secret: "x".to_owned() };
    for _ in 0..7 {
        app.ask_token(&stranger, None).await;
    }
    mudeung_server::oauth::books::write_all(app.state()).await;
    let entries = app.entries().await;
    let of = |operation: &str| entries.iter().rev().filter(|entry| entry.operation == operation).collect::<Vec<_>>();
    let issued = of("oauth.issue_token");
    assert_eq!(issued.len(), 3);
    assert_eq!(issued[0].status, Some(Status::Completed));
    assert_eq!(issued[0].app.as_ref(), Some(&app.fixture.reader.id));
    assert_eq!(issued[0].credential, Some(app.fixture.reader_credential.to_string()));
    assert_eq!(issued[0].organization, Some(app.fixture.company.to_string()));
    assert_eq!(issued[0].detail.as_deref(), Some("data.read"));
    let identifier = issued[0].token.as_ref().unwrap();
    assert!(identifier.starts_with("tok_") && !token["access_token"].as_str().unwrap().contains(identifier));
    for (entry, detail) in issued[1..].iter().zip(["invalid_scope", "invalid_client"]) {
        assert_eq!((entry.status, entry.detail.as_deref()), (Some(Status::Denied), Some(detail)));
        assert_eq!(entry.app.as_ref(), Some(&app.fixture.reader.id));
    }
    let counted = of("oauth.refusals");
    assert_eq!(counted.len(), 1);
    let detail = counted[0].detail.as_deref().unwrap();
    let tag = detail.strip_prefix("unknown_client: 7 from network ").unwrap();
    assert!(tag.len() == 16 && !detail.contains("127"), "the network itself is not told: {detail}");
}

#[tokio::test]
async fn a_secret_is_recognised_only_as_a_whole() {
    let app = TestApp::start().await;
    let client = &app.fixture.reader;
    for other in [&client.secret[..52], &client.secret.to_uppercase(), &format!(" {}", client.secret)] {
        let client = Client { secret: other.to_owned(), ..client.clone() };
        assert_eq!(app.ask_token(&client, None).await.status(), 401, "{other}");
    }
    assert!(secrets::is_well_formed(Secret::new(client.secret.clone()).expose()));
}
