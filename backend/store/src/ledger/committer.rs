//! The thread that commits: one connection, one batch after another, one transaction each.

use super::LedgerError;
use super::batch::{self, Seen};
use super::edge::Edge;
use super::queue::{Pending, Queue};
use crate::connection::{Access, Address, FileIdentity};
use crate::{Conn, StoreError};
use std::sync::Arc;

/// How long a commit waits for a lock, in milliseconds: long enough for a checkpoint of another connection, short enough
/// that callers hear of trouble while they still listen.
const BUSY_TIMEOUT_MS: u32 = 1_000;

/// Starts the thread.
pub(super) fn start(queue: Arc<Queue>, address: Address) -> Result<(), StoreError> {
    let committer = Committer { queue, address, conn: None, edge: None, seen: Seen::default() };
    let thread = std::thread::Builder::new().name("ledger".to_owned()).spawn(move || committer.run());
    thread.map(|_| ()).map_err(|error| StoreError::Unavailable(error.to_string()))
}

struct Committer {
    queue: Arc<Queue>,
    address: Address,
    /// With the file it was opened on. Gone after a failure; the next attempt opens another.
    conn: Option<(Conn, Option<FileIdentity>)>,
    /// Gone after a failure; the next attempt reads it again.
    edge: Option<Edge>,
    seen: Seen,
}

impl Committer {
    fn run(mut self) {
        while let Some(batch) = self.queue.next_batch() {
            match self.commit(&batch) {
                Ok(indices) => self.queue.committed(batch, &indices),
                Err(error) => {
                    self.conn = None;
                    self.edge = None;
                    if self.queue.is_healthy() {
                        tracing::error!(%error, entries = batch.len(), "the ledger cannot commit");
                    }
                    self.queue.failed(batch, self.seen.attempted, &LedgerError::from(error));
                }
            }
        }
    }

    fn commit(&mut self, batch: &[Pending]) -> Result<Vec<u64>, StoreError> {
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
        let written = batch::write(conn, &mut self.edge, &mut self.seen, batch);
        let indices = conn.finish(written)?;
        self.seen.durable = self.edge.as_ref().map(Edge::tree_head);
        Ok(indices)
    }
}
