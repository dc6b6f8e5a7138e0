//! Provision and export: what a grant lets be looked at inside alone leaves by no face of the data plane, and a result of it
//! only after the offices that are asked looked at the very bytes.

use crate::app::fixture::{DATASET, ROWS, TABLE};
use crate::carrier::Memory;
use crate::data::probe::ROW;
use crate::data::{Bench, table};
use crate::jobs::{delete, ended, problem, result, sql, submit, submitted};
use crate::portal::members::with_mail;
use crate::portal::{Browser, Shown};
use mudeung_core::member::Role;
use mudeung_core::request::need::Need;
use mudeung_wire::ledger::commitment::Opening;
use mudeung_wire::ledger::entry::Status;
use reqwest::Response;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);
const WHY: &str = "Counts by <b>year</b>; every cell has ten persons or more.";
const INSIDE: &str = "export_not_granted";

/// A reader whose grant lets its rows be looked at inside alone.
async fn inside() -> Bench {
    let bench = Bench::start_with(with_mail).await;
    bench.with_provision_alone().await;
    bench
}

async fn ask(bench: &Bench, job: &str, why: &str) -> Response {
    let address = format!("/v1/query/jobs/{job}/export");
    bench.app.post(&address).bearer_auth(&bench.token).json(&json!({ "reason": why })).send().await.unwrap()
}

/// SHA-256 in hex.
fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A result that waits on the hospital, and its export.
async fn asked(bench: &Bench) -> (String, String) {
    let job = submitted(bench, "deidentified").await;
    ended(bench, &job).await;
    let answer = ask(bench, &job, WHY).await;
    assert_eq!(answer.status(), 202, "{}", answer.text().await.unwrap());
    let item: Value = answer.json().await.unwrap();
    assert_eq!((&item["export"]["state"], item.get("result")), (&json!("waiting"), None));
    (job, item["export"]["id"].as_str().unwrap().to_owned())
}

async fn state(bench: &Bench, job: &str) -> Value {
    bench.json(&format!("/v1/query/jobs/{job}")).await["export"]["state"].clone()
}

async fn consent(browser: &mut Browser<'_>, export: &str, changes: &[(&str, &str)]) -> Shown {
    let mut fields = vec![("cells", "yes"), ("rows", "yes"), ("used", "yes"), ("text", "Counted <i>each</i> cell.")];
    fields.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    fields.extend_from_slice(changes);
    let page = format!("/en/results/{export}");
    browser.submit(&page, &format!("{page}/consent"), &fields).await
}

#[actix_web::test]
async fn what_is_open_inside_alone_leaves_by_no_face() {
    let bench = inside().await;
    let deidentified = table("deidentified");
    assert_eq!(bench.get(&deidentified).await.status(), 200, "what there is may be known");
    for path in [format!("{deidentified}/files"), format!("{deidentified}/rows")] {
        assert_eq!(problem(bench.get(&path).await).await, (403, INSIDE.to_owned()), "{path}");
    }
    assert_eq!(problem(bench.get(&format!("/v1/files/{}", bench.app.fixture.deidentified_file)).await).await.0, 403);
    let direct = submit(&bench, &json!({ "sql": sql("deidentified") }), &[]).await;
    assert_eq!(problem(direct).await, (403, INSIDE.to_owned()));
    assert!(bench.probe.queries.lock().unwrap().is_empty(), "nothing was even read");
    let (_, outcomes) = bench.entries("query.run").await;
    assert_eq!(outcomes.last().unwrap().status, Some(Status::Denied), "and it is on record");
    assert_eq!(submit(&bench, &json!({ "sql": sql("synthetic") }), &[]).await.status(), 200);
    let shared = bench.get(&format!("/delta-sharing/shares/{DATASET}/schemas/deidentified/tables")).await;
    assert_eq!(shared.status(), 404, "the sharing protocols list what may be read");
    let metadata = format!("/delta-sharing/shares/{DATASET}/schemas/deidentified/tables/{TABLE}/metadata");
    assert!(!bench.get(&metadata).await.status().is_success());
    let binary = bench.app.post("/v1/query?format=parquet").bearer_auth(&bench.token);
    let binary = binary.header("prefer", "respond-async").json(&json!({ "sql": sql("deidentified") }));
    assert_eq!(problem(binary.send().await.unwrap()).await.0, 406, "people cannot read it");
    assert_eq!(bench.json("/v1/grants").await["items"][1]["reach"], "inside");
}

