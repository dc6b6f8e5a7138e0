//! Entries whose retention is over: they go with an export that proves itself, and only with that.

use mudeung_core::clock::{CountingEntropy, Timestamp};
use mudeung_server::audit::export::{Export, Format, Order};
use mudeung_server::audit::prune::{Plan, PruneError, plan};
use mudeung_server::keys::Keys;
use mudeung_server::ledger::signer::Signer;
use mudeung_store::checkpoints::CheckpointStore;
use mudeung_store::{Ledger, LedgerOptions};
use mudeung_wire::ledger::checkpoint::{Checkpoint, LogVerifier};
use mudeung_wire::ledger::entry::{Entry, Kind, Status};
use mudeung_wire::ledger::proof::TlogProof;
use mudeung_wire::ledger::pruning::{PRUNE, Pruning};
use mudeung_wire::ledger::trust::Trust;
use std::path::{Path, PathBuf};

const ORIGIN: &str = "hospital.example/ledger";

/// A ledger with 600 entries of 2023 and 100 of 2024, in Korea Standard Time.
struct Hospital {
    folder: tempfile::TempDir,
    ledger: Ledger,
    keys: Keys,
    checkpoints: CheckpointStore,
}

fn moment(text: &str) -> Timestamp {
    mudeung_server::data::usage::parse_moment(text).unwrap()
}

fn said(n: u64, operation: &str, at: Timestamp) -> Entry {
    let mut nonce = [0; 16];
    nonce[..8].copy_from_slice(&n.to_be_bytes());
    let status = Some(Status::Completed);
    Entry {
        status,
        bytes: Some(10),
        app: Some("app_1".to_owned()),
        ..Entry::new(Kind::Outcome, operation, at.micros(), nonce)
    }
}

impl Hospital {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let keys = Keys::load_or_create(&folder.path().join("keys"), None, &CountingEntropy::default()).unwrap();
        let checkpoints = CheckpointStore::open(&folder.path().join("checkpoints.sqlite").display().to_string());
        let url = folder.path().join("ledger.sqlite").display().to_string();
        Ledger::migrate(&url).unwrap();
        let ledger = Ledger::open(&url, LedgerOptions::default()).unwrap();
        for n in 0..700 {
            let at = if n < 600 { "2023-12-31T23:59:59+09:00" } else { "2024-01-01T00:00:00+09:00" };
            ledger.append_detached(said(n, "data.read_rows", moment(at)));
        }
        ledger.flush().await;
        while ledger.indexed().await.unwrap() < 700 {
            tokio::task::yield_now().await;
        }
        Self { folder, ledger, keys, checkpoints: checkpoints.unwrap() }
    }

    fn verifier(&self) -> LogVerifier {
        LogVerifier::new(ORIGIN.to_owned(), self.keys.ledger().verifying_key())
    }

    async fn sign(&self) -> String {
        let (key, verifiers) = (self.keys.ledger(), [self.verifier()]);
        let (ledger, checkpoints) = (&self.ledger, &self.checkpoints);
        Signer { ledger, checkpoints, origin: ORIGIN, key, verifiers: &verifiers }.sign().await.unwrap().note
    }

    async fn plan(&self, retention_years: u8, now: &str) -> Result<Plan, PruneError> {
        plan(&self.ledger, 2023, retention_years, moment(now)).await
    }

    async fn export(&self, name: &str, run: (u64, u64)) -> PathBuf {
        let order =
            Order { format: Format::Ndjson, from: None, until: None, made_at: moment("2026-01-01T00:00:00+09:00") };
        let note = self.sign().await;
        let mut export = Export::begin_run(&self.ledger, self.keys.ledger(), &note, order, run).await.unwrap();
        let folder = self.folder.path().join(name);
        while let Some(piece) = export.next().await.unwrap() {
            let path = folder.join(piece.name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, piece.bytes).unwrap();
        }
        folder
    }

    async fn detail(&self, plan: &Plan, folder: &Path) -> Result<String, PruneError> {
        plan.detail(&self.ledger, folder, &self.verifier()).await
    }
}

