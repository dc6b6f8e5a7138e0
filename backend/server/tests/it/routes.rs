//! Walks the route table: nobody enters without right, and whatever reads data or changes something leaves an entry.

use crate::app::TestApp;
use crate::app::fixture::{DATASET, TABLE, manifest};
use mudeung_core::dataset::VersionState;
use mudeung_core::id::{FileId, QueryJobId, VersionId, WebhookId};
use mudeung_core::reader::Chunks;
use mudeung_core::scope::Side;
use mudeung_core::tier::Tier;
use mudeung_server::route::{Access, Recording, Route, table};
use mudeung_store::query_jobs::{self, QueryJob, QueryJobEnd, QueryJobOutcome};
use mudeung_store::webhooks::{self, Webhook, WebhookState};
use reqwest::RequestBuilder;
use std::collections::BTreeSet;

/// The operations that leave no entry. A new one is added here by hand, after a thought whether it may.
const EXEMPT: &[&str] = &[
    // The server itself: health, keys, metadata, proofs of the ledger.
    "check_health",
    "check_readiness",
    "read_metrics",
    "read_key_set",
    // Codes that open nothing until a member confirms them; strangers must not make the ledger grow.
    "authorize_device",
    "show_device",
    "show_device_code",
    "list_registration_tokens",
    "describe_authorization_server",
    "describe_protected_resource",
    "describe_protected_dataset",
    "read_checkpoint",
    "read_tile",
    "read_verifier",
    "read_consistency",
    "list_years",
    "check_checkpoint",
    // An app's own figures, and headers without a body.
    "list_usage",
    "list_quota",
    "list_privacy_budgets",
    "list_query_jobs",
    "read_query_job",
    "list_grants",
    "list_incidents",
    "list_results",
    "show_result",
    "list_access_requests",
    "list_webhook_deliveries",
    "read_receipt",
    "describe_file",
    // The service and how objects are asked for, the same for everybody.
    "read_service_info",
    "describe_object_authorization",
    // A preview of a stop, which stops nothing.
    "preview_stop",
    // Dry runs of assertions, which change nothing.
    "validate_assertion",
    "check_assertion",
    // A form that is shown again with what it would mean; it files nothing.
    "check_request",
    // Pages and documents that show no data.
    "choose_language",
    "choose_guide",
    "show_guide",
    "show_certificate",
    "show_chapter",
    "show_components",
    "read_guide_picture",
    "read_openapi",
    "show_reference",
    "show_problem",
    "read_reference_file",
    "print_certificate",
    "print_minutes",
    "read_asset",
    "read_icon",
    "show_front",
    "show_grant",
    // A company's own receipts, as `read_receipt` gives them to its apps.
    "show_receipts",
    "show_playground",
    "show_operation",
    "export_receipt",
    "list_catalogue",
    "show_dataset",
    "show_table",
    "show_sign_in",
    "show_unsent",
    // Sends the browser to the identity provider; what comes back is what is recorded.
    "begin_sso",
    "new_export",
    "list_reviews",
    "show_checkpoint",
    "show_home",
    "show_activation",
    "show_profile",
    "list_apps",
    "show_app",
    "show_app_rules",
    "list_requests",
    "new_request",
    "show_request",
    "edit_request",
    "show_minutes",
    "show_usage",
    "list_plans_of_all",
    "list_releases",
    "list_organizations",
    "show_personal",
    "show_invoices",
    "show_kill_switches",
    "show_security",
    "new_passkey",
    "show_step_up",
    "list_budgets",
    "list_agreements",
    "list_break_glass",
    "show_agreement",
    "show_sign_up",
    "show_invitation",
    "show_forgotten",
    "show_password_reset",
    "list_members",
    "list_notifications",
    "list_webhooks",
    "show_webhook",
    "show_system",
];

