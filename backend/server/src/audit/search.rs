//! Search by keyset: pages go down the index, so that equal times neither hide nor repeat an entry.

use mudeung_store::ledger::{EntryFilter, Ledger, LedgerError};
use mudeung_wire::ledger::entry::Entry;

/// Entries that are looked at for one page when the member is asked for, who has no index of their own.
const LOOKED_AT_MAX: usize = 20_000;
/// Entries that are fetched at once for that.
const STEP: usize = 1_000;

/// What is searched for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Search {
    /// What the ledger's indexes know.
    pub filter: EntryFilter,
    /// Of this member.
    pub member: Option<String>,
}

/// One page of what was found, newest first.
#[derive(Debug, Default)]
pub struct Found {
    /// The entries with their indices. A page may be short, even empty, and there may be more nevertheless.
    pub entries: Vec<(u64, Entry)>,
    /// Where the next page starts: entries below this index. Nothing when there are no more.
    pub before: Option<u64>,
}

/// Looks for a page of at most `limit` entries below the index `before`.
pub async fn search(ledger: &Ledger, search: &Search, before: Option<u64>, limit: usize) -> Result<Found, LedgerError> {
    let Some(member) = &search.member else {
        let mut entries = ledger.entries(search.filter.clone(), before, limit.saturating_add(1)).await?;
        let more = entries.len() > limit;
        entries.truncate(limit);
        let before = entries.last().map(|(index, _)| *index).filter(|_| more);
        return Ok(Found { entries, before });
    };
    let (mut found, mut before, mut looked_at) = (Vec::new(), before, 0);
    while looked_at < LOOKED_AT_MAX {
        let step = ledger.entries(search.filter.clone(), before, STEP).await?;
        let last_step = step.len() < STEP;
        looked_at += step.len();
        for (index, entry) in step {
            before = Some(index);
            if entry.member.as_ref() == Some(member) {
                found.push((index, entry));
                if found.len() == limit {
                    return Ok(Found { entries: found, before });
                }
            }
        }
        if last_step {
            return Ok(Found { entries: found, before: None });
        }
    }
    Ok(Found { entries: found, before })
}
