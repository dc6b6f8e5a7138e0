//! The queue between the callers and the committer: bounded for those who wait, kept for OUTCOMEs that must not be lost.

use super::fold::{Figures, UsageKey, usage_of};
use super::search::Search;
use super::{LedgerError, LedgerOptions, Receipt};
use mudeung_wire::ledger::entry::Entry;
use mudeung_wire::ledger::tree::{Hash, leaf_hash};
use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{oneshot, watch};

/// How long the committer rests before it tries again by itself.
const RETRY_AFTER: Duration = Duration::from_millis(100);

/// An entry on its way, serialised and hashed on the caller's thread.
pub(super) struct Pending {
    pub(super) bytes: Vec<u8>,
    pub(super) hash: Hash,
    pub(super) search: Arc<Search>,
    pub(super) usage: Option<(UsageKey, Figures)>,
    /// Size of the tree when a commit with it failed first. It may be in the database from there on nevertheless, when
    /// only the answer to the commit was lost.
    pub(super) failed_at: Option<u64>,
    /// For an OUTCOME of the reconciler: the INTENT, and the node whose it is.
    pub(super) closes: Option<(u64, i64)>,
    /// Who waits; nobody for a detached entry.
    answer: Option<oneshot::Sender<Result<Receipt, LedgerError>>>,
}

impl Pending {
    /// An entry that a caller waits for.
    pub(super) fn waited(
        entry: &Entry,
        answer: oneshot::Sender<Result<Receipt, LedgerError>>,
    ) -> Result<Self, LedgerError> {
        Ok(Self { answer: Some(answer), ..Self::detached(entry)? })
    }

    /// An OUTCOME of the reconciler for the INTENT `index` of a node.
    pub(super) fn closing(
        entry: &Entry,
        (index, node): (u64, i64),
        answer: oneshot::Sender<Result<Receipt, LedgerError>>,
    ) -> Result<Self, LedgerError> {
        Ok(Self { closes: Some((index, node)), ..Self::waited(entry, answer)? })
    }

    /// An entry that nobody waits for.
    pub(super) fn detached(entry: &Entry) -> Result<Self, LedgerError> {
        let bytes = entry.to_bytes()?;
        let hash = leaf_hash(&bytes);
        let (search, usage) = (Arc::new(Search::of(entry)), usage_of(entry));
        Ok(Self { bytes, hash, search, usage, failed_at: None, closes: None, answer: None })
    }

    fn is_abandoned(&self) -> bool {
        self.answer.as_ref().is_some_and(oneshot::Sender::is_closed)
    }
}

/// What the callers and the committer share.
pub(super) struct Queue {
    options: LedgerOptions,
    state: Mutex<State>,
    wake: Condvar,
    healthy: AtomicBool,
    /// Whether the committer has ended.
    ended: watch::Sender<bool>,
    /// Whether the reconciler has looked at all entries once.
    reconciled: AtomicBool,
    /// Number of detached entries that were pushed. They become durable in that order.
    pushed: AtomicU64,
    /// Number of detached entries that are durable.
    detached: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Pending>,
    /// How many in `waiting` somebody waits for; these are what the bound is for.
    waited: usize,
    /// Whether the front of `waiting` failed before, so that it rests a little when nobody waits.
    resting: bool,
    closed: bool,
    /// INTENTs of this process that are open.
    own_open: HashSet<u64>,
    /// Those of them that nobody knows of, because the caller went away: the reconciler's to close.
    abandoned: HashSet<u64>,
}

impl Queue {
    /// An empty queue.
    pub(super) fn new(options: LedgerOptions) -> Self {
        Self {
            options,
            state: Mutex::default(),
            wake: Condvar::new(),
            healthy: AtomicBool::new(true),
            detached: watch::channel(0).0,
            ended: watch::channel(false).0,
            reconciled: AtomicBool::new(false),
            pushed: AtomicU64::new(0),
        }
    }

    /// Adds an entry that a caller waits for, when there is room.
    pub(super) fn push(&self, pending: Pending) -> Result<(), LedgerError> {
        let mut state = self.lock();
        if state.closed {
            return Err(LedgerError::Stopped);
        }
        if state.waited >= self.options.queue_entries_max {
            return Err(LedgerError::Full);
        }
        state.waited += 1;
        state.waiting.push_back(pending);
        drop(state);
        self.wake.notify_one();
        Ok(())
    }

    /// Adds an entry that nobody waits for. There is at most one for each open INTENT, so there is always room.
    pub(super) fn push_detached(&self, pending: Pending) {
        let mut state = self.lock();
        self.pushed.fetch_add(1, Ordering::AcqRel);
        state.waiting.push_back(pending);
        drop(state);
        self.wake.notify_one();
    }

    /// Waits until every entry that was detached before this call is durable.
    pub(super) async fn flushed(&self) {
        let pushed = self.pushed.load(Ordering::Acquire);
        let mut receiver = self.detached.subscribe();
        // It cannot fail: the sender lives in `self`.
        let _ = receiver.wait_for(|durable| *durable >= pushed).await;
    }

