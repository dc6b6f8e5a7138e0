//! Receipts without being asked: the proof of each access is fetched a moment later, checked and kept.
//!
//! A folder holds `<index>.tlog-proof` for each entry, `<index>.pending` for those whose proof is still to come (also
//! from an earlier run), and `checkpoint`, the newest one that was seen. Every proof must hold under a key that is
//! trusted, and its checkpoint must continue the one that is held or be continued by it: a ledger that was rewritten
//! cannot do that.

use super::{ProvedEntry, verify_proof, write_whole};
use crate::client::Client;
use crate::error::ApiError;
use crate::retry::Refusal;
use crate::rows::receipt;
use mudeung_wire::ledger::audit::{AuditError, Source, fetch_consistency};
use mudeung_wire::ledger::checkpoint::Checkpoint;
use mudeung_wire::ledger::proof::TlogProof;
use mudeung_wire::ledger::tree::verify_consistency;
use mudeung_wire::ledger::trust::Trust;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Accesses of so long share one walk for their proofs.
const GATHER: Duration = Duration::from_secs(2);
/// The first pause before proofs that were not to be had are asked for again, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// Walks without a single proof before the rest is left to the next run.
const FRUITLESS_MAX: u32 = 10;

/// The folder of one client.
pub(crate) struct Keeper {
    folder: PathBuf,
    trust: Trust,
    state: Mutex<State>,
    /// The newest checkpoint that was seen. Whoever fetches proofs holds the lock.
    held: tokio::sync::Mutex<Option<Held>>,
}

#[derive(Default)]
struct State {
    pending: BTreeSet<u64>,
    /// The entry whose proof does not hold, and why not.
    broken: Option<(u64, String)>,
    /// Whether a task is at work.
    at_work: bool,
}

struct Held {
    note: String,
    checkpoint: Checkpoint,
}

/// Why a proof was not kept.
enum NotKept {
    /// It does not hold.
    Broken(String),
    /// It could not be had, which says nothing about it.
    NotHad(ApiError),
}

impl From<ApiError> for NotKept {
    fn from(error: ApiError) -> Self {
        Self::NotHad(error)
    }
}

impl Keeper {
    /// Opens a folder, which is made when it is missing, with what an earlier run left to be fetched.
    pub(crate) fn open(folder: PathBuf, trust: Trust) -> Result<Self, ApiError> {
        let failed = |error| ApiError::file(&folder, error);
        std::fs::create_dir_all(&folder).map_err(failed)?;
        let mut pending = BTreeSet::new();
        for file in std::fs::read_dir(&folder).map_err(failed)? {
            let name = file.map_err(failed)?.file_name();
            let index = name.to_str().and_then(|name| name.strip_suffix(".pending")?.parse().ok());
            pending.extend::<Option<u64>>(index);
        }
        let state = State { pending, ..State::default() };
        Ok(Self { folder, trust, state: Mutex::new(state), held: tokio::sync::Mutex::new(None) })
    }

    /// The error that a proof which does not hold has become; nothing more is asked of such a server.
    pub(crate) fn broken(&self) -> Option<ApiError> {
        let (index, what) = self.state().broken.clone()?;
        Some(ApiError::Receipt { index, what, folder: self.folder.clone() })
    }

    /// Remembers an access. Answers whether somebody has to begin fetching.
    fn note(&self, index: u64) -> bool {
        if self.proof_of(index).exists() {
            return false;
        }
        // Should the mark not be written, then the proof is not either, and that is told.
        let _ = std::fs::write(self.mark_of(index), "");
        let mut state = self.state();
        state.pending.insert(index);
        !std::mem::replace(&mut state.at_work, true)
    }

    /// Ends the work when there is none, or when it is to be left.
    fn rest(&self, always: bool) -> bool {
        let mut state = self.state();
        let ends = always || state.pending.is_empty();
        state.at_work &= !ends;
        ends
    }

