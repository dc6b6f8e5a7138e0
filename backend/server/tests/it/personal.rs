//! Who and from where: in the ledger as commitments, beside it as values that can be erased.

use crate::app::fixture::PASSWORD;
use crate::app::{TestApp, files_below};
use crate::portal::Browser;
use mudeung_core::member::Role;
use mudeung_server::audit::erase::ERASE;
use mudeung_server::ledger::publisher;
use mudeung_store::personal::{PersonalKind, PersonalValue, find_personal_values};
use mudeung_wire::ledger::commitment::Opening;
use mudeung_wire::ledger::entry::{Entry, Kind, Status};
use mudeung_wire::ledger::proof::TlogProof;
use mudeung_wire::ledger::trust::Trust;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

const ADDRESS: &str = "203.0.113.77";

/// A server that believes what the proxy on this machine says of its clients.
async fn behind_a_proxy() -> TestApp {
    TestApp::start_with(|config| config.http.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()]).await
}

async fn read(app: &TestApp, token: &str, address: &str) -> u64 {
    let request = app.get("/v1/datasets").bearer_auth(token).header("x-forwarded-for", address);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.headers()["mudeung-receipt"].to_str().unwrap().parse().unwrap()
}

async fn address_of(app: &TestApp, index: u64) -> String {
    app.state().ledger.entry(index).await.unwrap().unwrap().address.unwrap()
}

async fn opened(app: &TestApp, entries: &[Entry]) -> HashMap<String, PersonalValue> {
    let wanted: Vec<String> = entries.iter().flat_map(|e| [&e.address, &e.person]).flatten().cloned().collect();
    app.state().db.read("test", move |conn| find_personal_values(conn, &wanted)).await.unwrap()
}

#[actix_web::test]
async fn every_entry_of_a_caller_says_from_where_and_of_a_member_who_by_commitments_that_open() {
    let app = behind_a_proxy().await;
    let token = app.token(&app.fixture.reader).await;
    read(&app, &token, ADDRESS).await;
    let mut browser = Browser::of(&app, Role::Auditor).await;
    browser.get("/en/ledger").await;
    Browser::new(&app).sign_in("admin@example.org", "wrong wrong wrong", "").await;
    let entries = app.entries().await;
    let opened = opened(&app, &entries).await;
    let told = entries.iter().filter(|entry| entry.kind == Kind::Intent || entry.intent.is_none());
    let mut people = 0;
    for entry in told {
        let address = &opened[entry.address.as_ref().unwrap_or_else(|| panic!("{entry:?}"))];
        assert_eq!(address.kind, PersonalKind::Address);
        assert!(["127.0.0.1", ADDRESS].contains(&address.value.as_str()), "{}", address.value);
        assert!(Opening::new(&address.salt, &address.value).opens(&address.commitment));
        assert_eq!(entry.person.is_some(), entry.member.is_some(), "{entry:?}");
        if let Some(person) = &entry.person {
            assert!(opened[person].value.ends_with("@example.org>"), "{}", opened[person].value);
            assert_eq!(opened[person].member.map(|id| id.to_string()), entry.member);
            people += 1;
        }
    }
    assert!(people >= 3);
}

#[tokio::test]
async fn a_value_has_one_commitment_for_an_hour_and_then_another() {
    let app = behind_a_proxy().await;
    let token = app.token(&app.fixture.reader).await;
    let first = address_of(&app, read(&app, &token, ADDRESS).await).await;
    let again = address_of(&app, read(&app, &token, ADDRESS).await).await;
    let other = address_of(&app, read(&app, &token, "203.0.113.78").await).await;
    assert_eq!(first, again);
    assert_ne!(first, other);
    app.clock.advance(Duration::from_secs(3_600));
    let token = app.token(&app.fixture.reader).await;
    let later = address_of(&app, read(&app, &token, ADDRESS).await).await;
    assert_ne!(first, later);
}

/// Takes the table of personal values away, with a program that is there wherever the tests run.
fn take_away(app: &TestApp) {
    let control = app.folder().join("control.sqlite").display().to_string();
    let script =
        "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('ALTER TABLE personal_values RENAME TO away')";
    let status = std::process::Command::new("python3").args(["-c", script, &control]).status();
    assert!(status.unwrap().success());
}

#[tokio::test]
async fn without_a_row_for_what_it_stands_for_there_is_no_entry_and_no_answer() {
    let app = behind_a_proxy().await;
    let token = app.token(&app.fixture.reader).await;
    read(&app, &token, ADDRESS).await;
    let size = app.entry_count().await;
    take_away(&app);
    // What is known needs no row again; what is new does.
    read(&app, &token, ADDRESS).await;
    let request = app.get("/v1/datasets").bearer_auth(&token).header("x-forwarded-for", "203.0.113.99");
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 503);
    assert!(answer.headers().contains_key("retry-after"));
    assert_eq!(app.entry_count().await, size + 1);
}