    /// Lets the committer end after what is queued was tried once more.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.wake.notify_one();
    }

    /// Waits until the committer has ended.
    pub(super) async fn ended(&self) {
        // It cannot fail: the sender lives in `self`.
        let _ = self.ended.subscribe().wait_for(|ended| *ended).await;
    }

    /// The committer has ended.
    pub(super) fn end(&self) {
        self.ended.send_replace(true);
    }

    /// The next batch; empty when nothing came for as long as `beat`, or when it is time to try whether a database that
    /// failed works again; `None` at the end.
    pub(super) fn next_batch(&self, beat: Option<Duration>) -> Option<Vec<Pending>> {
        let mut state = self.lock();
        loop {
            let rest = state.resting && state.waited == 0 && !state.closed;
            if !state.waiting.is_empty() && !rest {
                let batch = self.take(&mut state);
                if batch.is_empty() {
                    continue; // Everybody in it went away.
                }
                return Some(batch);
            }
            if state.closed {
                return None;
            }
            if !rest && self.is_healthy() {
                let Some(beat) = beat else {
                    state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
                    continue;
                };
                let (next, timeout) = self.wake.wait_timeout(state, beat).unwrap_or_else(PoisonError::into_inner);
                state = next;
                if timeout.timed_out() && state.waiting.is_empty() && !state.closed {
                    return Some(Vec::new());
                }
                continue;
            }
            let (next, timeout) = self.wake.wait_timeout(state, RETRY_AFTER).unwrap_or_else(PoisonError::into_inner);
            state = next;
            if timeout.timed_out() && state.waited == 0 {
                state.resting = false;
                return Some(self.take(&mut state));
            }
        }
    }

    fn take(&self, state: &mut State) -> Vec<Pending> {
        let mut batch = Vec::with_capacity(state.waiting.len().min(self.options.batch_entries_max));
        let mut bytes = 0_usize;
        while let Some(pending) = state.waiting.pop_front() {
            bytes = bytes.saturating_add(pending.bytes.len());
            let full = batch.len() >= self.options.batch_entries_max.max(1) || bytes > self.options.batch_bytes_max;
            if full && !batch.is_empty() {
                state.waiting.push_front(pending);
                break;
            }
            if pending.answer.is_some() {
                state.waited = state.waited.saturating_sub(1);
            }
            if !pending.is_abandoned() {
                batch.push(pending);
            }
        }
        batch
    }

    /// Answers a batch that is durable. `indices` are those of its entries, in order.
    pub(super) fn committed(&self, batch: Vec<Pending>, indices: &[Option<u64>]) {
        self.healthy.store(true, Ordering::Release);
        let mut state = self.lock();
        let mut answers = Vec::with_capacity(batch.len());
        let mut detached = 0_u64;
        for (pending, index) in batch.into_iter().zip(indices) {
            let intent = pending.search.intent.and_then(|intent| u64::try_from(intent).ok());
            if let Some(index) = index.filter(|_| pending.search.kind == super::search::INTENT) {
                state.own_open.insert(index);
            }
            if let Some(intent) = intent {
                state.own_open.remove(&intent);
                state.abandoned.remove(&intent);
            }
            let receipt = match index {
                Some(index) => Ok(Receipt { index: *index, leaf_hash: pending.hash }),
                None => Err(LedgerError::NotOpen(intent.unwrap_or_default())),
            };
            match pending.answer {
                Some(answer) => answers.push((answer, receipt)),
                None => detached += 1,
            }
        }
        drop(state);
        for (answer, receipt) in answers {
            if let Err(Ok(receipt)) = answer.send(receipt) {
                self.abandon(receipt.index);
            }
        }
        if detached > 0 {
            self.detached.send_modify(|durable| *durable = durable.saturating_add(detached));
        }
    }

    /// Answers a batch that failed: who waits hears it, what is detached goes back to the front. `size` is the size of the
    /// tree before it, when the attempt came so far.
    pub(super) fn failed(&self, batch: Vec<Pending>, size: Option<u64>, error: &LedgerError) {
        self.healthy.store(false, Ordering::Release);
        let mut state = self.lock();
        for mut pending in batch.into_iter().rev() {
            match pending.answer.take() {
                // Whoever stopped waiting needs no answer.
                Some(answer) => drop(answer.send(Err(error.clone()))),
                None if state.closed => tracing::error!(operation = pending.search.operation, "an OUTCOME is lost"),
                None => {
                    pending.failed_at = pending.failed_at.or(size);
                    state.resting = true;
                    state.waiting.push_front(pending);
                }
            }
        }
    }

    /// How many appends may wait.
    pub(super) fn entries_max(&self) -> usize {
        self.options.queue_entries_max.max(1)
    }

    /// Nobody will close an INTENT of this process: the reconciler may.
    pub(super) fn abandon(&self, index: u64) {
        let mut state = self.lock();
        if state.own_open.contains(&index) {
            state.abandoned.insert(index);
        }
    }

    /// The INTENTs of this process that nobody will close.
    pub(super) fn abandoned(&self) -> HashSet<u64> {
        self.lock().abandoned.clone()
    }

    /// Whether an INTENT of this process is open.
    pub(super) fn has_open(&self) -> bool {
        !self.lock().own_open.is_empty()
    }

    /// Whether all entries were looked at once for open INTENTs.
    pub(super) fn is_reconciled(&self) -> bool {
        self.reconciled.load(Ordering::Acquire)
    }

    /// All entries were looked at.
    pub(super) fn reconciled(&self) {
        self.reconciled.store(true, Ordering::Release);
    }

    /// Whether the last commit went well.
    pub(super) fn is_healthy(&self) -> bool {
        self.healthy.load(Ordering::Acquire)
    }

    /// Number of entries that wait.
    pub(super) fn len(&self) -> usize {
        self.lock().waiting.len()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