#[actix_web::test]
async fn a_result_is_held_until_an_office_looked_at_it_and_consents() {
    let (bench, post) = (inside().await, Memory::default());
    let job = submitted(&bench, "deidentified").await;
    let held = ended(&bench, &job).await;
    assert_eq!((&held["export"], held.get("result")), (&json!({ "state": "held" }), None));
    assert_eq!(problem(result(&bench, &job).await).await, (403, INSIDE.to_owned()));
    for why in ["too short", &"x".repeat(4_001)] {
        assert_eq!(problem(ask(&bench, &job, why).await).await, (400, "invalid_parameter".to_owned()));
    }
    let (job, export) = asked(&bench).await;
    assert_eq!(problem(ask(&bench, &job, WHY).await).await, (409, "conflict".to_owned()), "once");
    assert_eq!(problem(result(&bench, &job).await).await, (403, INSIDE.to_owned()));
    let told: Vec<_> = post.mails(&bench.app).await.into_iter().map(|mail| mail.to).collect();
    assert!(told.contains(&"steward@example.org".to_owned()) && told.contains(&"reviewer@example.org".to_owned()));
    let app = &bench.app;
    let mut steward = Browser::of(app, Role::Steward).await;
    assert!(steward.get("/en/home").await.body.contains("/en/results"));
    let page = steward.get(&format!("/en/results/{export}")).await.body;
    assert!(page.contains("&#60;b&#62;year") && page.contains("SELECT * FROM"), "{page}");
    let content = steward.get(&format!("/en/results/{export}/content")).await;
    assert_eq!(content.headers["content-type"], "text/plain; charset=utf-8");
    let bytes = ROW.repeat(usize::try_from(ROWS).unwrap());
    assert_eq!(content.body.as_bytes(), bytes, "the very bytes");
    for missing in [("cells", ""), ("rows", "no"), ("used", ""), ("text", "")] {
        let shown = consent(&mut steward, &export, &[missing]).await;
        assert_eq!(shown.status, 422, "{missing:?}");
        assert!(missing.0 == "text" || shown.body.contains("&#60;i&#62;each"), "what was typed is there again");
    }
    assert_eq!(state(&bench, &job).await, "waiting");
    let done = consent(&mut steward, &export, &[]).await;
    assert_eq!(done.location(), format!("/en/results/{export}?done=result-released"));
    assert_eq!(state(&bench, &job).await, "released");
    let answer = result(&bench, &job).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.bytes().await.unwrap(), bytes);
    let read = bench.outcomes("query.read_result", 1).await;
    assert_eq!(read.iter().filter(|entry| entry.status == Some(Status::Completed)).count(), 1);
    assert_eq!(consent(&mut steward, &export, &[]).await.status, 422, "it is decided");
    assert_eq!(steward.get(&format!("/en/results/{export}/content")).await.status, 404, "and not looked at for ever");
    let opened = bench.json(&format!("/v1/query/jobs/{job}")).await["export"].clone();
    let (salt, sha256) = (opened["salt"].as_str().unwrap().to_owned(), opened["sha256"].as_str().unwrap().to_owned());
    let commitment = opened["commitment"].as_str().unwrap();
    assert_eq!(sha256, hex(&bytes), "what left is what it says");
    assert!(Opening { salt, value: sha256 }.opens(commitment), "and what the ledger has had all the time");
    for operation in ["query.export", "export.look", "export.release"] {
        let (intents, outcomes) = bench.entries(operation).await;
        assert_eq!(outcomes.iter().filter(|entry| entry.status == Some(Status::Completed)).count(), 1, "{operation}");
        let named =
            intents.iter().find(|entry| entry.detail.as_deref().is_some_and(|detail| detail.contains(commitment)));
        let named = named.unwrap_or_else(|| panic!("{operation} names what left"));
        assert!(named.grant.is_some() && !named.detail.as_deref().unwrap().contains("year"));
    }
}