/// An address of the route that names things there are.
fn path(app: &TestApp, route: &Route) -> String {
    let fixture = &app.fixture;
    let member = fixture.members[0].2.to_string();
    let values = [
        ("{dataset}", DATASET.to_owned()),
        ("{share}", DATASET.to_owned()),
        ("{schema}", "synthetic".to_owned()),
        ("{tier}", "synthetic".to_owned()),
        ("{table}", TABLE.to_owned()),
        ("{file}", fixture.synthetic_file.to_string()),
        ("{object}", fixture.synthetic_file.to_string()),
        ("{access}", "https".to_owned()),
        ("{index}", "0".to_owned()),
        ("{tile:.*}", "0/000.p/1".to_owned()),
        ("{app}", fixture.reader.id.clone()),
        ("{credential}", fixture.reader_credential.to_string()),
        ("{grant}", fixture.grant.to_string()),
        ("{export}", "exp_00000000000000000000000000".to_owned()),
        ("{request}", "req_00000000000000000000000000".to_owned()),
        ("{condition}", "0".to_owned()),
        ("{review}", "rev_00000000000000000000000000".to_owned()),
        ("{version}", "ver_00000000000000000000000000".to_owned()),
        ("{level}", "dataset".to_owned()),
        ("{organization}", fixture.company.to_string()),
        ("{kind}", "app".to_owned()),
        ("{subject}", fixture.reader.id.clone()),
        ("{code}", "not_found".to_owned()),
        ("{member}", member),
        ("{link}", "lnk_00000000000000000000000000".to_owned()),
        ("{client_id}", fixture.reader.id.clone()),
        ("{language}", "en".to_owned()),
        ("{chapter}", "keys".to_owned()),
        ("{picture}", "front.webp".to_owned()),
        ("{month}", "2026-03".to_owned()),
        ("{job}", "job_00000000000000000000000000".to_owned()),
        ("{attachment}", "1".to_owned()),
        ("{agreement}", fixture.agreement.to_string()),
        ("{invitation}", "inv_00000000000000000000000000".to_owned()),
        ("{incident}", "inc_00000000000000000000000000".to_owned()),
        ("{passkey}", "psk_00000000000000000000000000".to_owned()),
        ("{webhook}", "whk_00000000000000000000000000".to_owned()),
        ("{token}", "rgt_00000000000000000000000000".to_owned()),
    ];
    let path = values.iter().fold(route.path.to_owned(), |path, (name, value)| path.replace(name, value));
    assert!(!path.contains('{'), "the test knows no value for {path}");
    path
}

fn request(app: &TestApp, route: &Route) -> RequestBuilder {
    let request = app.request(route.method, &path(app, route));
    match route.operation {
        "run_query" => {
            let sql = format!("select * from {DATASET}.synthetic.{TABLE}");
            request.json(&serde_json::json!({ "sql": sql }))
        }
        "count_persons" => request.json(&serde_json::json!({ "table": format!("{DATASET}.{TABLE}"), "epsilon": 0.1 })),
        "read_objects" => {
            request.json(&serde_json::json!({ "bulk_object_ids": [app.fixture.synthetic_file.to_string()] }))
        }
        "query_shared_table" => request.json(&serde_json::json!({})),
        "read_table_changes" => request.query(&[("startingVersion", "1")]),
        "export_query_result" => {
            let reason = "Counts by year; every cell has ten persons.";
            request.json(&serde_json::json!({ "reason": reason }))
        }
        _ if route.method == "POST" => request.form(&[("grant_type", "client_credentials")]),
        _ => request,
    }
}

fn routes(wanted: impl Fn(Access) -> bool) -> impl Iterator<Item = &'static Route> {
    table().filter(move |route| wanted(route.access))
}

#[test]
fn every_method_and_path_is_in_the_table_once() {
    let mut seen = BTreeSet::new();
    for route in table() {
        assert!(seen.insert((route.method, route.path)), "{} {}", route.method, route.path);
    }
}

#[test]
fn the_exempt_operations_are_the_checked_in_ones() {
    let exempt = |route: &&Route| matches!(route.recording, Recording::Exempt(_));
    let found: BTreeSet<&str> = table().filter(exempt).map(|route| route.operation).collect();
    // The portal lists grants under the same name as the interface does; each name counts once.
    assert_eq!(found, EXEMPT.iter().copied().collect());
    for route in table() {
        if let Recording::Exempt(reason) = route.recording {
            assert!(reason.len() > 10, "{} has no reason", route.operation);
        }
    }
}

#[tokio::test]
async fn every_governed_route_refuses_an_anonymous_caller() {
    let app = TestApp::start().await;
    let before = app.entry_count().await;
    for route in routes(|access| access != Access::Public) {
        let answer = request(&app, route).send().await.unwrap();
        let status = answer.status().as_u16();
        let name = format!("{} {} answered {status}", route.method, route.path);
        match route.access {
            Access::Token(_) => {
                assert_eq!(status, 401, "{name}");
                let challenge = answer.headers()["www-authenticate"].to_str().unwrap().to_owned();
                let document = format!("resource_metadata=\"{}/.well-known/oauth-protected-resource\"", app.url);
                assert!(challenge.starts_with("Bearer ") && challenge.contains(&document), "{challenge}");
            }
            Access::Client => assert_eq!(status, 401, "{name}"),
            Access::SignedOrToken(_) => assert!(matches!(status, 401 | 403), "{name}"),
            Access::Session(_) => {
                assert!(matches!(status, 303 | 401 | 403), "{name}");
                let target = answer.headers().get("location").map(|value| value.to_str().unwrap().to_owned());
                assert!(target.is_none_or(|target| target.contains("/sign-in")), "{name}");
            }
            Access::Public => {}
        }
    }
    assert_eq!(app.entry_count().await, before, "a stranger cannot make the ledger grow");
}

