//! Those who examine the ledger: search, and exports that are checked here with a reader of their own.

use crate::app::{Client, TestApp};
use crate::portal::{Browser, Shown};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mudeung_core::member::Role;
use mudeung_wire::ledger::checkpoint::LogVerifier;
use mudeung_wire::ledger::entry::{Kind, Status};
use mudeung_wire::ledger::export::verify_export;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

async fn look(app: &TestApp, token: &str, query: &str) -> (u16, Value) {
    let answer = app.get(&format!("/admin/v1/ledger/entries?{query}")).bearer_auth(token).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

fn indices(page: &Value) -> Vec<u64> {
    page["items"].as_array().unwrap().iter().map(|item| item["index"].as_u64().unwrap()).collect()
}

async fn read_rows(app: &TestApp, client: &Client) -> String {
    let token = app.token(client).await;
    let rows = "/v1/datasets/cohort/deidentified/tables/visits/rows";
    app.get(rows).bearer_auth(&token).send().await.unwrap().bytes().await.unwrap();
    token
}

#[tokio::test]
async fn search_pages_by_index_without_a_gap_and_records_each_look() {
    let app = TestApp::start().await;
    for _ in 0..10 {
        app.token(&app.fixture.reader).await;
    }
    let token = app.token(&app.fixture.hospital_account).await;
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let (status, page) = look(&app, &token, &format!("operation=oauth.issue_token&limit=3{cursor}")).await;
        assert_eq!(status, 200, "{page}");
        seen.extend(indices(&page));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, (0..11).rev().collect::<Vec<_>>());
    let looks = app.entries().await.into_iter().filter(|entry| entry.operation == "ledger.read");
    assert!(looks.filter(|entry| entry.filter.as_deref() == Some("operation=oauth.issue_token")).count() >= 4);
    // A cursor belongs to its search.
    let (status, _) = look(&app, &token, &format!("operation=data.read_rows{cursor}")).await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn search_finds_by_every_part() {
    let app = TestApp::start().await;
    read_rows(&app, &app.fixture.reader).await;
    Browser::of(&app, Role::Auditor).await;
    let entries = app.entries().await;
    let intent = entries.iter().find(|e| e.operation == "data.read_rows" && e.kind == Kind::Intent).unwrap();
    let auditor = app.fixture.members.iter().find(|(role, _, _)| *role == Role::Auditor).unwrap().2.to_string();
    let token = app.token(&app.fixture.hospital_account).await;
    for (query, operation) in [
        (format!("grant={}&token={}", app.fixture.grant, intent.token.as_ref().unwrap()), "data.read_rows"),
        (format!("member={auditor}"), "portal.sign_in"),
        (
            format!("organization={}&app={}&dataset=cohort", app.fixture.company, app.fixture.reader.id),
            "data.read_rows",
        ),
        (
            "status=completed&operation=data.read_rows&from=2026-03-02T00:00:00Z&to=2026-03-03T00:00:00Z".to_owned(),
            "data.read_rows",
        ),
    ] {
        let (status, page) = look(&app, &token, &query).await;
        let found = page["items"].as_array().unwrap();
        assert_eq!(status, 200, "{query}");
        assert!(!found.is_empty(), "{query}");
        assert!(found.iter().all(|item| item["entry"]["operation"] == operation), "{query}: {page}");
    }
    for query in ["from=2027-01-01T00:00:00Z", "status=denied&operation=data.read_rows", "member=mem_nobody"] {
        assert_eq!(look(&app, &token, query).await.1["items"], serde_json::json!([]), "{query}");
    }
    for query in ["status=done", "from=yesterday", "limit=0", "who=me"] {
        assert_eq!(look(&app, &token, query).await.0, 400, "{query}");
    }
}

/// Unpacks an archive with the system's own tool; gives the one folder in it.
fn unpack(bytes: &[u8], at: &Path) -> PathBuf {
    std::fs::create_dir_all(at).unwrap();
    std::fs::write(at.join("export.tar"), bytes).unwrap();
    let status = std::process::Command::new("tar").args(["-xf", "export.tar"]).current_dir(at).status();
    assert!(status.unwrap().success());
    let mut folders = std::fs::read_dir(at).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    folders.next().unwrap()
}

async fn export(app: &TestApp, auditor: &mut Browser<'_>, format: &str) -> (u16, Vec<u8>) {
    let token = auditor.get("/en/ledger/export").await.form_token();
    let fields = [
        ("form_token", token.as_str()),
        ("from", "2026-03-01"),
        ("until", "2026-03-31"),
        ("format", format),
        ("reason", "Monthly review of March"),
    ];
    let request = auditor.request(app.post("/en/ledger/export").form(&fields));
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.bytes().await.unwrap().to_vec())
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap()
}

fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finalize().into()
}

/// RFC 6962 section 2.1, word for word.
fn root(leaves: &[[u8; 32]]) -> [u8; 32] {
    match leaves {
        [] => sha256(&[]),
        [one] => *one,
        many => {
            let split = 1 << (usize::BITS - 1 - (many.len() - 1).leading_zeros());
            sha256(&[&[1], &root(&many[..split]), &root(&many[split..])])
        }
    }
}

