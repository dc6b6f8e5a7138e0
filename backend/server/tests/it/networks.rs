//! Apps that may come from certain networks alone, and who the client is behind a proxy.

use crate::app::{Client, TestApp};
use crate::data::{Bench, table};
use crate::portal::Browser;
use mudeung_core::app::AppRules;
use mudeung_core::member::Role;
use mudeung_server::config::Config;
use mudeung_wire::ledger::entry::{Kind, Status};

async fn bind(app: &TestApp, networks: &str) {
    let rules = AppRules { networks: AppRules::parse_networks(networks).unwrap(), ..AppRules::default() };
    let id = app.fixture.reader_app;
    app.change_and_see(move |conn| mudeung_store::apps::update_app_rules(conn, id, &rules)).await;
}

fn behind_a_proxy(config: &mut Config) {
    config.http.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
}

/// What the token endpoint answers when a proxy names these hops.
async fn token_status(app: &TestApp, hops: &[&str]) -> u16 {
    let client = &app.fixture.reader;
    let mut request = app.post("/oauth2/token").basic_auth(&client.id, Some(&client.secret));
    for hop in hops {
        request = request.header("x-forwarded-for", *hop);
    }
    request.form(&[("grant_type", "client_credentials")]).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn oauth_10_a_right_secret_from_a_wrong_network_looks_like_a_wrong_secret_and_is_recorded() {
    let app = TestApp::start().await;
    bind(&app, "203.0.113.0/24").await;
    let shown = async |client: &Client| {
        let answer = app.ask_token(client, None).await;
        (answer.status().as_u16(), answer.headers().get("www-authenticate").cloned(), answer.text().await.unwrap())
    };
    let right = shown(&app.fixture.reader).await;
    let wrong = shown(&Client { secret: "wrong".to_owned(), ..app.fixture.reader.clone() }).await;
    assert_eq!((right.0, &right), (401, &wrong));
    let entries = app.entries().await;
    let refused = entries.iter().filter(|entry| entry.operation == "oauth.issue_token");
    assert_eq!(refused.filter(|entry| entry.status == Some(Status::Denied)).count(), 2);
    bind(&app, "203.0.113.0/24 127.0.0.0/8").await;
    app.token(&app.fixture.reader).await;
}

#[tokio::test]
async fn a_token_and_a_signed_address_open_nothing_from_a_wrong_network() {
    let bench = Bench::start().await;
    let address = bench.address("deidentified").await;
    let rows = format!("{}/rows?limit=1", table("synthetic"));
    bind(&bench.app, "203.0.113.0/24").await;
    let before = bench.app.entry_count().await;
    let answer = bench.get(&rows).await;
    assert_eq!(answer.status(), 403);
    let problem: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(problem["code"], "network_not_allowed");
    for range in [None, Some("bytes=0-9")] {
        let answer = bench.fetch(&address, range).await;
        assert_eq!((answer.status().as_u16(), answer.text().await.unwrap().len()), (403, 0), "bare");
    }
    assert_eq!(bench.app.entry_count().await, before + 3, "each refusal is an entry");
    let entries = bench.app.entries().await;
    let last = &entries[0];
    assert_eq!(
        (last.kind, last.status, last.detail.as_deref()),
        (Kind::Outcome, Some(Status::Denied), Some("network_not_allowed"))
    );
    assert_eq!(last.app.as_ref(), Some(&bench.app.fixture.reader.id));
    bind(&bench.app, "").await;
    assert_eq!(bench.get(&rows).await.status(), 200);
    assert_eq!(bench.fetch(&address, None).await.status(), 200);
}

#[tokio::test]
async fn a_lease_that_is_open_does_not_let_another_network_in() {
    let bench = Bench::start_with(behind_a_proxy).await;
    let address = bench.address("deidentified").await;
    bind(&bench.app, "203.0.113.0/24").await;
    let ask = async |from: &str| {
        let request = bench.app.http.get(&address).header("range", "bytes=0-9").header("x-forwarded-for", from);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!((ask("203.0.113.9").await, ask("198.51.100.1").await, ask("203.0.113.10").await), (206, 403, 206));
}

#[tokio::test]
async fn what_a_client_writes_into_the_forwarding_header_is_not_believed() {
    let app = TestApp::start_with(behind_a_proxy).await;
    bind(&app, "203.0.113.0/24").await;
    for (hops, expected) in [
        (vec!["203.0.113.9"], 200),
        (vec!["198.51.100.1"], 401),
        (vec!["203.0.113.9, 198.51.100.1"], 401),
        (vec!["203.0.113.9", "198.51.100.1"], 401),
        (vec!["198.51.100.1, 203.0.113.9"], 200),
        (vec!["203.0.113.9, 127.0.0.5"], 200),
        (vec!["203.0.113.9, nonsense"], 401),
        (vec![], 401),
    ] {
        assert_eq!(token_status(&app, &hops).await, expected, "{hops:?}");
    }
    let direct = TestApp::start().await;
    bind(&direct, "203.0.113.0/24").await;
    assert_eq!(token_status(&direct, &["203.0.113.9"]).await, 401, "no proxy is trusted by default");
    bind(&direct, "127.0.0.1").await;
    assert_eq!(token_status(&direct, &["203.0.113.9"]).await, 200);
}

#[actix_web::test]
async fn the_rules_of_an_app_are_changed_in_the_portal_with_clear_errors_and_a_record() {
    let app = TestApp::start().await;
    let mut browser = Browser::of(&app, Role::Developer).await;
    let page = format!("/en/apps/{}/rules", app.fixture.reader_app);
    let before = app.entry_count().await;
    for (typed, fault) in [
        ("10.0.0.1/8", "Did you mean 10.0.0.0/8"),
        ("home", "home: not an address"),
        ("0.0.0.0/0", "that is every address"),
    ] {
        let shown = browser.submit(&page, &page, &[("networks", typed)]).await;
        assert_eq!(shown.status, 422);
        assert!(shown.body.contains(fault) && shown.body.contains(typed), "{fault}");
    }
    assert_eq!(app.entry_count().await, before);
    let fields = [("networks", "203.0.113.0/24\n2001:db8::/32"), ("dpop_bound", "yes")];
    assert_eq!(browser.submit(&page, &page, &fields).await.status, 303);
    let rules = app.state().snapshots.present().apps[&app.fixture.reader_app].rules.clone();
    assert_eq!((rules.networks.len(), rules.dpop_bound, rules.token_endpoint_audience), (2, true, false));
    let entries = app.entries().await;
    let recorded = entries.iter().filter(|entry| entry.operation == "app.update_rules").collect::<Vec<_>>();
    assert_eq!(recorded.len(), 2);
    assert!(recorded.iter().all(|entry| entry.detail.as_ref().unwrap().ends_with("203.0.113.0/24 2001:db8::/32")));
    assert!(browser.get(&page).await.body.contains("203.0.113.0/24"));
}

#[tokio::test]
async fn oauth_83_plain_http_at_the_token_endpoint_is_refused_and_not_redirected() {
    let app = TestApp::start_with(|config| {
        config.http.behind_tls_proxy = true;
        config.http.public_url = "https://data.example.org".to_owned();
    })
    .await;
    let client = app.fixture.reader.clone();
    let ask = async |name: &str, value: &str| {
        let request = app.post("/oauth2/token").basic_auth(&client.id, Some(&client.secret)).header(name, value);
        request.form(&[("grant_type", "client_credentials")]).send().await.unwrap()
    };
    for (name, value) in [
        ("x-forwarded-proto", "http"),
        ("x-forwarded-proto", "HTTP, https"),
        ("forwarded", "for=203.0.113.9;proto=http"),
        ("forwarded", "for=203.0.113.9;proto=\"http\", for=10.0.0.1;proto=https"),
    ] {
        let answer = ask(name, value).await;
        assert_eq!(answer.status(), 403, "{name}: {value}");
        assert!(answer.headers().get("location").is_none());
        assert_eq!(answer.headers()["strict-transport-security"], "max-age=31536000");
    }
    assert_eq!(ask("x-forwarded-proto", "https").await.status(), 200);
    assert_eq!(ask("forwarded", "for=203.0.113.9;proto=https").await.status(), 200);
    let local = TestApp::start().await;
    assert_eq!(local.ask_token(&local.fixture.reader, None).await.status(), 200, "on loopback there is no proxy");
}

/// A redirect would hide that the secret, the token or the session is out.
#[tokio::test]
async fn oauth_83_nothing_secret_is_taken_over_plain_http_anywhere() {
    let app = TestApp::start_with(|config| {
        config.http.behind_tls_proxy = true;
        config.http.public_url = "https://data.example.org".to_owned();
    })
    .await;
    let token = app.token(&app.fixture.reader).await;
    let plain = |method: &str, path: &str| app.request(method, path).header("x-forwarded-proto", "http");
    for path in ["token", "revoke", "introspect", "device_authorization", "validate-assertion", "register"] {
        let answer = plain("POST", &format!("/oauth2/{path}")).form(&[("token", &token)]).send().await.unwrap();
        assert_eq!(answer.status(), 403, "{path}");
        let body: serde_json::Value = answer.json().await.unwrap();
        assert_eq!(body["error"], "invalid_request", "{path}");
    }
    let refused = [
        plain("GET", "/v1/datasets").bearer_auth(&token),
        plain("POST", "/en/sign-in").form(&[("email", "a@b.example"), ("password", "x")]),
        plain("GET", "/en/apps").header("cookie", "__Host-session=x"),
        plain("GET", "/v1/files/x?sig=y"),
    ];
    for request in refused {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 403, "{}", answer.url());
        assert!(answer.headers().get("location").is_none());
    }
    assert_eq!(plain("GET", "/healthz").send().await.unwrap().status(), 200, "who carries nothing is let in");
    let secure = app.get("/v1/datasets").header("x-forwarded-proto", "https").bearer_auth(&token);
    assert_eq!(secure.send().await.unwrap().status(), 200);
}
