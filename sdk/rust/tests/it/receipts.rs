//! Receipts without being asked: fetched, checked and kept, and what happens when one does not hold.

use crate::sandbox::{Reply, Sandbox};
use ed25519_dalek::SigningKey;
use futures_util::TryStreamExt;
use mudeung_sdk::{ApiError, Client, RetryPolicy, trust};
use mudeung_wire::ledger::checkpoint::{Checkpoint, LogVerifier};
use mudeung_wire::ledger::entry::{Entry, Kind};
use mudeung_wire::ledger::proof::TlogProof;
use mudeung_wire::ledger::tree::{CompactRange, leaf_hash, prove_inclusion};
use serde_json::json;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const ORIGIN: &str = "example.org/ledger";

/// The vectors that the checkers in all languages are tested with.
fn vectors() -> serde_json::Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../python/tests/proofs.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn case(name: &str) -> String {
    let vectors = vectors();
    let cases = vectors["cases"].as_array().unwrap();
    cases.iter().find(|case| case["name"] == name).unwrap()["proof"].as_str().unwrap().to_owned()
}

/// A log of small entries; from `forked_at` on they are others than those of the usual one.
#[derive(Clone, Copy)]
struct Log {
    size: u64,
    forked_at: u64,
}

impl Log {
    fn of(size: u64) -> Self {
        Self { size, forked_at: u64::MAX }
    }

    fn key() -> SigningKey {
        SigningKey::from_bytes(&[1; 32])
    }

    fn verifier() -> String {
        LogVerifier::new(ORIGIN.to_owned(), Self::key().verifying_key()).to_string()
    }

    fn entry(self, index: u64) -> Vec<u8> {
        let nonce = [u8::from(index >= self.forked_at); 16];
        Entry::new(Kind::Intent, "data.read_rows", i64::try_from(index).unwrap(), nonce).to_bytes().unwrap()
    }

    fn proof(self, index: u64) -> String {
        let (mut range, mut nodes) = (CompactRange::default(), HashMap::new());
        for index in 0..self.size {
            range.append(leaf_hash(&self.entry(index)), |level, at, hash| _ = nodes.insert((level, at), hash));
        }
        let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size: self.size, root: range.root() };
        let hashes = prove_inclusion(index, self.size, &mut |level, at| nodes.get(&(level, at)).copied()).unwrap();
        let extra = Some(self.entry(index));
        TlogProof { extra, index, hashes, checkpoint: checkpoint.sign(&Self::key()) }.to_string()
    }

    /// The one tile of a small log.
    fn tile(self) -> Vec<u8> {
        (0..self.size).flat_map(|index| leaf_hash(&self.entry(index))).collect()
    }
}

/// A sandbox whose first answer stands on entry 5 and whose second one on entry 6, each under a log of its time.
async fn sandbox_of(first: Log, second: Log) -> Sandbox {
    let answers = AtomicUsize::new(0);
    Sandbox::start(move |seen| {
        let list = Reply::json(&json!({ "items": [], "next_cursor": null }));
        let log = [first, second].into_iter().find(|log| seen.target == format!("/ledger/tile/0/000.p/{}", log.size));
        match (seen.target.as_str(), log) {
            ("/v1/datasets", _) => {
                let index = 5 + answers.fetch_add(1, Ordering::SeqCst);
                list.with("Mudeung-Receipt", index.to_string())
            }
            ("/v1/receipts/5", _) => held(&first.proof(5)),
            ("/v1/receipts/6", _) => held(&second.proof(6)),
            (_, Some(log)) => Reply::new(200, "application/octet-stream", log.tile()),
            _ => Reply::problem(404, "not_found"),
        }
    })
    .await
}

