//! The part of the check that is about entries that were given up: the tree over their hashes, and that an entry says so.

use super::{Check, VerifyError, compare_tiles, fault};
use crate::ledger::edge::Head;
use crate::ledger::prune::{pruned_usage, usage_sha256};
use crate::schema::tile;
use crate::{Conn, StoreError, column};
use diesel::prelude::*;
use mudeung_wire::ledger::entry::{Entry, Kind};
use mudeung_wire::ledger::pruning::{PRUNE, Pruning};
use mudeung_wire::ledger::tile::TILE_WIDTH;

/// What is known of the entries that were given up.
#[derive(Default)]
pub(super) struct Pruned {
    /// All below this index.
    pub(super) until: u64,
    /// The hash of the usage that is stored of them.
    usage_sha256: String,
    /// The hash that the last INTENT to give up just these entries says.
    said: Option<String>,
}

/// Takes the hashes of entries that were given up from their tiles. Answers the first index whose entry was not.
pub(super) fn take(conn: &mut Conn, check: &mut Check, head: &Head) -> Result<u64, VerifyError> {
    let until = head.pruned;
    if until == 0 {
        return Ok(0);
    }
    if !until.is_multiple_of(TILE_WIDTH) || until > head.size.min(head.open_from) {
        return Err(fault(format!("the head row says that {until} entries were given up, which cannot be")));
    }
    for index in 0..until / TILE_WIDTH {
        let query = tile::table.find((0_i64, column::count(index))).select(tile::hashes);
        let hashes = query.first::<Vec<u8>>(&mut conn.0).optional().map_err(StoreError::from)?;
        let hashes = hashes.ok_or_else(|| fault(format!("the tile 0/{index} is missing")))?;
        for hash in hashes.as_chunks::<32>().0 {
            check.grow(*hash);
            check.roots()?;
        }
        if check.range.size() != (index + 1) * TILE_WIDTH {
            return Err(fault(format!("the tile 0/{index} is cut off")));
        }
        compare_tiles(conn, check)?;
    }
    let usage = pruned_usage(conn)?;
    check.pruned = Pruned { until, usage_sha256: usage_sha256(&usage)?, said: None };
    check.usage = usage;
    Ok(until)
}

impl Pruned {
    /// Hears an entry that may say that these entries are given up.
    pub(super) fn hear(&mut self, entry: &Entry) {
        if self.until == 0 || entry.kind != Kind::Intent || entry.operation != PRUNE {
            return;
        }
        let said = entry.detail.as_deref().and_then(Pruning::parse).filter(|said| said.until == self.until);
        self.said = said.map(|said| said.usage_sha256).or(self.said.take());
    }

    /// Entries go only when an entry said so before, with the usage that they come to.
    pub(super) fn check(&self) -> Result<(), VerifyError> {
        match &self.said {
            _ if self.until == 0 => Ok(()),
            None => Err(fault(format!("the entries before {} are gone, and no entry says that they are", self.until))),
            Some(said) if *said != self.usage_sha256 => Err(fault(format!(
                "the usage that is kept of the entries before {} is not the one that they came to",
                self.until
            ))),
            Some(_) => Ok(()),
        }
    }
}
