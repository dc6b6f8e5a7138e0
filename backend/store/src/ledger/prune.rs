//! Giving up old entries: their bytes and search columns go; their leaf hashes stay in the tiles, and their usage stays
//! summed up, so that the tree, every proof and every bill are as they were.
//!
//! One transaction says that the entries are given up; their rows go after it, some at a time, so that nobody waits.
//! Whatever was left by a crash is taken away by the next call.

use super::edge::{lock_head, read_head};
use super::fold::{Figures, Fold, UsageKey, usage_of};
use super::{entries, indexer, spans};
use crate::schema::{entry, entry_search, head, usage_pruned};
use crate::{Conn, StoreError, column};
use diesel::prelude::*;
use mudeung_core::clock::Timestamp;
use mudeung_wire::ledger::tile::TILE_WIDTH;
use sha2::{Digest, Sha256};

/// A row of usage.
pub(super) type UsageColumns = (i64, String, String, String, String, String, String, i64, i64, i64);

/// Rows read or taken away at a time.
const PAGE: i64 = 4_096;

/// What can be given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prunable {
    /// All entries below this index were given up before.
    pub from: u64,
    /// All entries below this index are older than was asked for, closed and indexed: a multiple of 256, so that their
    /// hashes fill their tiles.
    pub until: u64,
}

/// The first index that is not given up.
pub(super) fn pruned(conn: &mut Conn) -> Result<u64, StoreError> {
    Ok(read_head(conn)?.pruned)
}

/// What can be given up of the time before a moment.
pub(super) fn prunable(conn: &mut Conn, before: Timestamp) -> Result<Prunable, StoreError> {
    let head = read_head(conn)?;
    let kept = entries::period(conn, Some(before), None)?;
    let end = kept.map_or(head.size, |(first, _)| first).min(head.open_from).min(indexer::indexed(conn)?);
    let until = end - end % TILE_WIDTH;
    Ok(Prunable { from: head.pruned, until: until.max(head.pruned) })
}

/// The usage of all entries below an index, given up before or not.
pub(super) fn usage_until(conn: &mut Conn, until: u64) -> Result<Fold, StoreError> {
    let mut fold = pruned_usage(conn)?;
    let mut next = pruned(conn)?;
    while next < until {
        let wanted = entry::idx.ge(column::count(next)).and(entry::idx.lt(column::count(until)));
        let query = entry::table.filter(wanted).order(entry::idx).limit(PAGE).select((entry::idx, entry::bytes));
        let rows = query.load::<(i64, Vec<u8>)>(&mut conn.0)?;
        if rows.is_empty() {
            return Err(StoreError::Corrupt(format!("entry {next} is missing")));
        }
        for (index, bytes) in rows {
            if column::count_back(index)? != next {
                return Err(StoreError::Corrupt(format!("entry {next} is missing")));
            }
            if let Some((key, figures)) = usage_of(&entries::read(next, &bytes)?) {
                fold.entry(key).or_default().add(figures);
            }
            next += 1;
        }
    }
    Ok(fold)
}

/// The usage of the entries that were given up.
pub(super) fn pruned_usage(conn: &mut Conn) -> Result<Fold, StoreError> {
    let rows = usage_pruned::table.load::<UsageColumns>(&mut conn.0)?;
    Ok(rows.into_iter().map(usage_of_row).collect())
}

/// What a row of usage says.
pub(super) fn usage_of_row(row: UsageColumns) -> (UsageKey, Figures) {
    let (period_start, organization, app, grant_id, dataset, tier, operation, requests, rows, bytes) = row;
    let key = UsageKey { period_start, organization, app, grant_id, dataset, tier, operation };
    (key, Figures { requests, rows, bytes })
}

/// SHA-256 over usage, as [`mudeung_wire::ledger::pruning::Pruning::usage_sha256`] has it.
pub(super) fn usage_sha256(fold: &Fold) -> Result<String, StoreError> {
    let mut hasher = Sha256::new();
    for (key, figures) in fold {
        let UsageKey { period_start, organization, app, grant_id, dataset, tier, operation } = key;
        let Figures { requests, rows, bytes } = figures;
        let line = (period_start, organization, app, grant_id, dataset, tier, operation, requests, rows, bytes);
        hasher.update(serde_json::to_vec(&line).map_err(StoreError::corrupt)?);
        hasher.update(b"\n");
    }
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Says that all entries below an index are given up, and keeps their usage. Nothing happens when others did so
/// meanwhile.
pub(super) fn give_up(conn: &mut Conn, prunable: Prunable, usage: &Fold) -> Result<bool, StoreError> {
    let Prunable { from, until } = prunable;
    let head = lock_head(conn)?;
    if head.pruned != from || until <= from {
        return Ok(false);
    }
    if !until.is_multiple_of(TILE_WIDTH) || until > head.size.min(head.open_from).min(indexer::indexed(conn)?) {
        return Err(StoreError::Invalid(format!("the entries before {until} cannot be given up")));
    }
    diesel::delete(usage_pruned::table).execute(&mut conn.0)?;
    for (key, figures) in usage {
        let values = (
            usage_pruned::period_start.eq(key.period_start),
            usage_pruned::organization.eq(&key.organization),
            usage_pruned::app.eq(&key.app),
            usage_pruned::grant_id.eq(&key.grant_id),
            usage_pruned::dataset.eq(&key.dataset),
            usage_pruned::tier.eq(&key.tier),
            usage_pruned::operation.eq(&key.operation),
            usage_pruned::requests.eq(figures.requests),
            usage_pruned::rows.eq(figures.rows),
            usage_pruned::bytes.eq(figures.bytes),
        );
        diesel::insert_into(usage_pruned::table).values(values).execute(&mut conn.0)?;
    }
    diesel::update(head::table.find(1_i64)).set(head::pruned.eq(column::count(until))).execute(&mut conn.0)?;
    Ok(true)
}

/// Takes away some rows of entries that were given up; answers how many, none at the end.
pub(super) fn sweep(conn: &mut Conn) -> Result<usize, StoreError> {
    let pruned = column::count(read_head(conn)?.pruned);
    let first = entry::table.select(entry::idx).order(entry::idx).first::<i64>(&mut conn.0).optional()?;
    let Some(first) = first.filter(|first| *first < pruned) else { return Ok(0) };
    let end = first.saturating_add(PAGE).min(pruned);
    diesel::delete(entry_search::table.filter(entry_search::idx.lt(end))).execute(&mut conn.0)?;
    spans::sweep(conn, end)?;
    Ok(diesel::delete(entry::table.filter(entry::idx.lt(end))).execute(&mut conn.0)?)
}
