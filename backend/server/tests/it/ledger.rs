//! The ledger from outside, checked with nothing but what it publishes.

use crate::app::TestApp;
use mudeung_wire::ledger::checkpoint::{Checkpoint, LogVerifier};
use mudeung_wire::ledger::tree::{CompactRange, Hash};
use std::path::PathBuf;
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
    let fresh = app.folder().join("fresh.sqlite").display().to_string();
    mudeung_store::Ledger::migrate(&fresh).unwrap();
    app.token(&app.fixture.reader).await;
    checkpoint(&app, 1).await;
    let (size, note) = app.state().ledger.latest_checkpoint().await.unwrap().unwrap();
    let cut = mudeung_store::Ledger::open(&fresh, mudeung_store::LedgerOptions::default()).unwrap();
    let head = mudeung_store::TreeHead { size, root: [0; 32] };
    cut.save_checkpoint(head, &note).await.unwrap();
    let refused = mudeung_server::ledger::publisher::check_extension(&cut, &verifier(&app).await).await;
    let message = refused.unwrap_err().to_string();
    assert!(message.contains("has 0 entries") && message.contains("restored from an old copy"), "{message}");
}