#[tokio::test]
async fn a_year_is_kept_for_its_retention_to_the_second() {
    let hospital = Hospital::new().await;
    for (years, now) in [
        (2, "2025-12-31T23:59:59+09:00"),
        (3, "2026-12-31T23:59:59+09:00"),
        (5, "2028-12-31T14:59:59Z"),
        // What a configuration could never say is taken for the least.
        (0, "2025-12-31T23:59:59+09:00"),
    ] {
        let refused = hospital.plan(years, now).await;
        assert!(matches!(refused, Err(PruneError::Kept { year: 2023, .. })), "{years} {now}: {refused:?}");
    }
    for (years, now) in
        [(2, "2026-01-01T00:00:00+09:00"), (3, "2027-01-01T00:00:00+09:00"), (5, "2028-12-31T15:00:00Z")]
    {
        let plan = hospital.plan(years, now).await.unwrap();
        assert_eq!((plan.entries.from, plan.entries.until), (0, 512), "{years} {now}");
    }
    let refused = plan(&hospital.ledger, -5, 2, moment("2026-01-01T00:00:00+09:00")).await;
    assert!(matches!(refused, Err(PruneError::Year(-5))), "{refused:?}");
    assert_eq!(hospital.ledger.pruned().await.unwrap(), 0, "a plan does nothing");
}

#[tokio::test]
async fn entries_go_with_their_export_and_receipts_of_before_still_hold() {
    let hospital = Hospital::new().await;
    let (note, ledger) = (hospital.sign().await, &hospital.ledger);
    let bytes = ledger.entry(300).await.unwrap().unwrap().to_bytes().unwrap();
    let hashes = ledger.prove(300, 700).await.unwrap().unwrap();
    let receipt = TlogProof { extra: Some(bytes.clone()), index: 300, hashes, checkpoint: note.clone() };

    let plan = hospital.plan(2, "2026-01-01T00:00:00+09:00").await.unwrap();
    let folder = hospital.export("export", (0, 512)).await;
    let detail = hospital.detail(&plan, &folder).await.unwrap();
    let pruning = Pruning::parse(&detail).unwrap();
    assert_eq!((pruning.until, pruning.year, pruning.checkpoint), (512, 2023, note));
    let now = moment("2026-01-01T00:00:00+09:00");
    let intent = Entry { detail: Some(detail), ..Entry::new(Kind::Intent, PRUNE, now.micros(), [7; 16]) };
    let intent = ledger.append(intent).await.unwrap().index;
    assert_eq!(plan.carry_out(ledger).await.unwrap(), 512);
    let outcome = Entry { intent: Some(intent), ..said(900, PRUNE, now) };
    ledger.append(outcome).await.unwrap();

    assert_eq!(ledger.verify(|_, _| {}).await.unwrap().pruned, 512);
    let trust = Trust::log(hospital.verifier());
    receipt.verify_entry(&trust).unwrap();
    // A proof under a checkpoint of afterwards, for who kept the entry.
    let note = hospital.sign().await;
    let size = Checkpoint::verify(&note, &hospital.verifier()).unwrap().size;
    let hashes = ledger.prove(300, size).await.unwrap().unwrap();
    TlogProof { extra: Some(bytes), index: 300, hashes, checkpoint: note }.verify_entry(&trust).unwrap();
    // An export of everything is one of everything that is there, and still proves itself.
    let rest = hospital.export("rest", (512, size)).await;
    mudeung_wire::ledger::export::verify_export(&rest, &hospital.verifier(), |_, _| {}).unwrap();
    let order = Order { format: Format::Csv, from: None, until: None, made_at: now };
    let note = hospital.sign().await;
    let all = Export::begin(ledger, hospital.keys.ledger(), &note, order).await.unwrap();
    assert_eq!(all.entries(), size - 512);

    assert!(matches!(plan.carry_out(ledger).await, Err(PruneError::Raced)), "once");
    assert!(hospital.plan(2, "2026-01-01T00:00:00+09:00").await.unwrap().is_empty());
}

#[tokio::test]
async fn nothing_goes_with_an_export_that_does_not_hold_or_has_other_entries() {
    let hospital = Hospital::new().await;
    let plan = hospital.plan(2, "2026-01-01T00:00:00+09:00").await.unwrap();
    for run in [(0, 511), (1, 512), (0, 700), (0, 0)] {
        let folder = hospital.export(&format!("export-{}-{}", run.0, run.1), run).await;
        let refused = hospital.detail(&plan, &folder).await;
        assert!(matches!(refused, Err(PruneError::OtherEntries { .. })), "{run:?}: {refused:?}");
    }
    let folder = hospital.export("export", (0, 512)).await;
    let file = folder.join("entries/0000000000000000.ndjson");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[200] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let refused = hospital.detail(&plan, &folder).await;
    assert!(matches!(refused, Err(PruneError::Export(_))), "{refused:?}");
    std::fs::remove_file(&file).unwrap();
    assert!(matches!(hospital.detail(&plan, &folder).await, Err(PruneError::Export(_))));
    assert_eq!(hospital.ledger.pruned().await.unwrap(), 0);
}