#[tokio::test]
async fn each_checkpoint_must_continue_the_one_that_is_held() {
    let fork = |size, forked_at| Log { size, forked_at };
    for (first, second, holds) in [
        (Log::of(9), Log::of(9), true),
        (Log::of(9), Log::of(14), true),
        (Log::of(14), Log::of(9), true),
        (Log::of(9), fork(9, 8), false),
        (Log::of(9), fork(14, 8), false),
        (Log::of(14), fork(9, 6), false),
        // What comes later may be anything.
        (Log::of(9), fork(14, 9), true),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = sandbox_of(first, second).await;
        let trust = trust([Log::verifier().as_str()], [], 0).unwrap();
        let connect = || {
            let builder = Client::builder(&sandbox.base).credentials("app_1", "s3cret");
            builder.receipts(folder.path(), trust.clone()).build().unwrap()
        };
        let client = connect();
        read(&client).await.unwrap();
        client.receipts_kept(PATIENCE).await.unwrap();
        // Another process knows no more than what is in the folder.
        let later = connect();
        read(&later).await.unwrap();
        let outcome = later.receipts_kept(PATIENCE).await;
        let said = format!("{} then {}, forked at {}: {outcome:?}", first.size, second.size, second.forked_at);
        match outcome {
            Ok(()) => {
                assert!(holds, "{said}");
                let held = std::fs::read_to_string(folder.path().join("checkpoint")).unwrap();
                assert!(held.lines().nth(1) == Some(&first.size.max(second.size).to_string()), "{said}: {held}");
            }
            Err(ApiError::Receipt { index: 6, .. }) => assert!(!holds, "{said}"),
            Err(_) => panic!("{said}"),
        }
    }
}

/// A sandbox whose answers stand on entry 5, whose proof is what `proof` answers.
async fn sandbox(proof: impl Fn(usize) -> Reply + Send + Sync + 'static) -> Sandbox {
    let asked = AtomicUsize::new(0);
    Sandbox::start(move |seen| match seen.target.as_str() {
        "/v1/datasets" => Reply::json(&json!({ "items": [], "next_cursor": null })).with("Mudeung-Receipt", "5"),
        "/v1/receipts/5" => proof(asked.fetch_add(1, Ordering::SeqCst)),
        _ => Reply::problem(404, "not_found"),
    })
    .await
}

fn held(text: &str) -> Reply {
    Reply::new(200, "application/vnd.c2sp.tlog-proof", text)
}

fn client(sandbox: &Sandbox, folder: &Path) -> Client {
    let vectors = vectors();
    let (log, witness) = (vectors["log"].as_str().unwrap(), vectors["witness"].as_str().unwrap());
    let trust = trust([log], [witness], 1).unwrap();
    let retry = RetryPolicy { attempts: 1, ..RetryPolicy::default() };
    let builder = Client::builder(&sandbox.base).credentials("app_1", "s3cret").retry(retry);
    builder.receipts(folder, trust).build().unwrap()
}

async fn read(client: &Client) -> Result<(), ApiError> {
    client.datasets().try_collect::<Vec<_>>().await.map(drop)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn the_proof_of_an_access_is_checked_and_kept_with_its_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let good = case("an entry in the middle");
    let (given, kept) = (good.clone(), folder.path().join("receipts"));
    let sandbox = sandbox(move |_| held(&given)).await;
    let client = client(&sandbox, &kept);
    read(&client).await.unwrap();
    assert_eq!(names(&kept), ["5.pending"], "remembered before anything else");
    client.receipts_kept(PATIENCE).await.unwrap();
    assert_eq!(names(&kept), ["5.tlog-proof", "checkpoint"]);
    assert_eq!(std::fs::read_to_string(kept.join("5.tlog-proof")).unwrap(), good);
    read(&client).await.unwrap();
    client.receipts_kept(PATIENCE).await.unwrap();
    assert_eq!(sandbox.seen("/v1/receipts/5").len(), 1, "what is kept is not asked for again");
}

#[tokio::test]
async fn a_ledger_that_does_not_show_what_it_signed_for_does_not_hold() {
    let folder = tempfile::tempdir().unwrap();
    let trust = trust([Log::verifier().as_str()], [], 0).unwrap();
    let connect = |sandbox: &Sandbox| {
        let builder = Client::builder(&sandbox.base).credentials("app_1", "s3cret");
        builder.receipts(folder.path(), trust.clone()).build().unwrap()
    };
    let before = connect(&sandbox_of(Log::of(14), Log::of(14)).await);
    read(&before).await.unwrap();
    before.receipts_kept(PATIENCE).await.unwrap();
    // It was set back, and has another entry in place of the one that is held.
    std::fs::remove_file(folder.path().join("5.tlog-proof")).unwrap();
    let after = connect(&sandbox_of(Log::of(9), Log::of(9)).await);
    read(&after).await.unwrap();
    let error = after.receipts_kept(PATIENCE).await.unwrap_err();
    assert!(error.to_string().contains("of the 14 entries that it signed for"), "{error}");
}

