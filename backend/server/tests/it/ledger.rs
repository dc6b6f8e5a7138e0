//! The ledger from outside, checked with nothing but what it publishes.

use crate::app::TestApp;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mudeung_wire::ledger::audit::{
    AuditError, Audited, BrokenLog, Source, audit_log, fetch_consistency, fetch_inclusion,
};
use mudeung_wire::ledger::checkpoint::{Checkpoint, LogVerifier};
use mudeung_wire::ledger::proof::{PROOF_MEDIA_TYPE, TlogProof};
use mudeung_wire::ledger::tree::{CompactRange, Hash, leaf_hash, verify_consistency};
use mudeung_wire::ledger::trust::Trust;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Takes the ledger's file away, as a volume that is gone would; puts it back when dropped.
pub(crate) struct Away {
    place: PathBuf,
    elsewhere: PathBuf,
}

impl Away {
    /// Takes the file away.
    pub(crate) fn take(app: &TestApp) -> Self {
        let (place, elsewhere) = (app.folder().join("ledger.sqlite"), app.folder().join("ledger.away"));
        std::fs::rename(&place, &elsewhere).unwrap();
        Self { place, elsewhere }
    }
}

impl Drop for Away {
    fn drop(&mut self) {
        std::fs::rename(&self.elsewhere, &self.place).unwrap();
    }
}

async fn text(app: &TestApp, path: &str) -> String {
    let answer = app.get(path).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    answer.text().await.unwrap()
}

async fn verifier(app: &TestApp) -> LogVerifier {
    LogVerifier::parse(text(app, "/ledger/verifier").await.trim_end()).unwrap()
}

