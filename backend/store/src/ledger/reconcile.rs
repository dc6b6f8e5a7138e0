//! Closing what a crash left open: an INTENT without an OUTCOME gets one that says `unknown`.

use super::edge::read_head;
use super::queue::Pending;
use super::search::INTENT;
use super::{Ledger, LedgerError, entries};
use crate::schema::entry;
use crate::{Conn, StoreError, column};
use diesel::prelude::*;
use mudeung_core::clock::{Clock, Entropy};
use mudeung_wire::ledger::entry::{Entry, Kind, Status};
use std::collections::{BTreeSet, HashSet};

/// Rows read at a time.
const PAGE: i64 = 4_096;
/// Entries appended at a time.
const APPENDS: usize = 64;

/// Closes the open INTENTs that are not of this process; answers how many.
pub(super) async fn run(ledger: &Ledger, clock: &dyn Clock, entropy: &dyn Entropy) -> Result<u64, LedgerError> {
    let own = ledger.handle.queue.own_open();
    let open = ledger.read("ledger.open_intents", move |conn| open_intents(conn, &own)).await?;
    let mut closed = 0_u64;
    for some in open.chunks(APPENDS.min(ledger.handle.queue.entries_max())) {
        let mut answers = Vec::with_capacity(some.len());
        for (index, intent) in some {
            let (answer, answered) = tokio::sync::oneshot::channel();
            let outcome = unknown_outcome(*index, intent, clock, entropy);
            ledger.handle.queue.push(Pending::waited(&outcome, answer)?)?;
            answers.push(answered);
        }
        for answered in answers {
            answered.await.unwrap_or(Err(LedgerError::Stopped))?;
            closed += 1;
        }
    }
    Ok(closed)
}

fn open_intents(conn: &mut Conn, own: &HashSet<u64>) -> Result<Vec<(u64, Entry)>, StoreError> {
    let head = read_head(conn)?;
    let mut open = BTreeSet::new();
    let mut next = column::count(head.open_from);
    loop {
        let query = entry::table.filter(entry::idx.ge(next)).order(entry::idx).limit(PAGE);
        let rows = query.select((entry::idx, entry::kind, entry::intent));
        let rows = rows.load::<(i64, String, Option<i64>)>(&mut conn.0)?;
        let Some((last, _, _)) = rows.last() else { break };
        next = last.saturating_add(1);
        for (index, kind, intent) in rows {
            if kind == INTENT {
                open.insert(column::count_back(index)?);
            } else if let Some(intent) = intent {
                open.remove(&column::count_back(intent)?);
            }
        }
    }
    let mut intents = Vec::new();
    for index in open.into_iter().filter(|index| !own.contains(index)) {
        if let Some(intent) = entries::find(conn, index)? {
            intents.push((index, intent));
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