    fn pending(&self) -> Vec<u64> {
        self.state().pending.iter().copied().collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn proof_of(&self, index: u64) -> PathBuf {
        self.folder.join(format!("{index}.tlog-proof"))
    }

    fn mark_of(&self, index: u64) -> PathBuf {
        self.folder.join(format!("{index}.pending"))
    }

    /// Fetches all proofs that are pending. Ends at the first that does not hold or cannot be had.
    async fn fetch(&self, client: &Client) -> Result<(), ApiError> {
        let mut held = self.held.lock().await;
        if held.is_none() {
            *held = self.read_held().await?;
        }
        for index in self.pending() {
            let text = client.proof(index).await?;
            match self.keep(client, index, &text, &mut held).await {
                Ok(()) => _ = self.state().pending.remove(&index),
                Err(NotKept::NotHad(error)) => return Err(error),
                Err(NotKept::Broken(what)) => {
                    // Evidence, to be shown to the hospital.
                    write_whole(&self.folder.join(format!("{index}.broken-proof")), &text).await?;
                    self.state().broken = Some((index, what.clone()));
                    return Err(ApiError::Receipt { index, what, folder: self.folder.clone() });
                }
            }
        }
        Ok(())
    }

    async fn read_held(&self) -> Result<Option<Held>, ApiError> {
        let path = self.folder.join("checkpoint");
        let note = match tokio::fs::read_to_string(&path).await {
            Ok(note) => note,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(ApiError::file(&path, error)),
        };
        match self.trust.check(&note) {
            Ok(witnessed) => Ok(Some(Held { note, checkpoint: witnessed.checkpoint })),
            Err(error) => Err(ApiError::Configuration(format!("{}: {error}", path.display()))),
        }
    }

    async fn keep(&self, client: &Client, index: u64, text: &str, held: &mut Option<Held>) -> Result<(), NotKept> {
        let broken = |what: String| NotKept::Broken(what);
        let ProvedEntry { index: proved, witnessed, .. } =
            verify_proof(text, &self.trust).map_err(|error| broken(error.to_string()))?;
        if proved != index {
            return Err(broken(format!("it is the proof of entry {proved}")));
        }
        let note = TlogProof::parse(text).map_err(|error| broken(error.to_string()))?.checkpoint;
        let new = Held { note, checkpoint: witnessed.checkpoint };
        if let Some(held) = held {
            let (earlier, later) =
                if held.checkpoint.size <= new.checkpoint.size { (&*held, &new) } else { (&new, &*held) };
            self.continues(client, &earlier.checkpoint, later).await?;
        }
        if held.as_ref().is_none_or(|held| held.checkpoint.size < new.checkpoint.size) {
            write_whole(&self.folder.join("checkpoint"), &new.note).await?;
            *held = Some(new);
        }
        write_whole(&self.proof_of(index), text).await?;
        let mark = self.mark_of(index);
        match tokio::fs::remove_file(&mark).await {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(ApiError::file(&mark, error).into()),
            _ => Ok(()),
        }
    }

    /// Whether the later tree begins with the earlier one, by the tiles that the log publishes.
    async fn continues(&self, client: &Client, earlier: &Checkpoint, later: &Held) -> Result<(), NotKept> {
        let forked = || {
            let (earlier, later) = (earlier.size, later.checkpoint.size);
            NotKept::Broken(format!("the ledger of {later} entries does not begin with the {earlier} it signed for"))
        };
        if earlier.size == later.checkpoint.size {
            return if earlier.root == later.checkpoint.root { Ok(()) } else { Err(forked()) };
        }
        let source = Published(client.clone());
        let proof = fetch_consistency(&source, &self.trust, Some(&later.note), earlier.size).await;
        let proof = proof.map_err(|error| match error {
            AuditError::Source(Unpublished::Failed(error)) => NotKept::NotHad(error),
            AuditError::Source(Unpublished::Gone(path)) => {
                let size = later.checkpoint.size;
                NotKept::Broken(format!("the ledger does not show {path} of the {size} entries that it signed for"))
            }
            other => NotKept::Broken(other.to_string()),
        })?;
        let Checkpoint { size, root, .. } = &later.checkpoint;
        verify_consistency(earlier.size, &earlier.root, *size, root, &proof.hashes).map_err(|_failed| forked())
    }
}

/// What the log shows to everybody.
struct Published(Client);

/// Why a part of the log was not brought.
#[derive(Debug, thiserror::Error)]
enum Unpublished {
    /// The log says that there is no such thing.
    #[error("there is no {0}")]
    Gone(String),
    /// It could not be asked.
    #[error(transparent)]
    Failed(ApiError),
}

impl Source for Published {
    type Error = Unpublished;

