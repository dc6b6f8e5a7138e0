//! Closing what a crash left open: an INTENT that nobody will close any more gets an OUTCOME that says `unknown`.

use super::edge::read_head;
use super::queue::Pending;
use super::search::INTENT;
use super::{Ledger, LedgerError, entries, nodes};
use crate::connection::Access;
use crate::schema::entry;
use crate::{Conn, StoreError, column};
use diesel::prelude::*;
use mudeung_core::clock::{Clock, Entropy};
use mudeung_wire::ledger::entry::{Entry, Kind, Status};
use std::collections::{BTreeMap, HashSet};

/// Rows read at a time.
const PAGE: i64 = 4_096;
/// Entries appended at a time.
const APPENDS: usize = 64;

/// An INTENT to be closed: its index, its node, and what it says.
type Left = (u64, i64, Entry);

/// Closes the open INTENTs that nobody will close any more; answers how many. All entries are looked at the first time,
/// and after that only when a node is dead or a caller went away.
pub(super) async fn run(ledger: &Ledger, clock: &dyn Clock, entropy: &dyn Entropy) -> Result<u64, LedgerError> {
    let queue = &ledger.handle.queue;
    let address = ledger.readers.address().clone();
    let abandoned = queue.abandoned();
    let nodes = ledger.read("ledger.nodes", move |conn| nodes::read(conn, &address)).await?;
    if queue.is_reconciled() && nodes.dead.is_empty() && abandoned.is_empty() {
        return Ok(0);
    }
    let (alive, dead) = (nodes.alive, nodes.dead);
    let open = ledger.read("ledger.open_intents", move |conn| open_intents(conn, &alive, &abandoned)).await?;
    let closed = close(ledger, &open, clock, entropy).await?;
    if !dead.is_empty() {
        let address = ledger.readers.address().clone();
        let forget = move |conn: &mut Conn| nodes::forget(conn, &address, &dead);
        ledger.readers.transaction("ledger.forget_nodes", Access::Write, forget).await?;
    }
    queue.reconciled();
    Ok(closed)
}

async fn close(ledger: &Ledger, open: &[Left], clock: &dyn Clock, entropy: &dyn Entropy) -> Result<u64, LedgerError> {
    let queue = &ledger.handle.queue;
    let mut closed = 0_u64;
    for some in open.chunks(APPENDS.min(queue.entries_max())) {
        let mut answers = Vec::with_capacity(some.len());
        for (index, node, intent) in some {
            let (answer, answered) = tokio::sync::oneshot::channel();
            let outcome = unknown_outcome(*index, intent, clock, entropy);
            queue.push(Pending::closing(&outcome, (*index, *node), answer)?)?;
            answers.push(answered);
        }
        for answered in answers {
            match answered.await.unwrap_or(Err(LedgerError::Stopped)) {
                Ok(_) => closed += 1,
                // Another process was faster, or the node is alive after all.
                Err(LedgerError::NotOpen(_)) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(closed)
}

fn open_intents(conn: &mut Conn, alive: &HashSet<i64>, abandoned: &HashSet<u64>) -> Result<Vec<Left>, StoreError> {
    let head = read_head(conn)?;
    let mut open = BTreeMap::new();
    let mut next = column::count(head.open_from);
    loop {
        let query = entry::table.filter(entry::idx.ge(next)).order(entry::idx).limit(PAGE);
        let rows = query.select((entry::idx, entry::kind, entry::intent, entry::node));
        let rows = rows.load::<(i64, String, Option<i64>, i64)>(&mut conn.0)?;
        let Some((last, ..)) = rows.last() else { break };
        next = last.saturating_add(1);
        for (index, kind, intent, node) in rows {
            if kind == INTENT {
                open.insert(column::count_back(index)?, node);
            } else if let Some(intent) = intent {
                open.remove(&column::count_back(intent)?);
            }
        }
    }
    let mut intents = Vec::new();
    for (index, node) in open {
        if (abandoned.contains(&index) || !alive.contains(&node))
            && let Some(intent) = entries::find(conn, index)?
        {
            intents.push((index, node, intent));
        }
    }
    Ok(intents)
}

fn unknown_outcome(index: u64, intent: &Entry, clock: &dyn Clock, entropy: &dyn Entropy) -> Entry {
    let mut nonce = [0_u8; 16];
    entropy.fill(&mut nonce);
    let fresh = Entry::new(Kind::Outcome, &intent.operation, clock.now().micros(), nonce);
    Entry {
        status: Some(Status::Unknown),
        intent: Some(index),
        app: intent.app.clone(),
        credential: intent.credential.clone(),
        dataset: intent.dataset.clone(),
        file: intent.file.clone(),
        grant: intent.grant.clone(),
        member: intent.member.clone(),
        organization: intent.organization.clone(),
        table: intent.table.clone(),
        tier: intent.tier.clone(),
        token: intent.token.clone(),
        version: intent.version,
        ..fresh
    }
}
