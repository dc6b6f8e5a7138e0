//! The ledger: an append-only log in a database of its own, with a connection and a thread of its own.
//!
//! An append is durable when it returns. Appends that arrive while a commit is under way form the next one; nobody waits
//! for a timer. When the queue is full or the database cannot commit, appends fail, and so does whatever wanted to act
//! on them; when the database works again the ledger does too, without a restart.

mod batch;
mod checkpoints;
mod committer;
mod edge;
mod entries;
mod fold;
mod indexer;
mod nodes;
mod prune;
mod queue;
mod reconcile;
mod search;
mod spans;
mod tiles;
mod usage;
mod verify;

pub use entries::EntryFilter;
pub use prune::Prunable;
pub use usage::{Granularity, Grouping, UsageFilter, UsagePlace, UsageRow, UsageSum, UsedBy};
pub use verify::{SetBack, VerifyError, VerifyReport};

use crate::connection::{Access, Address};
use crate::pool::Pool;
use crate::{Conn, StoreError, migrations};
use mudeung_core::clock::{Clock, Entropy, Timestamp};
use mudeung_core::quota::Amount;
use mudeung_wire::ledger::entry::{ENTRY_BYTES_MAX, Entry, InvalidEntry};
use mudeung_wire::ledger::tile::Tile;
use mudeung_wire::ledger::tree::Hash;
use queue::{Pending, Queue};
use std::sync::Arc;

/// Connections for reading.
const READERS_MAX: usize = 4;
/// How long a reader waits for a lock, in milliseconds.
const READER_TIMEOUT_MS: u32 = 5_000;

/// The limits of a ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerOptions {
    /// Appends that may wait; one more is refused with [`LedgerError::Full`].
    pub queue_entries_max: usize,
    /// Entries in one commit.
    pub batch_entries_max: usize,
    /// Bytes of entries in one commit; a single entry may be longer.
    pub batch_bytes_max: usize,
}

impl Default for LedgerOptions {
    fn default() -> Self {
        Self { queue_entries_max: 4_096, batch_entries_max: 256, batch_bytes_max: 1024 * 1024 }
    }
}

/// What an append answers: where the entry stands, durably.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// Index of the entry.
    pub index: u64,
    /// Hash of the entry's bytes as a leaf of the tree.
    pub leaf_hash: Hash,
}

/// Size and root of the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeHead {
    /// Number of entries.
    pub size: u64,
    /// Root of the tree over them.
    pub root: Hash,
}

/// Why the ledger could not do what it was asked. After any of these nothing may be served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// Too many appends wait already; try again.
    #[error("the queue of the ledger is full")]
    Full,
    /// The database is locked, full, read-only or down; try again.
    #[error("the ledger is not available: {0}")]
    Unavailable(String),
    /// The entry has more bytes than an entry may have.
    #[error("an entry of {0} bytes is longer than {ENTRY_BYTES_MAX}")]
    TooLong(usize),
    /// The INTENT that was to be closed is closed already, or its process is alive after all.
    #[error("entry {0} is not open, or not to be closed by others")]
    NotOpen(u64),
    /// The ledger was closed.
    #[error("the ledger is closed")]
    Stopped,
    /// What is stored is not a ledger any more. The operator must act; see `mudeung ledger verify`.
    #[error("the ledger is damaged: {0}")]
    Corrupt(String),
}

impl From<StoreError> for LedgerError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Corrupt(problem) => Self::Corrupt(problem),
            StoreError::Unavailable(problem) => Self::Unavailable(problem),
            other => Self::Unavailable(other.to_string()),
        }
    }
}

/// The ledger. Cheap to clone; its thread ends after the last clone is gone and everything queued was tried.
#[derive(Clone)]
pub struct Ledger {
    handle: Arc<Handle>,
    readers: Pool,
    kept_tiles: tiles::KeptTiles,
}

/// Closes the queue when the last clone of the ledger goes.
struct Handle {
    queue: Arc<Queue>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.queue.close();
    }
}

impl Ledger {
    /// Opens a ledger that was migrated. The error says when it was not.
    pub fn open(url: &str, options: LedgerOptions) -> Result<Self, StoreError> {
        let address = Address::parse(url)?;
        migrations::LEDGER.check(&address)?;
        let queue = Arc::new(Queue::new(options));
        committer::start(Arc::clone(&queue), address.clone())?;
        let readers = Pool::new(address, READERS_MAX, READER_TIMEOUT_MS);
        Ok(Self { handle: Arc::new(Handle { queue }), readers, kept_tiles: tiles::KeptTiles::default() })
    }

    /// Brings a ledger to the schema of this program; makes it when it does not exist.
    pub fn migrate(url: &str) -> Result<(), StoreError> {
        migrations::LEDGER.run(&Address::parse(url)?)
    }