/// Waits for a checkpoint over at least so many entries.
async fn checkpoint(app: &TestApp, size: u64) -> Checkpoint {
    let verifier = verifier(app).await;
    let began = Instant::now();
    loop {
        let note = text(app, "/ledger/checkpoint").await;
        let checkpoint = Checkpoint::verify(&note, &verifier).unwrap();
        if checkpoint.size >= size {
            return checkpoint;
        }
        assert!(began.elapsed() < Duration::from_secs(5), "no checkpoint over {size} entries: {note}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_checkpoint_follows_growth_within_a_second_and_its_root_is_that_of_the_tiles() {
    let app = TestApp::start().await;
    let first = checkpoint(&app, 0).await;
    for _ in 0..5 {
        app.token(&app.fixture.reader).await;
    }
    let began = Instant::now();
    let grown = checkpoint(&app, first.size + 5).await;
    assert!(began.elapsed() < Duration::from_secs(1));
    let path = format!("/ledger/tile/0/000.p/{}", grown.size);
    let answer = app.get(&path).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/octet-stream");
    assert!(!answer.headers()["cache-control"].to_str().unwrap().contains("immutable"));
    let tile = answer.bytes().await.unwrap();
    let mut range = CompactRange::default();
    for hash in tile.chunks(32) {
        range.append(Hash::try_from(hash).unwrap(), |_, _, _| {});
    }
    assert_eq!((range.size(), range.root()), (grown.size, grown.root));
}

#[tokio::test]
async fn a_full_tile_may_be_kept_for_ever_and_one_beyond_the_checkpoint_is_not_there() {
    let app = TestApp::start_with(|config| config.limits.tokens_per_minute = 1_000).await;
    for _ in 0..260 {
        app.token(&app.fixture.reader).await;
    }
    let grown = checkpoint(&app, 260).await;
    let answer = app.get("/ledger/tile/0/000").send().await.unwrap();
    assert_eq!(answer.headers()["cache-control"], "public, max-age=31536000, immutable");
    assert_eq!(answer.bytes().await.unwrap().len(), 256 * 32);
    assert_eq!(app.get("/ledger/tile/1/000.p/1").send().await.unwrap().status(), 200);
    let beyond = grown.size - 256 + 1;
    for path in [format!("/ledger/tile/0/001.p/{beyond}"), "/ledger/tile/0/001".to_owned()] {
        assert_eq!(app.get(&path).send().await.unwrap().status(), 404, "{path}");
    }
}

/// A server as somebody elsewhere sees it.
struct Outside {
    http: reqwest::Client,
    url: String,
}

impl Source for Outside {
    type Error = String;

    async fn get(&self, path: String) -> Result<Vec<u8>, String> {
        let answer = self.http.get(format!("{}/ledger/{path}", self.url)).send().await.map_err(|e| e.to_string())?;
        let status = answer.status();
        if status != 200 {
            return Err(format!("{path}: {status}"));
        }
        Ok(answer.bytes().await.map_err(|error| error.to_string())?.to_vec())
    }
}

#[tokio::test]
async fn an_auditor_checks_the_whole_log_and_makes_proofs_from_what_it_publishes() {
    let app = TestApp::start_with(|config| config.limits.tokens_per_minute = 1_000).await;
    let trust = Trust::log(verifier(&app).await);
    let outside = Outside { http: app.http.clone(), url: app.url.clone() };
    for _ in 0..20 {
        app.token(&app.fixture.reader).await;
    }
    checkpoint(&app, 20).await;
    let held = audit_log(&outside, &trust, None, |_, _| {}).await.unwrap();
    for _ in 0..260 {
        app.token(&app.fixture.reader).await;
    }
    checkpoint(&app, 280).await;
    let Audited { witnessed, .. } = audit_log(&outside, &trust, None, |_, _| {}).await.unwrap();
    assert!(witnessed.checkpoint.size >= 280);
    let first = &held.witnessed.checkpoint;
    audit_log(&outside, &trust, Some(first), |_, _| {}).await.unwrap();
    let forked = Checkpoint { root: [1; 32], ..first.clone() };
    let found = audit_log(&outside, &trust, Some(&forked), |_, _| {}).await;
    assert_eq!(found, Err(AuditError::Broken(BrokenLog::Forked(first.size))));
    let proof = fetch_consistency(&outside, &trust, None, first.size).await.unwrap();
    assert!(proof.verify(first, &trust).unwrap().checkpoint.size >= 280);
    // Under the checkpoint that was held, and so out of tiles as they were then.
    let entry = app.state().ledger.entry(7).await.unwrap().unwrap().to_bytes().unwrap();
    let proof = fetch_inclusion(&outside, &trust, Some(&held.note), 7).await.unwrap();
    assert_eq!(proof.verify(&leaf_hash(&entry), &trust).unwrap().checkpoint, *first);
}

#[tokio::test]
async fn the_log_goes_on_under_the_same_key_after_a_restart() {
    let app = TestApp::start().await;
    app.token(&app.fixture.reader).await;
    let (before, key) = (checkpoint(&app, 1).await, verifier(&app).await);
    let old_url = app.url.clone();
    let app = app.restart().await;
    assert_ne!(app.url, old_url, "another port");
    assert!(checkpoint(&app, before.size).await.size >= before.size);
    assert_eq!(verifier(&app).await, key, "the same name and key all the same");
}

#[tokio::test]
async fn a_server_does_not_start_on_a_ledger_that_was_cut_off() {
    let app = TestApp::start().await;
    app.token(&app.fixture.reader).await;
    checkpoint(&app, 1).await;
    let folder = app.stop().await;
    let url = folder.path().join("ledger.sqlite").display().to_string();
    for file in ["ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"] {
        // Not all of them are there after a clean stop.
        let _ = std::fs::remove_file(folder.path().join(file));
    }
    mudeung_store::Ledger::migrate(&url).unwrap();
    let refused = crate::app::start_again(folder.path()).await;
    let message = refused.err().unwrap().to_string();
    assert!(message.contains("has 0 entries") && message.contains("restored from an old copy"), "{message}");
    // Nothing was added to what is not the ledger.
    let cut = mudeung_store::Ledger::open(&url, mudeung_store::LedgerOptions::default()).unwrap();
    assert_eq!(cut.head().await.unwrap().size, 0);
}

fn hashes(values: &serde_json::Value) -> Vec<Hash> {
    let decode = |value: &serde_json::Value| STANDARD.decode(value.as_str().unwrap()).unwrap().try_into().unwrap();
    values.as_array().unwrap().iter().map(decode).collect()
}

async fn check(app: &TestApp, note: &str) -> (u16, serde_json::Value) {
    let answer = app.post("/ledger/check").body(note.to_owned()).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn consistency_is_proved_between_any_two_signed_sizes_and_no_others() {
    let app = TestApp::start().await;
    let first = checkpoint(&app, 0).await;
    for _ in 0..5 {
        app.token(&app.fixture.reader).await;
    }
    let last = checkpoint(&app, first.size + 5).await;
    let answer = app.get(&format!("/ledger/proof/consistency?from={}", first.size)).send().await.unwrap();
    let proof: serde_json::Value = answer.json().await.unwrap();
    assert_eq!((proof["from"].as_u64(), proof["to"].as_u64()), (Some(first.size), Some(last.size)));
    let hashes = hashes(&proof["hashes"]);
    assert_eq!(verify_consistency(first.size, &first.root, last.size, &last.root, &hashes), Ok(()));
    for query in ["", "?from=", "?from=-1", "?from=999999", "?from=2&to=1", "?from=1&to=999999", "?from=1&size=2"] {
        let status = app.get(&format!("/ledger/proof/consistency{query}")).send().await.unwrap().status();
        assert_eq!(status, 400, "{query}");
    }
}

#[tokio::test]
async fn a_held_checkpoint_is_answered_with_a_proof_that_the_ledger_begins_with_it() {
    let app = TestApp::start().await;
    let note = text(&app, "/ledger/checkpoint").await;
    let held = Checkpoint::verify(&note, &verifier(&app).await).unwrap();
    for _ in 0..3 {
        app.token(&app.fixture.reader).await;
    }
    checkpoint(&app, held.size + 3).await;
    let before = app.entry_count().await;
    let (status, answer) = check(&app, &note).await;
    assert_eq!(status, 200);
    let present = Checkpoint::verify(answer["checkpoint"].as_str().unwrap(), &verifier(&app).await).unwrap();
    assert!(present.size >= held.size + 3);
    let proof = hashes(&answer["hashes"]);
    assert_eq!(verify_consistency(held.size, &held.root, present.size, &present.root, &proof), Ok(()));
    assert_eq!(app.entry_count().await, before, "a comparison that goes well leaves no entry");
    let forged = note.replacen("/ledger", "/lodger", 1);
    for other in [forged.as_str(), "", "x", &"x".repeat(60_000)] {
        assert_eq!(check(&app, other).await.0, 422);
    }
    assert_eq!(check(&app, &"x".repeat(70_000)).await.0, 413);
}

/// Whoever has the stolen key can sign another history. The holder of a checkpoint, or of the forged one, finds out.
#[tokio::test]
async fn a_fork_signed_with_the_logs_own_key_is_found_by_who_holds_it_and_recorded_once() {
    let app = TestApp::start().await;
    app.token(&app.fixture.reader).await;
    let real = checkpoint(&app, 1).await;
    let stolen = app.state().keys.ledger();
    let before = app.entry_count().await;
    let forks = [
        Checkpoint { root: [9; 32], ..real.clone() },
        // One that promises entries that are not there: the tail was cut off, or is shown to others alone.
        Checkpoint { size: real.size + 1_000, ..real.clone() },
    ];
    for fork in &forks {
        for _ in 0..3 {
            let (status, problem) = check(&app, &fork.sign(stolen)).await;
            assert_eq!((status, problem["code"].as_str()), (409, Some("conflict")), "{problem}");
            assert!(problem["detail"].as_str().unwrap().contains("fork"), "{problem}");
        }
    }
    let found: Vec<_> =
        app.entries().await.into_iter().filter(|entry| entry.operation == "ledger.fork_found").collect();
    assert_eq!((found.len(), app.entry_count().await), (2, before + 2), "each once");
    assert!(found[1].detail.as_ref().unwrap().contains(&STANDARD.encode([9; 32])));
}

#[tokio::test]
async fn a_receipt_is_a_proof_that_holds_offline_and_only_for_its_owner() {
    let app = TestApp::start().await;
    let token = app.token(&app.fixture.reader).await;
    let answer = app.get("/v1/datasets").bearer_auth(&token).send().await.unwrap();
    let index = answer.headers()["mudeung-receipt"].to_str().unwrap().to_owned();
    let path = format!("/v1/receipts/{index}");
    let by_accept = app.get(&path).bearer_auth(&token).header("accept", PROOF_MEDIA_TYPE).send().await.unwrap();
    assert_eq!(by_accept.headers()["content-type"], PROOF_MEDIA_TYPE);
    let by_accept = by_accept.text().await.unwrap();
    let named = format!("{path}?format=tlog-proof");
    let by_name = app.get(&named).bearer_auth(&token).send().await.unwrap().text().await.unwrap();
    let trust = Trust::log(verifier(&app).await);
    for text in [by_accept, by_name] {
        let proof = TlogProof::parse(&text).unwrap();
        assert_eq!(proof.index.to_string(), index);
        let (entry, witnessed) = proof.verify_entry(&trust).unwrap();
        assert_eq!(
            (entry.operation.as_str(), entry.app.as_ref()),
            ("catalog.list_datasets", Some(&app.fixture.reader.id))
        );
        assert!(witnessed.checkpoint.size > proof.index);
    }
    let stranger = app.token(&app.fixture.stranger).await;
    for (who, path, status) in [
        (&stranger, named.as_str(), 404),
        (&token, "/v1/receipts/999999?format=tlog-proof", 404),
        (&token, "/v1/receipts/1?format=pdf", 400),
        (&token, "/v1/receipts/1?form=json", 400),
    ] {
        assert_eq!(app.get(path).bearer_auth(who).send().await.unwrap().status(), status, "{path}");
    }
}

/// Takes the log's key away, so that another is made.
fn lose_key(folder: &Path) {
    std::fs::remove_file(folder.join("keys/ledger-ed25519.pem")).unwrap();
}

#[tokio::test]
async fn another_key_is_refused_at_the_start_unless_the_former_one_is_named() {
    let app = TestApp::start().await;
    app.token(&app.fixture.reader).await;
    let refused = app.restart_after(lose_key, |_| {}).await.err().unwrap().to_string();
    assert!(refused.contains("former_verifiers"), "{refused}");
}

#[tokio::test]
async fn after_a_change_of_the_logs_key_old_notes_and_receipts_still_verify() {
    let app = TestApp::start().await;
    let token = app.token(&app.fixture.reader).await;
    let old = verifier(&app).await;
    let old_note = text(&app, "/ledger/checkpoint").await;
    let answer = app.get("/v1/receipts/0?format=tlog-proof").bearer_auth(&token).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let old_proof = TlogProof::parse(&answer.text().await.unwrap()).unwrap();
    let former = vec![old.to_string()];
    let app = app.restart_after(lose_key, |config| config.ledger.former_verifiers = former).await.unwrap();
    let verifiers = text(&app, "/ledger/verifier").await;
    let verifiers: Vec<LogVerifier> = verifiers.lines().map(|line| LogVerifier::parse(line).unwrap()).collect();
    assert_eq!((verifiers.len(), &verifiers[1]), (2, &old));
    assert_ne!(verifiers[0], old);
    let trust = Trust::new(verifiers.clone(), vec![], 0).unwrap();
    assert!(old_proof.verify_entry(&trust).is_ok());
    assert!(old_proof.verify_entry(&Trust::log(verifiers[0].clone())).is_err());
    assert_eq!(check(&app, &old_note).await.0, 200, "the ledger begins with what the old key signed");
    // There is one note for each size: the new key signs from the next entry on.
    app.token(&app.fixture.reader).await;
    let mut signed = false;
    for _ in 0..200 {
        let new_note = text(&app, "/ledger/checkpoint").await;
        signed = Checkpoint::verify(&new_note, &verifiers[0]).is_ok();
        if signed {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(signed, "the new key never signed");
}
