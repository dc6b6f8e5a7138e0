//! Attacks on the ledger as a whole: what was signed for is kept apart from it, so every other past is noticed.

use mudeung_core::clock::CountingEntropy;
use mudeung_server::keys::Keys;
use mudeung_server::ledger::signer::{Inconsistent, Signer};
use mudeung_store::checkpoints::{CheckpointStore, Signed};
use mudeung_store::{Ledger, LedgerOptions};
use mudeung_wire::ledger::checkpoint::LogVerifier;
use mudeung_wire::ledger::entry::{Entry, Kind};
use std::path::Path;

const ORIGIN: &str = "hospital.example/ledger";

/// One machine: ledgers in its folder, a key, and a store of checkpoints.
struct Machine {
    folder: tempfile::TempDir,
    keys: Keys,
    checkpoints: CheckpointStore,
}

impl Machine {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let keys = Keys::load_or_create(&folder.path().join("keys"), None, &CountingEntropy::default()).unwrap();
        let checkpoints = CheckpointStore::open(&folder.path().join("checkpoints.sqlite").display().to_string());
        Self { folder, keys, checkpoints: checkpoints.unwrap() }
    }

    fn open(&self, name: &str) -> Ledger {
        let url = self.folder.path().join(name).display().to_string();
        Ledger::migrate(&url).unwrap();
        Ledger::open(&url, LedgerOptions::default()).unwrap()
    }

    /// Ends a ledger and copies its file, as a backup does.
    async fn back_up(&self, ledger: Ledger, from: &str, to: &str) {
        ledger.close().await;
        drop(ledger);
        for suffix in ["", "-wal"] {
            let file = |name: &str| self.folder.path().join(format!("{name}{suffix}"));
            if Path::exists(&file(from)) {
                std::fs::copy(file(from), file(to)).unwrap();
            }
        }
    }

    async fn sign(&self, ledger: &Ledger) -> Result<Signed, Inconsistent> {
        self.sign_into(ledger, &self.checkpoints).await
    }

    async fn sign_into(&self, ledger: &Ledger, checkpoints: &CheckpointStore) -> Result<Signed, Inconsistent> {
        self.sign_as(ORIGIN, ledger, checkpoints).await
    }

    async fn sign_as(&self, origin: &str, ledger: &Ledger, store: &CheckpointStore) -> Result<Signed, Inconsistent> {
        let key = self.keys.ledger();
        let verifiers = [LogVerifier::new(origin.to_owned(), key.verifying_key())];
        Signer { ledger, checkpoints: store, origin, key, verifiers: &verifiers }.sign().await
    }
}

async fn append(ledger: &Ledger, numbers: std::ops::Range<u8>) {
    for n in numbers {
        ledger.append(Entry::new(Kind::Outcome, "data.read_rows", i64::from(n), [n; 16])).await.unwrap();
    }
}

#[tokio::test]
async fn a_restored_backup_is_refused_before_and_after_it_was_added_to() {
    let machine = Machine::new();
    let ledger = machine.open("ledger.sqlite");
    append(&ledger, 0..5).await;
    assert_eq!(machine.sign(&ledger).await.unwrap().head.size, 5);
    machine.back_up(ledger, "ledger.sqlite", "backup.sqlite").await;
    let ledger = machine.open("ledger.sqlite");
    append(&ledger, 5..10).await;
    assert_eq!(machine.sign(&ledger).await.unwrap().head.size, 10);

    let restored = machine.open("backup.sqlite");
    let refused = machine.sign(&restored).await;
    assert!(matches!(refused, Err(Inconsistent::Truncated { size: 5, signed: 10 })), "{refused:?}");
    append(&restored, 20..25).await;
    let refused = machine.sign(&restored).await;
    assert!(matches!(refused, Err(Inconsistent::Changed(10))), "as long as what was signed: {refused:?}");
    append(&restored, 25..35).await;
    let refused = machine.sign(&restored).await;
    assert!(matches!(refused, Err(Inconsistent::Changed(10))), "longer than what was signed: {refused:?}");
    restored.verify(|_, _| {}).await.expect("by itself it holds: only what is kept apart tells");
    assert_eq!(machine.sign(&ledger).await.unwrap().head.size, 10, "the true one goes on");
    let renamed = machine.sign_as("hospital.example/ledger2", &restored, &machine.checkpoints).await;
    assert_eq!(renamed.unwrap().head.size, 20, "a loss that is owned up to is another log, for all to see");
}