    /// Appends an entry; it is durable when this returns `Ok`.
    ///
    /// When the caller goes away while waiting, the entry may be kept or not.
    pub async fn append(&self, entry: Entry) -> Result<Receipt, LedgerError> {
        let (answer, answered) = tokio::sync::oneshot::channel();
        self.handle.queue.push(Pending::waited(&entry, answer)?)?;
        let mut waiting = Waiting { queue: &self.handle.queue, answered };
        (&mut waiting.answered).await.unwrap_or(Err(LedgerError::Stopped))
    }

    /// Appends an entry without waiting: for OUTCOMEs from `Drop`. It is tried until it is durable, as long as the
    /// process lives; [`Ledger::flush`] waits for that.
    pub fn append_detached(&self, entry: Entry) {
        match Pending::detached(&entry) {
            Ok(pending) => self.handle.queue.push_detached(pending),
            // Only bytes are too long or not serialisable; the reconciler will close the INTENT.
            Err(error) => tracing::error!(%error, operation = entry.operation, "an entry cannot be appended"),
        }
    }

    /// Waits until all entries that were detached before this call are durable.
    pub async fn flush(&self) {
        self.handle.queue.flushed().await;
    }

    /// Ends it: what is queued is tried once more, and the other processes hear that this one went.
    pub async fn close(&self) {
        self.flush().await;
        self.handle.queue.close();
        self.handle.queue.ended().await;
    }

    /// Closes the INTENTs that nobody will close any more with OUTCOMEs `unknown`; answers how many. These are INTENTs of
    /// processes that ended or were not seen for half a minute, and those of this process whose caller went away before
    /// it heard of them. Call it at the start and every few seconds.
    pub async fn reconcile(&self, clock: &dyn Clock, entropy: &dyn Entropy) -> Result<u64, LedgerError> {
        reconcile::run(self, clock, entropy).await
    }

    /// Size and root of the tree.
    pub async fn head(&self) -> Result<TreeHead, LedgerError> {
        self.read("ledger.head", |conn| Ok(edge::read_head(conn)?.tree_head())).await
    }

    /// The bytes of a tile, 32 for each hash; `None` when the tree does not have all of its hashes.
    pub async fn tile(&self, tile: Tile) -> Result<Option<Vec<u8>>, LedgerError> {
        let kept = self.kept_tiles.clone();
        self.read("ledger.tile", move |conn| tiles::tile(conn, &kept, tile)).await
    }

    /// The proof that entry `index` is in the tree of the first `size` entries; `None` when it is not.
    pub async fn prove(&self, index: u64, size: u64) -> Result<Option<Vec<Hash>>, LedgerError> {
        let kept = self.kept_tiles.clone();
        self.read("ledger.prove", move |conn| tiles::prove(conn, &kept, index, size)).await
    }

    /// The proof that the tree of the first `to` entries begins with that of the first `from`; `None` when there are no
    /// such trees.
    pub async fn prove_consistency(&self, from: u64, to: u64) -> Result<Option<Vec<Hash>>, LedgerError> {
        let kept = self.kept_tiles.clone();
        self.read("ledger.prove_consistency", move |conn| tiles::prove_consistency(conn, &kept, from, to)).await
    }

    /// The root of the tree of the first `size` entries; `None` when there are not so many.
    pub async fn root_at(&self, size: u64) -> Result<Option<Hash>, LedgerError> {
        let kept = self.kept_tiles.clone();
        self.read("ledger.root_at", move |conn| tiles::root_at(conn, &kept, size)).await
    }

    /// An entry, when there is one at that index.
    pub async fn entry(&self, index: u64) -> Result<Option<Entry>, LedgerError> {
        self.read("ledger.entry", move |conn| entries::find(conn, index)).await
    }

    /// How many entries are indexed for searching; those beyond it are found too, by reading them.
    pub async fn indexed(&self) -> Result<u64, LedgerError> {
        self.read("ledger.indexed", indexer::indexed).await
    }