#[tokio::test]
async fn nobody_needs_to_ask_for_them() {
    let folder = tempfile::tempdir().unwrap();
    let good = case("an entry in the middle");
    let sandbox = sandbox(move |_| held(&good)).await;
    let client = client(&sandbox, folder.path());
    read(&client).await.unwrap();
    drop(client);
    let start = std::time::Instant::now();
    while !folder.path().join("5.tlog-proof").exists() {
        assert!(start.elapsed() < PATIENCE, "{:?}", names(folder.path()));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_proof_that_is_not_there_yet_is_asked_for_later_also_by_another_process() {
    let folder = tempfile::tempdir().unwrap();
    let good = case("an entry in the middle");
    let sandbox = sandbox(move |asked| match asked {
        0 | 1 => Reply::problem(503, "ledger_unavailable"),
        _ => held(&good),
    })
    .await;
    let first = client(&sandbox, folder.path());
    read(&first).await.unwrap();
    let error = first.receipts_kept(Duration::ZERO).await.unwrap_err();
    assert!(error.is_temporary(), "{error:?}");
    read(&first).await.unwrap();
    drop(first);
    assert_eq!(names(folder.path()), ["5.pending"]);
    let second = client(&sandbox, folder.path());
    second.receipts_kept(PATIENCE).await.unwrap();
    assert_eq!(names(folder.path()), ["5.tlog-proof", "checkpoint"]);
}

#[tokio::test]
async fn a_proof_that_does_not_hold_is_an_error_and_nothing_more_is_asked() {
    let vectors = vectors();
    let mut tried = 0;
    let cases = vectors["cases"].as_array().unwrap().iter();
    for bad in cases.filter(|case| case["holds"] == false) {
        let folder = tempfile::tempdir().unwrap();
        let proof: Arc<str> = bad["proof"].as_str().unwrap().into();
        let sandbox = sandbox(move |_| held(&proof)).await;
        let client = client(&sandbox, folder.path());
        read(&client).await.unwrap();
        let error = client.receipts_kept(PATIENCE).await.unwrap_err();
        assert!(matches!(error, ApiError::Receipt { index: 5, .. }), "{}: {error:?}", bad["name"]);
        assert!(error.to_string().contains("DOES NOT HOLD"), "{error}");
        assert_eq!(names(folder.path()), ["5.broken-proof", "5.pending"], "{}", bad["name"]);
        let again = read(&client).await.unwrap_err();
        assert!(matches!(again, ApiError::Receipt { index: 5, .. }), "{again:?}");
        tried += 1;
    }
    assert!(tried > 10);
}

#[tokio::test]
async fn the_proof_of_another_entry_is_no_receipt() {
    let vectors = vectors();
    let cases = vectors["cases"].as_array().unwrap();
    let other = cases.iter().find(|case| {
        case["holds"] == true && case["threshold"] == 1 && !case["proof"].as_str().unwrap().contains("\nindex 5\n")
    });
    let proof = other.unwrap()["proof"].as_str().unwrap().to_owned();
    let folder = tempfile::tempdir().unwrap();
    let sandbox = sandbox(move |_| held(&proof)).await;
    let client = client(&sandbox, folder.path());
    read(&client).await.unwrap();
    let error = client.receipts_kept(PATIENCE).await.unwrap_err();
    assert!(error.to_string().contains("it is the proof of entry"), "{error}");
}

#[tokio::test]
async fn what_is_never_to_be_had_is_said_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = sandbox(|_| Reply::problem(403, "insufficient_scope")).await;
    let client = client(&sandbox, folder.path());
    read(&client).await.unwrap();
    let start = std::time::Instant::now();
    let error = client.receipts_kept(PATIENCE).await.unwrap_err();
    assert!(matches!(error, ApiError::Problem(_)) && start.elapsed() < Duration::from_secs(1), "{error:?}");
    read(&client).await.unwrap();
}