/// A count is a short text, so its length or its hash are as good as the count; and so is what a query ran into.
#[actix_web::test]
async fn until_it_is_released_a_company_learns_nothing_of_a_result() {
    let bench = inside().await;
    let (job, export) = asked(&bench).await;
    let sha256 = hex(&ROW.repeat(usize::try_from(ROWS).unwrap()));
    let app = &bench.app;
    Browser::of(app, Role::Steward).await.get(&format!("/en/results/{export}/content")).await;
    let item = bench.json(&format!("/v1/query/jobs/{job}")).await;
    let list = bench.json("/v1/query/jobs").await;
    let waiting = item["export"].as_object().unwrap();
    assert_eq!(waiting.keys().collect::<Vec<_>>(), ["commitment", "id", "state", "until"]);
    for item in [&item, &list["items"][0]] {
        assert_eq!((item.get("rows"), item.get("size_bytes"), item.get("result")), (None, None, None));
    }
    let mut developer = Browser::of(app, Role::Developer).await;
    for page in [format!("/en/results/{export}"), "/en/results".to_owned()] {
        let page = developer.get(&page).await.body;
        assert!(
            page.contains("Told once it is released") && !page.contains(" rows,") && !page.contains(&sha256),
            "{page}"
        );
    }
    for entry in app.entries().await {
        let text = serde_json::to_string(&entry).unwrap();
        assert!(!text.contains(&sha256), "the company reads its entries: {text}");
        if entry.operation == "export.look" && entry.status.is_some() {
            let told = (entry.detail, entry.bytes.unwrap_or(0), entry.rows.unwrap_or(0));
            assert_eq!(told, (None, 0, 0), "nor how much was looked at");
        }
    }
    bench.probe.break_queries_with("3 patients are called Kim");
    let broken = ended(&bench, &submitted(&bench, "deidentified").await).await;
    assert_eq!((&broken["state"], &broken["problem"]["code"]), (&json!("failed"), &json!(INSIDE)));
    assert!(broken["problem"]["detail"].as_str().unwrap().contains("synthetic tier"), "and says what to do");
    let refused = result(&bench, broken["id"].as_str().unwrap()).await;
    assert_eq!(refused.status(), 409);
    assert!(!refused.text().await.unwrap().contains("Kim") && !broken.to_string().contains("Kim"));
    let told = ended(&bench, &submitted(&bench, "synthetic").await).await;
    assert!(told.to_string().contains("Kim"), "elsewhere errors are told: {told}");
}

#[actix_web::test]
async fn a_refusal_says_why_and_the_result_is_gone() {
    let bench = inside().await;
    let (job, export) = asked(&bench).await;
    let app = &bench.app;
    let page = format!("/en/results/{export}");
    let mut auditor = Browser::of(app, Role::Auditor).await;
    let refuse = async |browser: &mut Browser<'_>, why: &str| {
        browser.submit(&page, &format!("{page}/refuse"), &[("refusal", why)]).await.status
    };
    assert_eq!(refuse(&mut auditor, "I am not asked").await, 422, "the auditor's office has no say here");
    let mut developer = Browser::of(app, Role::Developer).await;
    assert_eq!(refuse(&mut developer, "Mine").await, 403);
    assert_eq!(developer.get(&format!("{page}/content")).await.status, 403, "the company does not look at it here");
    let mut reviewer = Browser::of(app, Role::Reviewer).await;
    assert_eq!(refuse(&mut reviewer, "").await, 422);
    assert_eq!(refuse(&mut reviewer, "One cell has three persons.").await, 303);
    let shown = developer.get(&page).await.body;
    assert!(shown.contains("One cell has three persons.") && shown.contains("Refused"));
    assert_eq!(bench.get(&format!("/v1/query/jobs/{job}")).await.status(), 404, "it is not kept");
    let email = crate::portal::isolation::outsider(app, vec![Role::Developer]).await;
    let mut stranger = Browser::with(app, &email).await;
    assert_eq!(stranger.get(&page).await.status, 404, "another company's does not exist");
    assert!(!stranger.get("/en/results").await.body.contains(&export));
}