#[tokio::test]
async fn every_route_with_scopes_refuses_a_token_without_them() {
    let app = TestApp::start().await;
    let company = app.token(&app.fixture.reader).await;
    let hospital = app.token(&app.fixture.hospital_account).await;
    for route in table() {
        let (Access::Token(scopes) | Access::SignedOrToken(scopes)) = route.access else { continue };
        let other = if scopes[0].side() == Side::Company { &hospital } else { &company };
        let answer = request(&app, route).bearer_auth(other).send().await.unwrap();
        let name = format!("{} {}", route.method, route.path);
        assert_eq!(answer.status(), 403, "{name}");
        let challenge = answer.headers()["www-authenticate"].to_str().unwrap();
        assert!(challenge.contains("insufficient_scope") && challenge.contains("scope="), "{name}: {challenge}");
    }
}

/// So that there are changes to read.
async fn publish_another_version(app: &TestApp) {
    let mut manifest = manifest(Tier::Synthetic, 1);
    manifest.version = 2;
    manifest.tables[0].files[0].id = FileId::from_bytes([9; 16]).to_string();
    let (id, now) = (VersionId::from_bytes([9; 16]), app.now());
    app.change_and_see(move |conn| {
        let state = VersionState::Published { published_at: now };
        mudeung_store::catalog::insert_version(conn, &manifest, id, state, now)
    })
    .await;
}

/// A job of the reader that ended with an empty result.
async fn keep_a_job(app: &TestApp) {
    let (id, reader, now) = (QueryJobId::from_bytes([0; 16]), app.fixture.reader_app, app.now());
    let job = QueryJob {
        id,
        app: reader,
        sql: "select 1".to_owned(),
        media_type: "application/json".to_owned(),
        tables: r#"{"submitted":0,"held":false,"tables":[]}"#.to_owned(),
        idempotency_key: None,
        request_hash: [0; 32],
        created_at: now,
        alive_until: now,
        expires_at: now.plus(std::time::Duration::from_secs(3_600)),
        end: None,
    };
    let end = QueryJobEnd { at: now, outcome: QueryJobOutcome::Succeeded { rows: 0, size_bytes: 0 } };
    app.change(move |conn| {
        query_jobs::submit_query_job(conn, &job, 1)?;
        query_jobs::end_query_job(conn, id, &end)
    })
    .await;
    let nothing: Chunks = Box::pin(futures_util::stream::empty());
    app.state().data.spool.write(id, nothing, 0).await.unwrap();
}

/// A webhook of the reader's company.
async fn keep_a_webhook(app: &TestApp) {
    let webhook = Webhook {
        id: WebhookId::from_bytes([0; 16]),
        organization: app.fixture.company,
        url: "https://hooks.company.example/".to_owned(),
        topics: BTreeSet::new(),
        secret_number: 1,
        state: WebhookState::Active,
        created_by: app.fixture.members[0].2,
        created_at: app.now(),
    };
    app.change(move |conn| webhooks::insert_webhook(conn, &webhook, 1).map(|_| ())).await;
}

#[tokio::test]
async fn every_governed_read_and_token_leaves_an_entry() {
    let app = TestApp::start().await;
    let company = app.token(&app.fixture.reader).await;
    let hospital = app.token(&app.fixture.hospital_account).await;
    publish_another_version(&app).await;
    keep_a_job(&app).await;
    keep_a_webhook(&app).await;
    for route in table() {
        let (Access::Token(scopes) | Access::SignedOrToken(scopes)) = route.access else { continue };
        let token = if scopes[0].side() == Side::Company { &company } else { &hospital };
        let before = app.entry_count().await;
        let answer = request(&app, route).bearer_auth(token).send().await.unwrap();
        let status = answer.status();
        // The result of this job is not held; one that is stands in the tests of exports.
        let expected = if route.operation == "export_query_result" { status == 409 } else { status.is_success() };
        assert!(expected, "{} {}: {status}", route.method, route.path);
        drop(answer.bytes().await.unwrap());
        let after = app.entry_count().await;
        match route.recording {
            Recording::Entry => assert!(after > before, "{} {} left no entry", route.method, route.path),
            Recording::Exempt(_) => assert_eq!(after, before, "{} {}", route.method, route.path),
        }
    }
}