/// Reads an export with nothing of ours: hashes of files, lines, leaves, and the root in the checkpoint.
fn read_independently(folder: &Path) -> (Value, u64) {
    let manifest: Value = serde_json::from_slice(&std::fs::read(folder.join("manifest.json")).unwrap()).unwrap();
    let mut leaves = Vec::new();
    for file in manifest["files"].as_array().unwrap() {
        let name = file["name"].as_str().unwrap();
        let bytes = std::fs::read(folder.join(name)).unwrap();
        let hex: String = sha256(&[&bytes]).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(file["sha256"], hex, "{name}");
        if !name.starts_with("entries/") {
            continue;
        }
        for line in String::from_utf8(bytes).unwrap().lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            assert_eq!(line["index"], leaves.len());
            let entry = STANDARD.decode(line["bytes"].as_str().unwrap()).unwrap();
            let leaf = sha256(&[&[0], &entry]);
            assert_eq!(line["leaf_hash"], STANDARD.encode(leaf));
            leaves.push(leaf);
        }
    }
    assert_eq!((manifest["start"].as_u64(), manifest["end"].as_u64()), (Some(0), Some(count(leaves.len()))));
    assert_eq!(manifest["root"], STANDARD.encode(root(&leaves)));
    let checkpoint = std::fs::read_to_string(folder.join("checkpoint")).unwrap();
    assert_eq!(checkpoint.lines().nth(2), manifest["root"].as_str());
    assert_eq!(checkpoint.lines().nth(1), Some(leaves.len().to_string().as_str()));
    (manifest, count(leaves.len()))
}

#[tokio::test]
async fn an_export_of_every_form_is_proved_by_a_reader_of_its_own_and_by_ours() {
    let app = TestApp::start().await;
    let bearer = read_rows(&app, &app.fixture.reader).await;
    let mut auditor = Browser::of(&app, Role::Auditor).await;
    let key = app.get("/ledger/verifier").send().await.unwrap().text().await.unwrap();
    let verifier = LogVerifier::parse(key.trim_end()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for format in ["ndjson", "csv", "fhir-r4", "fhir-r5"] {
        let (status, bytes) = export(&app, &mut auditor, format).await;
        assert_eq!(status, 200, "{format}");
        let unpacked = unpack(&bytes, &folder.path().join(format));
        let (manifest, entries) = read_independently(&unpacked);
        assert_eq!(
            (manifest["kind"].as_str(), manifest["from"].as_str()),
            (Some(format), Some("2026-02-28T15:00:00Z"))
        );
        let checked = verify_export(&unpacked, &verifier, |_, _| {}).unwrap();
        assert_eq!(checked.entries, entries);
        let shown = unpacked.join("fhir/0000000000000000.ndjson");
        if format.starts_with("fhir") {
            let text = std::fs::read_to_string(shown).unwrap();
            assert_eq!(count(text.lines().count()), entries);
            assert!(text.contains("urn:ietf:params:oauth:jti:") && !text.contains(&bearer));
        } else {
            assert!(!shown.exists());
        }
    }
}

#[tokio::test]
async fn an_export_leaves_its_reason_before_and_its_size_after() {
    let app = TestApp::start().await;
    let mut auditor = Browser::of(&app, Role::Auditor).await;
    let (_, bytes) = export(&app, &mut auditor, "csv").await;
    let entries = app.entries().await;
    let of = |kind| entries.iter().find(|entry| entry.operation == "ledger.export" && entry.kind == kind).unwrap();
    let (intent, outcome) = (of(Kind::Intent), of(Kind::Outcome));
    assert_eq!(intent.detail.as_deref(), Some("Monthly review of March"));
    assert_eq!(intent.filter.as_deref(), Some("csv 2026-03-01..2026-03-31"));
    assert_eq!((outcome.status, outcome.bytes), (Some(Status::Completed), Some(count(bytes.len()))));
    assert!(outcome.rows > Some(0) && outcome.member.is_some());
}

#[tokio::test]
async fn an_export_needs_a_reason_a_period_and_a_form() {
    let app = TestApp::start().await;
    let mut auditor = Browser::of(&app, Role::Auditor).await;
    let good = [("from", "2026-03-01"), ("until", "2026-03-31"), ("format", "csv"), ("reason", "A good reason")];
    for (field, value) in [
        ("reason", ""),
        ("reason", "  x "),
        ("from", ""),
        ("from", "2026-02-30"),
        ("until", "2026-02-01"),
        ("format", "pdf"),
    ] {
        let fields: Vec<(&str, &str)> =
            good.iter().map(|(name, old)| (*name, if *name == field { value } else { *old })).collect();
        let shown: Shown = auditor.submit("/en/ledger/export", "/en/ledger/export", &fields).await;
        assert_eq!(shown.status, 422, "{field}={value}");
        assert!(shown.body.contains("role=\"alert\""));
    }
    assert!(app.entries().await.iter().all(|entry| entry.operation != "ledger.export"));
    let mut reviewer = Browser::of(&app, Role::Reviewer).await;
    assert_eq!(reviewer.get("/en/ledger/export").await.status, 403);
    let shown = reviewer.submit("/en/home", "/en/ledger/export", &good).await;
    assert_eq!(shown.status, 403);
}

#[tokio::test]
async fn the_page_for_the_minutes_shows_a_checkpoint_that_verifies() {
    let app = TestApp::start().await;
    let mut auditor = Browser::of(&app, Role::Auditor).await;
    for language in ["ko", "en"] {
        let shown = auditor.get(&format!("/{language}/ledger/checkpoint")).await;
        let key = app.get("/ledger/verifier").send().await.unwrap().text().await.unwrap();
        let origin = key.split('+').next().unwrap();
        let note = shown.between(&format!("<pre tabindex=\"0\"><code>{origin}"), "</code>").unwrap();
        let note = format!("{origin}{note}").replace("&#43;", "+");
        let verifier = LogVerifier::parse(key.trim_end()).unwrap();
        assert!(mudeung_wire::ledger::checkpoint::Checkpoint::verify(&note, &verifier).unwrap().size > 0);
        assert!(shown.body.contains(key.trim_end()) || shown.body.replace("&#43;", "+").contains(key.trim_end()));
    }
}