#[actix_web::test]
async fn two_offices_are_two_people_and_who_is_late_finds_nothing() {
    let bench = Bench::start_with(|config| {
        with_mail(config);
        config.review.exports = Need::parse("all(steward, reviewer)", &Role::parse).unwrap();
    })
    .await;
    bench.with_provision_alone().await;
    let (job, export) = asked(&bench).await;
    let app = &bench.app;
    let mut steward = Browser::of(app, Role::Steward).await;
    let first = consent(&mut steward, &export, &[]).await;
    assert_eq!(first.location(), format!("/en/results/{export}?done=result-consented"));
    assert_eq!(consent(&mut steward, &export, &[]).await.status, 422, "not twice by one");
    assert_eq!(problem(result(&bench, &job).await).await, (403, INSIDE.to_owned()), "one is not enough");
    let mut reviewer = Browser::of(app, Role::Reviewer).await;
    let page = reviewer.get(&format!("/ko/results/{export}")).await.body;
    assert!(
        page.contains("남은 동의: ") && !page.contains("reviewer</p>"),
        "offices in the language of the page: {page}"
    );
    assert_eq!(consent(&mut reviewer, &export, &[]).await.status, 303);
    assert_eq!(result(&bench, &job).await.status(), 200);

    let (late, export) = asked(&bench).await;
    let post = Memory::default();
    post.mails(app).await;
    app.clock.advance(DAY * 13);
    mudeung_server::lapses::lapse_requests(app.state()).await.unwrap();
    let reminded = post.mails(app).await.into_iter().filter(|mail| mail.text.contains(&export)).count();
    assert_eq!(reminded, 2, "the steward and the reviewer");
    app.clock.advance(DAY);
    let mut steward = Browser::of(app, Role::Steward).await;
    assert_eq!(consent(&mut steward, &export, &[]).await.status, 422);
    assert!(steward.get(&format!("/en/results/{export}")).await.body.contains("Lapsed"));
    let token = app.token(&app.fixture.reader).await;
    let gone = app.get(&format!("/v1/query/jobs/{late}")).bearer_auth(token).send().await.unwrap();
    assert_eq!(gone.status(), 404);
}

#[actix_web::test]
async fn what_leaves_is_what_was_looked_at() {
    let bench = inside().await;
    let (job, export) = asked(&bench).await;
    let folder = bench.app.state().config.jobs_folder();
    let file = folder.join(format!("{job}.result"));
    let mut bytes = std::fs::read(&file).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let mut steward = Browser::of(&bench.app, Role::Steward).await;
    let shown = consent(&mut steward, &export, &[]).await;
    assert!(shown.status == 422 && shown.body.contains("not the one that was asked for"), "{}", shown.body);
    assert_eq!(state(&bench, &job).await, "waiting");
    assert_eq!(delete(&bench, &job).await, 204);
    assert_ne!(consent(&mut steward, &export, &[]).await.status, 303, "nothing is decided about nothing");
}

#[actix_web::test]
async fn only_results_that_are_held_are_asked_for() {
    let bench = Bench::start().await;
    let job = submitted(&bench, "deidentified").await;
    ended(&bench, &job).await;
    assert_eq!(problem(ask(&bench, &job, WHY).await).await, (409, "conflict".to_owned()), "it leaves by itself");
    bench.with_provision_alone().await;
    assert_eq!(problem(result(&bench, &job).await).await, (403, INSIDE.to_owned()), "what was free is free no more");
    bench.revoke_grant().await;
    let missing = ask(&bench, "job_00000000000000000000000000", WHY).await;
    assert_eq!(problem(missing).await, (404, "not_found".to_owned()));
}