    async fn get(&self, path: String) -> Result<Vec<u8>, Unpublished> {
        let mut parts = vec!["ledger"];
        parts.extend(path.split('/'));
        let address = self.0.address(&parts).map_err(Unpublished::Failed)?;
        let failed = |error| Unpublished::Failed(ApiError::transport(error));
        let answer = self.0.http().get(address).send().await.map_err(failed)?;
        match answer.status() {
            status if status.is_success() => Ok(answer.bytes().await.map_err(failed)?.to_vec()),
            StatusCode::NOT_FOUND | StatusCode::GONE => Err(Unpublished::Gone(path)),
            _ => Err(Unpublished::Failed(Refusal::read(answer).await.into())),
        }
    }
}

impl Client {
    /// Remembers the entry that an answer stands on, and has its proof fetched soon.
    pub(crate) fn note_receipt(&self, headers: &HeaderMap) {
        let Some(index) = receipt(headers) else { return };
        if self.keeper().is_some_and(|keeper| keeper.note(index)) {
            tokio::spawn(self.clone().fetch_receipts());
        }
    }

    async fn fetch_receipts(self) {
        let Some(keeper) = self.keeper() else { return };
        let (mut pause, longest) = PAUSES;
        let mut fruitless = 0;
        tokio::time::sleep(GATHER).await;
        while !keeper.rest(fruitless >= FRUITLESS_MAX || keeper.broken().is_some()) {
            let before = keeper.pending().len();
            let wait = match keeper.fetch(&self).await {
                Ok(()) => continue,
                Err(error) => error.asked_wait().unwrap_or(pause).max(pause),
            };
            fruitless = if keeper.pending().len() < before { 0 } else { fruitless + 1 };
            pause = longest.min(pause * 2);
            tokio::time::sleep(wait).await;
        }
    }

    /// Where receipts are kept, when they are.
    pub fn receipts_folder(&self) -> Option<&Path> {
        self.keeper().map(|keeper| keeper.folder.as_path())
    }

    /// Waits until the proofs of all accesses so far are kept and checked ([`crate::ClientBuilder::receipts`]), at most
    /// so long. An error says which proof does not hold, or why one could not be had; then it is asked for again by the
    /// next client with the same folder.
    ///
    /// ```no_run
    /// # async fn run() -> Result<(), mudeung_sdk::ApiError> {
    /// let trust = mudeung_sdk::trust(["data.example.org/ledger+12345678+AX…"], [], 0)?;
    /// let builder = mudeung_sdk::Client::builder("https://data.example.org").credentials("app_…", "…");
    /// let client = builder.receipts("receipts", trust).build()?;
    /// client.table("lymph_node.synthetic.patient")?.download("data".as_ref(), |_| {}).await?;
    /// client.receipts_kept(std::time::Duration::from_secs(60)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn receipts_kept(&self, patience: Duration) -> Result<(), ApiError> {
        let Some(keeper) = self.keeper() else { return Ok(()) };
        let end = tokio::time::Instant::now() + patience;
        let (mut pause, longest) = PAUSES;
        loop {
            let Err(error) = keeper.fetch(self).await else { return Ok(()) };
            let wait = error.asked_wait().unwrap_or(pause).max(pause);
            if !error.is_temporary() || tokio::time::Instant::now() + wait > end {
                return Err(error);
            }
            pause = longest.min(pause * 2);
            tokio::time::sleep(wait).await;
        }
    }
}