#[tokio::test]
async fn two_halves_of_a_split_brain_never_sign_two_pasts() {
    let machine = Machine::new();
    let first = machine.open("first.sqlite");
    append(&first, 0..4).await;
    machine.back_up(first, "first.sqlite", "second.sqlite").await;
    let halves = [machine.open("first.sqlite"), machine.open("second.sqlite")];
    append(&halves[0], 10..16).await;
    append(&halves[1], 30..36).await;
    let both = tokio::join!(machine.sign(&halves[0]), machine.sign(&halves[1]));
    let won = [&both.0, &both.1].into_iter().filter(|signed| signed.is_ok()).count();
    assert_eq!(won, 1, "{both:?}");
    let lost = if both.0.is_ok() { 1 } else { 0 };
    for grown in [40..41, 41..60] {
        append(&halves[lost], grown).await;
        assert!(matches!(machine.sign(&halves[lost]).await, Err(Inconsistent::Changed(10))));
    }
    append(&halves[1 - lost], 70..71).await;
    assert_eq!(machine.sign(&halves[1 - lost]).await.unwrap().head.size, 11);
}

#[tokio::test]
async fn several_processes_on_one_ledger_sign_one_checkpoint_for_each_size() {
    let machine = Machine::new();
    let nodes = [machine.open("ledger.sqlite"), machine.open("ledger.sqlite"), machine.open("ledger.sqlite")];
    let mut seen = std::collections::BTreeMap::new();
    for n in 0..12 {
        append(&nodes[usize::from(n) % 3], n..n + 1).await;
        let (a, b, c) = tokio::join!(machine.sign(&nodes[0]), machine.sign(&nodes[1]), machine.sign(&nodes[2]));
        for signed in [a.unwrap(), b.unwrap(), c.unwrap()] {
            assert_eq!(signed.head.size, u64::from(n) + 1, "never back");
            let kept = seen.entry(signed.head.size).or_insert_with(|| signed.note.clone());
            assert_eq!(*kept, signed.note, "one note for one size");
        }
    }
}

#[tokio::test]
async fn a_store_of_checkpoints_that_was_lost_or_restored_is_refused() {
    let machine = Machine::new();
    let ledger = machine.open("ledger.sqlite");
    append(&ledger, 0..3).await;
    let old = machine.sign(&ledger).await.unwrap();
    append(&ledger, 3..6).await;
    machine.sign(&ledger).await.unwrap();
    let other = |name: &str| CheckpointStore::open(&machine.folder.path().join(name).display().to_string()).unwrap();
    let refused = machine.sign_into(&ledger, &other("empty.sqlite")).await;
    assert!(matches!(refused, Err(Inconsistent::StoreLost(6))), "{refused:?}");
    let restored = other("old.sqlite");
    assert!(restored.swap(ORIGIN, None, &old).await.unwrap());
    let refused = machine.sign_into(&ledger, &restored).await;
    assert!(matches!(refused, Err(Inconsistent::StoreOld { kept: 3, signed: 6 })), "{refused:?}");
    let forged = other("forged.sqlite");
    let note = old.note.replace("\n3\n", "\n6\n");
    assert!(forged.swap(ORIGIN, None, &Signed { note, ..old }).await.unwrap());
    let refused = machine.sign_into(&ledger, &forged).await;
    assert!(matches!(refused, Err(Inconsistent::OtherKey(_))), "{refused:?}");
}
