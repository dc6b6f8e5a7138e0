//! The thread that commits: one connection, one batch after another, one transaction each.

use super::LedgerError;
use super::batch::{self, Author, Seen};
use super::edge::Edge;
use super::indexer::{self, Indexer};
use super::nodes::{self, Node};
use super::queue::{Pending, Queue};
use crate::connection::{Access, Address, FileIdentity};
use crate::{Conn, StoreError, column};
use std::sync::Arc;
use std::time::Duration;

/// How long a commit waits for a lock, in milliseconds: long enough for a checkpoint of another connection, short enough
/// that callers hear of trouble while they still listen.
const BUSY_TIMEOUT_MS: u32 = 1_000;

/// Starts the thread.
pub(super) fn start(queue: Arc<Queue>, address: Address) -> Result<(), StoreError> {
    let node = Node::new(address.clone());
    let (seen, indexer) = (Seen::default(), Indexer::default());
    let committer = Committer { queue, address, node, conn: None, edge: None, seen, indexer };
    let thread = std::thread::Builder::new().name("ledger".to_owned()).spawn(move || committer.run());
    thread.map(|_| ()).map_err(|error| StoreError::Unavailable(error.to_string()))
}

struct Committer {
    queue: Arc<Queue>,
    address: Address,
    node: Node,
    /// With the file it was opened on. Gone after a failure; the next attempt opens another.
    conn: Option<(Conn, Option<FileIdentity>)>,
    /// Gone after a failure; the next attempt reads it again.
    edge: Option<Edge>,
    seen: Seen,
    indexer: Indexer,
}

impl Committer {
    fn run(mut self) {
        while let Some(batch) = self.queue.next_batch(self.patience()) {
            if batch.is_empty() && self.queue.is_healthy() && self.indexer.is_behind() {
                self.index();
                continue;
            }
            match self.commit(&batch) {
                Ok(indices) => {
                    let rows = batch.iter().zip(&indices).filter_map(|(pending, index)| Some((pending, (*index)?)));
                    let rows = rows.map(|(pending, index)| (column::count(index), Arc::clone(&pending.search)));
                    self.indexer.remember(rows);
                    self.queue.committed(batch, &indices);
                    if self.indexer.is_due() {
                        self.index();
                    }
                }
                Err(error) => {
                    self.conn = None;
                    self.edge = None;
                    self.node.failed();
                    if self.queue.is_healthy() {
                        tracing::error!(%error, entries = batch.len(), "the ledger cannot commit");
                    }
                    self.queue.failed(batch, self.seen.attempted, &LedgerError::from(error));
                }
            }
        }
        if self.indexer.is_behind() {
            self.index();
        }
        let has_open = self.queue.has_open();
        if let Some((mut conn, _)) = self.conn.take()
            && let Err(error) = conn.begin(Access::Write).and_then(|()| {
                let left = self.node.leave(&mut conn, has_open);
                conn.finish(left)
            })
        {
            tracing::warn!(%error, "the other processes do not hear yet that this one went");
        }
        self.queue.end();
    }

    /// How long nothing may come before there is something else to do.
    fn patience(&self) -> Option<Duration> {
        // A process that never wrote writes nothing.
        let known = self.node.is_known();
        known.then_some(if self.indexer.is_behind() { indexer::QUIET } else { nodes::BEAT })
    }

    /// Indexes some of what was committed. Nobody waits for it, and nothing is lost when it fails.
    fn index(&mut self) {
        let Some((conn, _)) = &mut self.conn else { return self.indexer.failed() };
        let indexed = conn.begin(Access::Derive).and_then(|()| {
            let indexed = self.indexer.index(conn);
            conn.finish(indexed)
        });
        if let Err(error) = indexed {
            tracing::warn!(%error, "the newest entries are not indexed yet");
            self.indexer.failed();
            self.conn = None;
        }
    }

    fn commit(&mut self, batch: &[Pending]) -> Result<Vec<Option<u64>>, StoreError> {
        self.seen.attempted = None;
        let file = self.address.file()?;
        let (conn, opened) = match &mut self.conn {
            Some(open) => open,
            None => self.conn.insert((self.address.connect(BUSY_TIMEOUT_MS)?, file)),
        };
        if *opened != file {
            return Err(StoreError::Unavailable("another file is at the place of the ledger".to_owned()));
        }
        conn.begin(Access::Write)?;
        let author = author(conn, &mut self.node, &self.address, &self.queue, batch);
        let written = author.and_then(|author| batch::write(conn, &mut self.edge, &mut self.seen, &author, batch));
        let indices = conn.finish(written)?;
        self.seen.durable = self.edge.as_ref().map(Edge::tree_head);
        Ok(indices)
    }
}

/// Renews the node, and asks about the others when the batch closes INTENTs of theirs.
fn author(
    conn: &mut Conn,
    node: &mut Node,
    address: &Address,
    queue: &Queue,
    batch: &[Pending],
) -> Result<Author, StoreError> {
    let node = node.renew(conn)?;
    if batch.iter().all(|pending| pending.closes.is_none()) {
        return Ok(Author { node, ..Author::default() });
    }
    Ok(Author { node, alive: nodes::read(conn, address)?.alive, abandoned: queue.abandoned() })
}