    /// Entries with their indices, newest first: at most `limit`, all with an index below `before` when it is given.
    pub async fn entries(
        &self,
        filter: EntryFilter,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<(u64, Entry)>, LedgerError> {
        self.read("ledger.entries", move |conn| entries::list(conn, &filter, before, limit)).await
    }

    /// Usage, oldest first: at most `limit` rows that come after a place in the list.
    pub async fn usage(
        &self,
        filter: UsageFilter,
        after: Option<UsagePlace>,
        limit: usize,
    ) -> Result<Vec<UsageRow>, LedgerError> {
        self.read("ledger.usage", move |conn| usage::list(conn, &filter, after.as_ref(), limit)).await
    }

    /// What all usage that fits comes to in each period that has any, oldest first.
    pub async fn usage_sums(&self, filter: UsageFilter) -> Result<Vec<UsageSum>, LedgerError> {
        self.read("ledger.usage_sums", move |conn| usage::sums_by_period(conn, &filter)).await
    }

    /// The first and the last index of the entries of a period, when it has any. Entries between them may lie outside of
    /// it by the little that clocks and queues are late.
    pub async fn period(
        &self,
        from: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> Result<Option<(u64, u64)>, LedgerError> {
        self.read("ledger.period", move |conn| entries::period(conn, from, until)).await
    }

    /// The first index whose entry was not given up.
    pub async fn pruned(&self) -> Result<u64, LedgerError> {
        self.read("ledger.pruned", prune::pruned).await
    }

    /// What can be given up of the time before a moment.
    pub async fn prunable(&self, before: Timestamp) -> Result<Prunable, LedgerError> {
        self.read("ledger.prunable", move |conn| prune::prunable(conn, before)).await
    }

    /// SHA-256 over the usage of all entries below an index, as [`mudeung_wire::ledger::pruning::Pruning`] has it.
    pub async fn usage_sha256(&self, until: u64) -> Result<String, LedgerError> {
        self.read("ledger.usage_sha256", move |conn| prune::usage_sha256(&prune::usage_until(conn, until)?)).await
    }

    /// Gives entries up: their usage is summed up and their rows may go, while their hashes stay. Whoever calls it
    /// exported them, and an INTENT that says so is durable. Nothing happens when others did so meanwhile.
    pub async fn give_up(&self, prunable: Prunable) -> Result<bool, LedgerError> {
        let usage = self.read("ledger.usage_until", move |conn| prune::usage_until(conn, prunable.until)).await?;
        let give_up = move |conn: &mut Conn| prune::give_up(conn, prunable, &usage);
        Ok(self.readers.transaction("ledger.give_up", Access::Write, give_up).await?)
    }

    /// Takes away the rows of entries that were given up, some at a time; answers how many.
    pub async fn sweep_pruned(&self) -> Result<u64, LedgerError> {
        let mut swept = 0_u64;
        loop {
            let rows = self.readers.transaction("ledger.sweep", Access::Write, prune::sweep).await?;
            swept = swept.saturating_add(u64::try_from(rows).unwrap_or(0));
            if rows == 0 {
                return Ok(swept);
            }
        }
    }

    /// Bytes and rows that were read by all that fits.
    pub async fn used(&self, by: UsedBy) -> Result<Amount, LedgerError> {
        self.read("ledger.used", move |conn| usage::used(conn, &by)).await
    }

    /// Keeps a signed checkpoint. Of the checkpoints within one tile of entries the last one is kept.
    pub async fn save_checkpoint(&self, head: TreeHead, note: &str) -> Result<(), LedgerError> {
        let note = note.to_owned();
        let save = move |conn: &mut Conn| checkpoints::save(conn, &head, &note);
        Ok(self.readers.transaction("ledger.save_checkpoint", Access::Write, save).await?)
    }

    /// The checkpoint of the largest tree and its size, when there is one.
    pub async fn latest_checkpoint(&self) -> Result<Option<(u64, String)>, LedgerError> {
        self.read("ledger.latest_checkpoint", checkpoints::latest).await
    }

    /// The checkpoint of the smallest tree of at least `size` entries that was kept, and its size.
    pub async fn checkpoint(&self, size: u64) -> Result<Option<(u64, String)>, LedgerError> {
        self.read("ledger.checkpoint", move |conn| checkpoints::at_least(conn, size)).await
    }

    /// Recomputes everything from the rows: hashes, tree, tiles, search columns, usage, links, checkpoints. `progress`
    /// is told how many entries of how many were checked. The first fault ends it.
    pub async fn verify(&self, progress: impl FnMut(u64, u64)) -> Result<VerifyReport, VerifyError> {
        verify::run(&self.readers, progress).await
    }

    /// Whether the last commit went well. A ledger that is not healthy keeps trying by itself.
    pub fn is_healthy(&self) -> bool {
        self.handle.queue.is_healthy()
    }

    /// How many entries wait to be committed.
    pub fn queue_len(&self) -> usize {
        self.handle.queue.len()
    }

    async fn read<T: Send + 'static>(
        &self,
        name: &'static str,
        work: impl FnOnce(&mut Conn) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, LedgerError> {
        Ok(self.readers.transaction(name, Access::Read, work).await?)
    }
}

/// A caller that waits for its receipt. When it goes away although the answer is there, its INTENT is left to the
/// reconciler.
struct Waiting<'a> {
    queue: &'a Queue,
    answered: tokio::sync::oneshot::Receiver<Result<Receipt, LedgerError>>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.answered.close();
        if let Ok(Ok(receipt)) = self.answered.try_recv() {
            self.queue.abandon(receipt.index);
        }
    }
}

impl From<InvalidEntry> for LedgerError {
    fn from(error: InvalidEntry) -> Self {
        match error {
            InvalidEntry::TooLong(length) => Self::TooLong(length),
            other => Self::Corrupt(other.to_string()),
        }
    }
}