#[actix_web::test]
async fn attack_13_erasing_people_leaves_the_tree_every_proof_and_every_receipt_as_they_were() {
    let app = behind_a_proxy().await;
    let token = app.token(&app.fixture.reader).await;
    let index = read(&app, &token, ADDRESS).await;
    let mut admin = Browser::of(&app, Role::Admin).await;
    let trust = Trust::log(publisher::verifier(app.state()));
    let path = format!("/v1/receipts/{index}?format=tlog-proof");
    let receipt = app.get(&path).bearer_auth(&token).send().await.unwrap().text().await.unwrap();
    let before = app.state().ledger.head().await.unwrap();
    let shown = admin.get(&format!("/en/ledger/{index}")).await.body;
    assert!(shown.contains(ADDRESS));

    for (of, value, status) in [
        ("address", "not one", 422),
        ("member", "app_1", 422),
        ("before", "yesterday", 422),
        ("else", ADDRESS, 422),
        ("address", ADDRESS, 303),
        ("address", ADDRESS, 303),
    ] {
        let fields = [("of", of), ("value", value), ("reason", "A person asked for it")];
        let shown = admin.submit("/en/ledger/personal", "/en/ledger/personal", &fields).await;
        assert_eq!(shown.status, status, "{of} {value}: {}", shown.body);
    }
    let shown = admin.get(&format!("/en/ledger/{index}")).await.body;
    assert!(!shown.contains(ADDRESS) && shown.contains("erased ("), "{shown}");

    let (entry, _) = TlogProof::parse(&receipt).unwrap().verify_entry(&trust).unwrap();
    assert_eq!(entry, app.state().ledger.entry(index).await.unwrap().unwrap());
    assert_eq!(app.state().ledger.root_at(before.size).await.unwrap(), Some(before.root));
    app.state().ledger.flush().await;
    app.state().ledger.verify(|_, _| {}).await.unwrap();
    let entries = app.entries().await;
    let of = |kind| entries.iter().rev().filter(move |e| e.operation == ERASE && e.kind == kind);
    let said: Vec<_> = of(Kind::Outcome).map(|e| (e.status, e.detail.clone().unwrap())).collect();
    let done = |detail: &str| (Some(Status::Completed), detail.to_owned());
    assert_eq!(said, [done("1 values erased"), done("0 values erased")]);
    assert!(of(Kind::Intent).all(|e| e.detail.as_deref() == Some("an address: A person asked for it")));
    // The address is used again, and its new commitment opens.
    let next = read(&app, &token, ADDRESS).await;
    assert_ne!(address_of(&app, next).await, entry.address.unwrap());
    let again = app.state().ledger.entry(next).await.unwrap().unwrap();
    assert_eq!(opened(&app, &[again]).await.len(), 1);
}

#[actix_web::test]
async fn the_hospitals_programs_see_what_entries_stand_for_until_it_is_erased() {
    let app = behind_a_proxy().await;
    Browser::of(&app, Role::Reviewer).await;
    let token = app.token(&app.fixture.hospital_account).await;
    let look = async || -> Value {
        let path = "/admin/v1/ledger/entries?operation=portal.sign_in";
        app.get(path).bearer_auth(&token).send().await.unwrap().json().await.unwrap()
    };
    let items = look().await["items"].as_array().unwrap().clone();
    let intent = items.iter().find(|item| item["entry"]["kind"] == "intent").unwrap();
    assert_eq!(intent["address"], "127.0.0.1");
    assert!(intent["person"].as_str().unwrap().ends_with("<reviewer@example.org>"), "{intent}");
    let member = intent["entry"]["member"].as_str().unwrap();
    let mut admin = Browser::of(&app, Role::Admin).await;
    let fields = [("of", "member"), ("value", member), ("reason", "left")];
    assert_eq!(admin.submit("/ko/ledger/personal", "/ko/ledger/personal", &fields).await.status, 303);
    let page = look().await;
    let of_reviewer = |item: &&Value| item["entry"]["member"] == member && item["entry"]["kind"] == "intent";
    let erased = page["items"].as_array().unwrap().iter().find(of_reviewer).unwrap();
    assert!(erased["address"].is_null() && erased["person"].is_null(), "the address of a member goes with them");
    assert!(erased["entry"]["person"].is_string());
}

#[actix_web::test]
async fn no_person_and_no_address_is_in_the_ledger() {
    let app = behind_a_proxy().await;
    let token = app.token(&app.fixture.reader).await;
    read(&app, &token, ADDRESS).await;
    let mut browser = Browser::of(&app, Role::Admin).await;
    for page in ["/en/ledger", "/en/organizations", "/en/ledger/personal"] {
        browser.get(page).await;
    }
    Browser::new(&app).sign_in("admin@example.org", "wrong wrong wrong", "").await;
    Browser::new(&app).sign_in("stranger@example.org", PASSWORD, "").await;
    let folder = app.stop().await;
    let ledger: Vec<_> = files_below(folder.path())
        .into_iter()
        .filter(|file| file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("ledger.sqlite")))
        .collect();
    let values: BTreeSet<&str> = [ADDRESS, "@example.org"].into();
    for file in ledger {
        let bytes = std::fs::read(&file).unwrap();
        for value in &values {
            let found = bytes.windows(value.len()).any(|window| window == value.as_bytes());
            assert!(!found, "{value} is in {}", file.display());
        }
    }
}
